// Package form reads what requests are made of: JSON bodies, queries and
// headers. It is strict, reports everything that is wrong at once, and knows
// nothing of API keys.
package form
