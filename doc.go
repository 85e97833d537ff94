// Package apikeys issues, manages and checks API keys that belong to
// workspaces.
//
// A [Service] is the whole of it. Run it with [Service.Run], mount
// [Service.Handler] and [Service.InternalHandler] in a server of your own, or
// call [Workspace.CreateKey] and [Service.Authorize] in-process. Guard routes of
// your own with [Service.Require] (echo) or [Service.RequireHTTP] (net/http),
// and learn from [IdentityFrom] who called.
//
// A check of a key that was asked for before is answered from memory. A change
// is in force before it is answered in the process that made it, and within a
// second in every other while the database can be reached; how long memory is
// believed without the database is OutageGrace of the configuration.
//
// When not to embed: a service that only asks whether a key may do something
// needs neither the store nor the peppers; let it ask the internal listener
// over HTTP, as client does.
package apikeys
