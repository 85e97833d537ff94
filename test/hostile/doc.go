// Package hostile sends malformed, ambiguous and endless requests to a running
// service over raw TCP. The service must reject each one or interpret it
// unambiguously, continue to serve others, and not copy the input to its log.
package hostile
