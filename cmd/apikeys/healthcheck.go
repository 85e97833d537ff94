package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/slaunchx/apikeys/config"
)

type healthcheckCmd struct {
	Timeout  time.Duration `default:"3s" placeholder:"DURATION" help:"How long to wait for a response (${default})."`
	Settings settings      `embed:""`
}

// Help is shown below the usage of the command.
func (healthcheckCmd) Help() string {
	return `Requests /readyz of the service that runs on this host with the same settings, for containers without curl, as their HEALTHCHECK. The exit code is 0 if the service is ready, and 1 if it is not ready or does not respond.`
}

// Run checks whether a running service is ready.
func (c *healthcheckCmd) Run(ctx context.Context, given *inputs, io streams) error {
	if err := given.judgeOnly(config.Config(c.Settings).Validate(), "APIKEYS_INTERNAL_ADDR"); err != nil {
		return err
	}
	addr, err := localAddress(c.Settings.InternalAddr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	// Without proxies and redirects, only the service itself can respond.
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return fmt.Errorf("%s does not respond: %w", addr, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: status %d", addr, res.StatusCode)
	}
	_, err = fmt.Fprintln(io.out, "ready")
	return err
}

// localAddress returns the address at which a service that listens on addr is reached
// from its own host: loopback if it listens on all addresses.
func localAddress(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "0" {
		return "", config.Faults{{
			Variable: "APIKEYS_INTERNAL_ADDR",
			Problem:  "is not the address of a running service; write the same host:port as for the service, with a port other than 0",
		}}
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "", err == nil && ip == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case err == nil && ip == netip.IPv6Unspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}
