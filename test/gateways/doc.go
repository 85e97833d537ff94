// Package gateways tests the configurations in deploy, for proxies in front of
// an API. Each test runs the real proxy with the provided file, except for
// addresses and paths, between real requests, a real service, and an API that
// records the requests that it gets.
package gateways
