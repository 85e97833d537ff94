// Package httpserver serves HTTP within bounds. It limits the time that a client
// may take, the size of the header, the number of open connections, and the time
// that requests in flight may take when the server stops.
package httpserver
