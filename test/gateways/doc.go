// Package gateways tests the configurations in deploy for the proxies that may
// stand in front of an API. Each test runs the real proxy on the file as it is
// shipped, except for addresses and paths, between real requests, a real
// service, and an API that records what it gets.
package gateways
