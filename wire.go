//go:build wireinject

package apikeys

import (
	"context"

	"github.com/google/wire"

	"github.com/slaunchx/apikeys/config"
)

// assemble puts the service together. The function it returns releases what
// was acquired.
func assemble(ctx context.Context, cfg config.Config, o *options) (*Service, func(), error) {
	wire.Build(adapterSet, applicationSet, newService)
	return nil, nil, nil
}
