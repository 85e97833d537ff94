// Package extauthz serves Envoy's external authorization over gRPC,
// envoy.service.auth.v3.Authorization/Check, with the permission check of the service.
// Its responses are those of /internal/v1/authorize over HTTP.
//
// The root package does not import it, so only programs that use it link gRPC and
// Envoy's API: pass [New] to apikeys.WithExtAuthz.
package extauthz
