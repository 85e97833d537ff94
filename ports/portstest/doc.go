// Package portstest holds one suite a port: what the comments of the port
// promise, as tests. Every adapter of this module runs them, and who brings an
// adapter of their own can too. A suite takes a function that opens what is to
// be tested, and its cases run in parallel.
package portstest
