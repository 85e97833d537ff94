// Package grpcauth guards the methods of a gRPC server with API keys, by the same
// rules as the HTTP middlewares Service.Require and Service.RequireHTTP.
//
// The root package does not import it, so only programs that use it link gRPC.
package grpcauth
