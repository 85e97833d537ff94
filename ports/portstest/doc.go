// Package portstest has one conformance suite per port, which tests the promises
// in the comments of the port. All adapters of this module run these suites, and
// so can embedders on their own adapters. A suite takes a function that opens the
// adapter under test and runs its cases in parallel.
package portstest
