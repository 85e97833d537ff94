package apikeys

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slaunchx/apikeys/adapters/httpapi"
	"github.com/slaunchx/apikeys/adapters/httpserver"
	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/adapters/webhooks"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// Service issues, manages and checks API keys. It is safe for concurrent use.
//
// Keys are managed through [Service.Workspace].
type Service struct {
	listen   listen
	bounds   httpserver.Bounds
	migrates bool // whether it brings the schema up to date at start
	// migrateWait is how long that may wait for locks before it is an error.
	migrateWait time.Duration
	logger      *slog.Logger
	store       Store
	brought     bool                  // whether an option, not the configuration, provides the store
	follow      func(context.Context) // nil if nothing is cached
	usage       *application.Usage
	ready       []func(context.Context) error // further checks of Ready
	api         *httpapi.API
	forget      *application.Forget
	warnings    *application.Warnings
	sender      *webhooks.Sender // nil if the store keeps no webhooks
	peppers     *application.Peppers
	lifetime    *application.Lifetime
	workspaces  *application.Workspaces
	checks      metered
	messages    *i18n.Catalog
	listening   func(Listeners)
	extAuthz    func(httpapi.CheckServerOptions) (Server, error) // nil if not linked

	migrated atomic.Bool
	stopping atomic.Bool
	release  func()

	// running ends with Close, which waits for serving and, for a limited time,
	// for background.
	running    context.Context
	stop       context.CancelFunc
	mu         sync.Mutex // guards closing, and serving against Close
	closing    bool
	serving    sync.WaitGroup
	background sync.WaitGroup
	closed     sync.Once
}

// backgroundLimit is how long Close waits for background work. It is longer than
// writing the last use of keys may take.
const backgroundLimit = 3 * time.Second

// ErrClosed is returned by the methods of a Service that was closed. It wraps
// [domain.ErrUnavailable].
var ErrClosed = application.ErrClosed

// begin adds a call that Close must wait for, and reports whether the service
// is still open.
func (s *Service) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.serving.Add(1)
	}
	return !s.closing
}

