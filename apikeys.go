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
	migrates bool // brings the schema up to date at start
	// migrateWait is how long that may wait for locks until it is an error.
	migrateWait time.Duration
	logger      *slog.Logger
	store       Store
	follow      func(context.Context) // nil: nothing is kept in memory
	usage       *application.Usage
	ready       []func(context.Context) error // what else Ready asks
	api         *httpapi.API
	forget      *application.Forget
	peppers     *application.Peppers
	lifetime    *application.Lifetime
	workspaces  *application.Workspaces
	checks      metered
	messages    *i18n.Catalog
	listening   func(Listeners)
	extAuthz    func(httpapi.CheckServerOptions) (Server, error) // nil: not linked

	migrated atomic.Bool
	stopping atomic.Bool
	release  func()

	// running ends with Close, which waits for what is serving and, for a while,
	// for what is in background.
	running    context.Context
	stop       context.CancelFunc
	mu         sync.Mutex // guards closing, and serving against Close
	closing    bool
	serving    sync.WaitGroup
	background sync.WaitGroup
	closed     sync.Once
}

// backgroundLimit is how long Close waits for background work: longer than the
// last use of keys may take to be written.
const backgroundLimit = 3 * time.Second

// ErrClosed is returned by the methods of a Service that was closed. It wraps
// [domain.ErrUnavailable].
var ErrClosed = application.ErrClosed

// begin enters something that Close must wait for, unless it is too late.
func (s *Service) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.serving.Add(1)
	}
	return !s.closing
}

// New returns a running service, or an error that wraps [config.Faults] if cfg
// is invalid ([Validate]) or names a file, directory or database that cannot be
// used until an operator changes something. What
// an option supplies need not be in cfg. With cfg.Migrate at "auto" the schema is
// brought up to date first; when the store cannot be reached just then, New
// succeeds all the same and goes on trying in the background, and
// [Service.Ready] tells when it has.
//
// The context bounds the start only. A nil option, or an option that was given
// nil, is an error that names it. Close the service when done with it.
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
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.background.Go(func() { s.usage.Run(s.running) })
	s.background.Go(func() { s.forget.Run(s.running) })
	if s.follow != nil {
		s.background.Go(func() { s.follow(s.running) })
	}
	return s, nil
}

// Handler returns the public side of the HTTP contract: everything under
// /web/v1, and the contract itself at /openapi.json and /openapi.yaml. It may
// be mounted below a path by [http.StripPrefix]; Location headers then begin
// with that path.
//
// [Service.Run] bounds what a client may use. A server of the caller's own must
// set such bounds itself: the time for a request's header and body and for the
// response, the size of the header, and the number of connections.
func (s *Service) Handler() http.Handler { return httpserver.CloseUnlessFramed(s.api.Public()) }

// InternalHandler returns the permission check, the probes and the metrics,
// and the contract itself once more. It must not be reachable from where
// [Service.Handler] is, and needs the same bounds.
func (s *Service) InternalHandler() http.Handler {
	return httpserver.CloseUnlessFramed(s.api.Internal())
}

// Authorize answers a permission check. An error means that there is no
// answer, which must be taken as a no; it wraps [domain.ErrUnavailable] when
// the store cannot be reached.
func (s *Service) Authorize(ctx context.Context, check Check) (Decision, error) {
	return s.checks.Do(ctx, check)
}

// Explain says how a check is decided, step by step. The decision is made as in
// [Service.Authorize], but it does not count as use of the key. An error wraps
// [domain.ErrUnavailable] when the store cannot be reached. [Service.Text] has the
// text of the details.
func (s *Service) Explain(ctx context.Context, question Question) (Explanation, error) {
	return s.checks.checks.Explain(ctx, question)
}

// Text returns the message of a [domain.Detail] or a [domain.Fault] in the language
// that fits acceptLanguage best, the values of an Accept-Language header. Without
// one it is English.
func (s *Service) Text(rule domain.Rule, args map[string]string, acceptLanguage ...string) string {
	return s.messages.Message(s.messages.Match(acceptLanguage...), string(rule), args)
}

// Ready returns nil when the service can do its work: it is not stopping, its
// schema is up to date, its store is connected, the keys that check tokens are
// known, and the checks of [WithReadinessCheck] return nil.
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

// Close stops the service, including a [Service.Run], which it waits for, and
// releases the store. It does not wait for a store that hangs. From then on
// every other method returns [ErrClosed], and the handlers and middleware of the
// service respond with 503. It is safe to call Close more than once.
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

// Workspace returns the workspace with that identifier, if actor is its OWNER:
// the proof on which all management use cases are methods. The audit trail
// records origin. It returns [domain.ErrNotOwner], or an error that wraps
// [domain.ErrUnavailable].
func (s *Service) Workspace(ctx context.Context, actor domain.Actor, id domain.WorkspaceID, origin domain.Origin) (*Workspace, error) {
	return s.workspaces.Open(ctx, actor, id, origin)
}

// Operator returns the operator of that name, such as a support tool or a job,
// who lists and finds keys across workspaces. The caller vouches for it: nothing
// is checked.
func (s *Service) Operator(name string) *Operator { return s.workspaces.Operator(name) }

// OperatorWorkspace returns the workspace with that identifier to an operator,
// such as a support tool or a job. The caller vouches for it: nothing is
// checked. The audit trail records operator:NAME and origin.
func (s *Service) OperatorWorkspace(name string, id domain.WorkspaceID, origin domain.Origin) *Workspace {
	return s.workspaces.OpenForOperator(name, id, origin)
}

// endsWithin reports whether what group waits for ends within limit.
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
