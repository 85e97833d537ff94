//go:build wireinject

package apikeys

import (
	"context"

	"github.com/google/wire"

	"github.com/slaunchx/apikeys/config"
)

// assemble creates the service, and a function that releases its resources.
func assemble(ctx context.Context, cfg config.Config, o *options) (*Service, func(), error) {
	wire.Build(adapterSet, applicationSet, newService)
	return nil, nil, nil
}