// New returns a running service, or an error that wraps [config.Faults] if cfg is
// invalid ([Validate]) or names a file, directory or database that cannot be used
// until an operator changes something. Settings that an option replaces may be
// missing from cfg. If cfg.Migrate is "auto", New first brings the schema up to
// date; if the store is unreachable, New succeeds and continues in the
// background, and [Service.Ready] reports when it has finished.
//
// The context is used only during the start. If an option is nil, or was given nil, New
// returns an error that names it. The caller must close the service.
func New(ctx context.Context, cfg config.Config, opts ...Option) (*Service, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	if err := Validate(o.completed(cfg)); err != nil {
		return nil, err
	}
	if cfg.ExtAuthzAddr != "" && o.extAuthz == nil {
		return nil, config.Faults{{
			Variable: extAuthzAddr,
			Problem:  "is set, but this program does not serve Envoy's gRPC authorization; unset it, or pass extauthz.New to apikeys.WithExtAuthz",
		}}
	}
	s, release, err := assemble(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	s.release = release
	s.running, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.examine(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if o.managesOnly {
		if err := s.store.Keys.Ready(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.migrated.Store(true)
		return s, nil
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.background.Go(func() { s.usage.Run(s.running) })
	s.background.Go(func() { s.forget.Run(s.running) })
	s.background.Go(func() { s.warnings.Run(s.running) })
	if s.follow != nil {
		s.background.Go(func() { s.follow(s.running) })
	}
	return s, nil
}

// Handler returns the handler of the public listener: everything under /web/v1, the
// contract itself at /openapi.json and /openapi.yaml, and the pages of
// [WithReferencePages] and [WithConsole]. It may be mounted below a path with
// [http.StripPrefix]; Location headers then begin with that path.
//
// [Service.Run] limits the resources of clients. Another server must set such
// limits itself: the time for a request's header and body and for the response,
// the size of the header, and the number of connections.
func (s *Service) Handler() http.Handler { return httpserver.CloseUnlessFramed(s.api.Public()) }

// InternalHandler returns the handler of the permission check, the probes, the
// metrics and the contract. It must not be reachable by the clients of
// [Service.Handler], and needs the same limits.
func (s *Service) InternalHandler() http.Handler {
	return httpserver.CloseUnlessFramed(s.api.Internal())
}

// Authorize performs a permission check. An error means that there is no
// decision, and the caller must deny the request; it wraps
// [domain.ErrUnavailable] if the store is unreachable.
func (s *Service) Authorize(ctx context.Context, check Check) (Decision, error) {
	return s.checks.Do(ctx, check)
}

// Explain explains step by step how a check is decided. The decision is made as
// in [Service.Authorize], but it does not count as use of the key. An error
// wraps [domain.ErrUnavailable] if the store is unreachable. [Service.Text]
// returns the text of the details.
func (s *Service) Explain(ctx context.Context, question Question) (Explanation, error) {
	return s.checks.checks.Explain(ctx, question)
}

// Text returns the message of a [domain.Detail] or a [domain.Fault] in the language
// that best fits acceptLanguage, the values of an Accept-Language header. If there are
// none, the message is in English.
func (s *Service) Text(rule domain.Rule, args map[string]string, acceptLanguage ...string) string {
	return s.messages.Message(s.messages.Match(acceptLanguage...), string(rule), args)
}

// Ready returns nil if the service is able to work: it is not stopping, its schema is
// up to date, its store is connected, the keys that verify tokens are known, and the
// checks of [WithReadinessCheck] return nil.
func (s *Service) Ready(ctx context.Context) error {
	if err := s.lifetime.Err(); err != nil {
		return err
	}
	switch {
	case s.stopping.Load():
		return errors.New("stopping")
	case !s.migrated.Load():
		return errors.New("schema is not up to date yet")
	}
	for _, ready := range s.ready {
		if err := ready(ctx); err != nil {
			return err
		}
	}
	return s.store.Keys.Ready(ctx)
}

// ComparePeppers compares the configured peppers with those that the store was used
// with, and records in the store those that are new to it. It returns [config.Faults]
// if one differs, because secrets made under it would be NOT_FOUND to other replicas.
func (s *Service) ComparePeppers(ctx context.Context) error {
	if err := s.lifetime.Err(); err != nil {
		return err
	}
	if err := s.peppers.Compare(ctx); err != nil {
		return err
	}
	if s.peppers.Mismatches() == 0 {
		return nil
	}
	return config.Faults{{
		Variable: "APIKEYS_PEPPERS",
		Problem:  "has a pepper that is not the one the store was used with under that id; use the entries that the service has",
	}}
}

// Close stops the service and releases the store. It waits for a call of [Service.Run]
// to return. It does not wait for a store that hangs. From then on every other method
// returns [ErrClosed], and the handlers and middleware of the service respond with 503.
// It is safe to call Close more than once.
func (s *Service) Close() error {
	s.closed.Do(func() {
		s.stopping.Store(true)
		s.mu.Lock()
		s.closing = true
		s.mu.Unlock()
		s.stop()
		s.serving.Wait()
		if !endsWithin(backgroundLimit, &s.background) {
			s.logger.Warn("the store hangs; stopping without waiting for it")
		}
		s.lifetime.End()
		s.release()
	})
	return nil
}

// Workspace returns the workspace with the given ID if actor is its OWNER, and
// otherwise [domain.ErrNotOwner]. The error wraps [domain.ErrUnavailable] if the roles
// of actor cannot be determined now. All management use cases are methods of the
// workspace. The audit trail records origin.
func (s *Service) Workspace(ctx context.Context, actor domain.Actor, id domain.WorkspaceID, origin domain.Origin) (*Workspace, error) {
	return s.workspaces.Open(ctx, actor, id, origin)
}

// Operator returns the operator with the given name, such as a support tool or a job,
// which can list and find keys in all workspaces. The caller must authenticate the
// operator, because Operator checks nothing.
func (s *Service) Operator(name string) *Operator { return s.workspaces.Operator(name) }

// OperatorWorkspace returns the workspace with the given ID for an operator, such as a
// support tool or a job. The caller must authenticate the operator, because
// OperatorWorkspace checks nothing. The audit trail records operator:NAME and origin.
func (s *Service) OperatorWorkspace(name string, id domain.WorkspaceID, origin domain.Origin) *Workspace {
	return s.workspaces.OpenForOperator(name, id, origin)
}

// endsWithin reports whether group is done within limit.
func endsWithin(limit time.Duration, group *sync.WaitGroup) bool {
	ended := make(chan struct{})
	go func() {
		group.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-time.After(limit):
		return false
	}
}
