// Package routers shows how to protect the routes of a program that uses chi or
// gin. It is a module of its own, like the program of an embedder, so that the
// service does not depend on these libraries.
package routers
