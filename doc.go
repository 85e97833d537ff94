// Package apikeys issues, manages and checks API keys that belong to
// workspaces.
//
// A [Service] is the whole of it. Run it with [Service.Run], mount
// [Service.Handler] and [Service.InternalHandler] in a server of your own, or
// call [Service.CreateKey] and [Service.Authorize] in-process.
//
// When not to embed: a service that only asks whether a key may do something
// needs neither the store nor the peppers; let it ask the internal listener
// over HTTP.
package apikeys
