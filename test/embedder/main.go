// Command embedder is the smallest program that embeds the service, with keys
// in memory and an authenticator of its own. test/arch builds it, and limits
// what such a program links.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

type sessions struct{}

// Authenticate implements apikeys.Authenticator.
func (sessions) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{}, domain.ErrInvalidToken
}

func run(ctx context.Context) error {
	pepper, err := apikeys.NewPepper("p1")
	if err != nil {
		return err
	}
	cfg := config.Default()
	cfg.DatabaseURL = "memory://"
	cfg.Peppers = config.Secret(pepper)
	service, err := apikeys.New(ctx, cfg, apikeys.WithAuthenticator(sessions{}))
	if err != nil {
		return err
	}
	return service.Close()
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
