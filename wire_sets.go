//go:build wireinject

package apikeys

import (
	"github.com/google/wire"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// The sets are separate from the injector: wire copies sets that are in its
// file into wire_gen.go, and every embedder would link google/wire.

var adapterSet = wire.NewSet(
	provideClock,
	provideRandom,
	provideStore,
	provideRing,
	provideHasher,
	provideSealingRing,
	provideSealer,
	provideSender,
	provideAuthenticator,
	provideRoles,
	provideMessages,
	provideKeys,
	provideLimits,
	provideLimiter,
	provideSpending,
	provideCountsLimits,
	provideMetered,
	wire.Bind(new(domain.SecretVerifier), new(ports.SecretHasher)),
	wire.FieldsOf(new(keys), "Source", "Writer"),
	wire.FieldsOf(new(ports.Store), "Keys", "Foreign", "Usage", "Limits", "Webhooks"),
)

var applicationSet = wire.NewSet(
	application.NewWorkspaces,
	wire.Struct(new(application.Dependencies), "*"),
	application.NewAuthorize,
	wire.Struct(new(application.Lifetime)),
	wire.Struct(new(application.Exclusive)),
	provideMaximumKeys,
	provideEventHook,
	provideForget,
	provideWarnings,
	provideWebhookParts,
	provideLeaks,
	providePeppers,
	provideUsage,
)
