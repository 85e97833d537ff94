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
	Timeout  time.Duration `default:"3s" placeholder:"DURATION" help:"How long to wait for an answer (${default})."`
	Settings settings      `embed:""`
}

// Help is shown below the usage of the command.
func (healthcheckCmd) Help() string {
	return `It asks /readyz of the service that runs beside it with the same settings, where there is no curl to do so: in a container, as its HEALTHCHECK. The exit code is 0 when the service is ready, and 1 when it is not or does not answer.`
}

// Run asks a running service whether it is ready.
func (c *healthcheckCmd) Run(ctx context.Context, given *inputs, io streams) error {
	if err := given.judgeOnly(config.Config(c.Settings).Validate(), "APIKEYS_INTERNAL_ADDR"); err != nil {
		return err
	}
	addr, err := beside(c.Settings.InternalAddr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	// No proxy, and no redirect: the answer is that of the service or none.
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", addr, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: it answers %d", addr, res.StatusCode)
	}
	_, err = fmt.Fprintln(io.out, "ready")
	return err
}

// beside returns where a service that listens on addr is reached from its own
// host: one that listens on every address, on loopback.
func beside(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "0" {
		return "", config.Faults{{
			Variable: "APIKEYS_INTERNAL_ADDR",
			Problem:  "is not the address of a running service; write host:port as the service has it, with a port other than 0",
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
