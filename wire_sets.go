//go:build wireinject

package apikeys

import (
	"github.com/google/wire"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// The sets stand apart from the injector: sets beside an injector are copied
// into wire_gen.go, and every embedder would link google/wire.

var adapterSet = wire.NewSet(
	provideClock,
	provideRandom,
	provideTraces,
	provideRepository,
	provideHasher,
	provideAuthenticator,
	provideRoles,
	provideMessages,
	provideKeys,
	provideLimits,
	provideMetrics,
	provideMetered,
	wire.Bind(new(ports.KeyReader), new(ports.KeyRepository)),
	wire.Bind(new(ports.EventReader), new(ports.KeyRepository)),
	wire.Bind(new(ports.OnceKeeper), new(ports.KeyRepository)),
	wire.Bind(new(domain.SecretVerifier), new(ports.SecretHasher)),
	wire.FieldsOf(new(keys), "Source", "Writer"),
)

var applicationSet = wire.NewSet(
	application.NewRequireOwner,
	application.NewCreateKey,
	application.NewGetKey,
	application.NewListKeys,
	application.NewUpdateKey,
	application.NewRotateKey,
	application.NewLifecycle,
	application.NewListEvents,
	wire.Struct(new(useCases), "*"),
	application.NewAuthorize,
	wire.Struct(new(application.Lifetime)),
	provideMaximumKeys,
	provideForget,
	provideUsage,
)
