// Command apikeys runs the API key service, and helps to set it up.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as it is under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		<-signals
		// Before anything ends: from here on SIGINT and SIGTERM have their
		// default effect, and kill. SIGHUP does not, because both the kernel and
		// the shell send one when a terminal is closed.
		signal.Ignore(syscall.SIGHUP)
		signal.Stop(signals)
		cancel()
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
