// Package httpserver serves HTTP within bounds: how long a client may take, how
// large a header section is, how many connections are open, and how long
// requests in flight may take once the server stops.
package httpserver
