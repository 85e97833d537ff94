package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/adapters/internal/tracing"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// storeTimeout bounds what one request may wait for the parts behind the API,
// not counting the time its body takes to arrive.
const storeTimeout = 2 * time.Second

// exchange is one request, together with what becomes known about it while it is
// handled.
type exchange struct {
	echo.Context
	reply

	status int // under which the request is counted, logged and traced

	// For the log line; empty until known.
	account   string
	workspace domain.WorkspaceID
	keyID     domain.KeyID
	quiet     bool // a success is counted, not logged

	shared bool // whether the page that sent the request may read the response (CORS)

	wanted [2]domain.Scope // memory for the scopes of authorize
}

type handler func(x *exchange) error

// plain adapts h to echo. The context is the exchange that exchanged has created,
// because storing a value in echo's context would allocate a map.
func (a *API) plain(h handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		return h(c.(*exchange)) //nolint:forcetypeassert // exchanged passes nothing else on
	}
}

// exchanged wraps every request, even one that matches no route. It gives the request
// an identifier, a language and a span, renders errors, and writes the log line.
func (a *API) exchanged(relation relation, origins []string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			x := &exchange{Context: c, reply: a.replyTo(c.Response(), c.Request())}
			share(x, origins)
			if a.options.Tracer == nil || untraced(c.Path()) {
				x.answer(next)
			} else {
				answerTraced(x, next, relation)
			}
			return nil
		}
	}
}

// answer serves the request, reports it to Observe and logs it.
func (x *exchange) answer(next echo.HandlerFunc) {
	begun := x.api.options.Now()
	x.begin()
	err := x.run(next)
	if err != nil && !x.Response().Committed {
		x.fail(err)
	}
	x.status = x.Response().Status
	if answer.Abandoned(x.Request().Context(), err) {
		x.status, x.code = answer.StatusAbandoned, ""
	}
	took := x.api.options.Now().Sub(begun)
	if observe := x.api.options.Observe; observe != nil {
		observe(x.Request().Context(), x.Path(), x.Request().Method, x.status, took)
	}
	x.log(err, took)
}

// run calls the handler the router chose and turns a panic into an error.
func (x *exchange) run(next echo.HandlerFunc) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			if errors.Is(err, domain.ErrPanicked) { // in another goroutine
				answer.LogPanic(x.Request().Context(), x.api.options.Logger, x.requestID, "", err.Error())
				err = domain.ErrPanicked
			}
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			panic(p)
		}
		// The panic value may contain anything, even a secret. Its type and the stack,
		// which shows no values, say where to look.
		err = fmt.Errorf("panic of type %T", p)
		answer.LogPanic(x.Request().Context(), x.api.options.Logger, x.requestID, fmt.Sprintf("%T", p), string(debug.Stack()))
	}()
	// echo accepts empty parameters and responds to OPTIONS itself.
	if x.Path() != authorizeForPath && x.Path() != authorizeCostPath && strings.Contains(echo.GetPath(x.Request()), "//") {
		return echo.ErrNotFound
	}
	// If a path without parameters does not have the method, echo matches it as a key or
	// a webhook.
	if x.Path() == keyPath && x.Param("keyId") == "delete" || x.Path() == webhookPath && x.Param("webhookId") == "delete" {
		return refuseMethod(x, http.MethodPost)
	}
	if methods, refused := x.Get(echo.ContextKeyHeaderAllow).(string); refused {
		return refuseMethod(x, strings.TrimPrefix(methods, http.MethodOptions+", "))
	}
	return next(x)
}

// bounded returns the request's context with the deadline for one step.
func (x *exchange) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(x.Request().Context(), storeTimeout)
}

// carryOut runs a use case while holding a place of the concurrency limit, with the
// deadline of one step. The use case must neither read the body nor write the response,
// because a slow client would then hold the place.
func carryOut[T any](x *exchange, useCase func(context.Context) (T, error)) (outcome T, err error) {
	if err := x.api.options.Concurrency.acquire(); err != nil {
		return outcome, err
	}
	defer x.api.options.Concurrency.release()
	ctx, cancel := x.bounded()
	defer cancel()
	return useCase(ctx)
}

// change is like carryOut, for a use case without a result.
func (x *exchange) change(useCase func(context.Context) error) error {
	_, err := carryOut(x, func(ctx context.Context) (struct{}, error) { return struct{}{}, useCase(ctx) })
	return err
}

// replayed reports whether err means that the request was carried out before. If so, it
// sets the header that tells the client.
func (x *exchange) replayed(err error) (*ports.Replayed, bool) {
	replayed, ok := errors.AsType[*ports.Replayed](err)
	if ok {
		x.Response().Header().Set("Idempotent-Replayed", "true")
	}
	return replayed, ok
}

// unlessReplayed returns err, or nil if the request was carried out before and
// its response does not contain the key.
func (x *exchange) unlessReplayed(err error) error {
	if _, ok := x.replayed(err); ok {
		return nil
	}
	return err
}

// keyInPath returns the identifier in the path. A malformed one belongs to no key.
func (x *exchange) keyInPath() (domain.KeyID, error) {
	id, ok := domain.ParseKeyID(pathParam(x, "keyId"))
	if !ok {
		return "", domain.ErrKeyNotFound
	}
	x.keyID = id
	return id, nil
}

// pathParam returns a path parameter decoded once, or unchanged if its escapes
// are malformed.
func pathParam(x *exchange, name string) string {
	value := x.Param(name)
	if x.Request().URL.RawPath == "" { // net/http has decoded it
		return value
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

// log writes the log line of the request. Of headers and bodies it contains only the
// values that the contract allows.
func (x *exchange) log(err error, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case x.status >= http.StatusInternalServerError:
		level = slog.LevelError
	case x.quiet && x.status < http.StatusBadRequest:
		return
	}
	attrs := []slog.Attr{
		slog.String("method", knownMethod(x.Request().Method)),
		slog.String("route", x.Path()),
		slog.Int("status", x.status),
		slog.String("code", x.code),
		slog.Int64("durationMicros", took.Microseconds()),
		slog.String("requestId", x.requestID),
	}
	for _, a := range []slog.Attr{
		tracing.ID(x.Request().Context()),
		slog.String("workspaceId", string(x.workspace)),
		slog.String("accountId", x.account),
		slog.String("apiKeyId", string(x.keyID)),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	// The messages of authenticators are constant, so they can be logged.
	if err != nil && (x.status >= http.StatusInternalServerError || errors.Is(err, domain.ErrInvalidToken) || errors.Is(err, errTooMany)) {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	x.api.options.Logger.LogAttrs(x.Request().Context(), level, "request", attrs...)
}

const otherMethod = "other"

// knownMethod returns method, or a placeholder for an unknown one, which could be as
// long as a header, to keep it out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return otherMethod
}

// readJSON reads a body of at most limit bytes as JSON, whatever Content-Type says.
func (x *exchange) readJSON(limit int64) (jsontext.Value, error) {
	r := x.Request()
	if r.ContentLength > limit {
		return nil, form.ErrTooLarge
	}
	if err := form.CheckCoding(r); err != nil {
		return nil, err
	}
	return form.ReadJSON(x.Response().Writer, r, limit)
}
