package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// storeTimeout bounds what one request may wait for the parts behind the API,
// not counting the time its body takes to arrive.
const storeTimeout = 2 * time.Second

// exchange is one request and what becomes known of it while it is judged.
type exchange struct {
	echo.Context
	reply

	status int // under which the request is counted, logged and traced

	// For the log line; empty until known.
	account   string
	workspace domain.WorkspaceID
	keyID     domain.KeyID
	quiet     bool // a success is counted, not logged

	shared bool // with the page of another origin that has sent the request

	wanted [2]domain.Scope // room for what authorize is asked for
}

type handler func(x *exchange) error

// plain adapts h to echo, where exchanged has made the context an exchange:
// that costs nothing, and a value set in the context costs a map.
func (a *API) plain(h handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		return h(c.(*exchange)) //nolint:forcetypeassert // exchanged passes nothing else on
	}
}

// exchanged wraps every request, also one that matches no route: it gives it
// an identifier, a language and a span, renders what went wrong and writes the
// log line.
func (a *API) exchanged(relation relation, origins []string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			x := &exchange{Context: c, reply: a.replyTo(c.Response(), c.Request())}
			x.share(origins)
			if a.options.Tracer == nil || untraced(c.Path()) {
				x.answer(next)
			} else {
				x.answerTraced(next, relation)
			}
			return nil
		}
	}
}

// answer has the request served, and tells of it.
func (x *exchange) answer(next echo.HandlerFunc) {
	begun := x.api.options.Now()
	x.begin()
	err := x.run(next)
	if err != nil && !x.Response().Committed {
		x.fail(err)
	}
	x.status = x.Response().Status
	if abandoned(x.Request().Context(), err) {
		x.status, x.code = statusAbandoned, ""
	}
	took := x.api.options.Now().Sub(begun)
	if observe := x.api.options.Observe; observe != nil {
		observe(x.Request().Context(), x.Path(), x.Request().Method, x.status, took)
	}
	x.log(err, took)
}

// logPanic logs the type of a panic's value and a stack.
func (x *exchange) logPanic(kind, stack string) {
	x.api.options.Logger.LogAttrs(x.Request().Context(), slog.LevelError, "panic",
		slog.String("requestId", x.requestID),
		slog.String("type", kind),
		slog.String("stack", stack))
}

// run calls the handler the router chose and turns a panic into an error.
func (x *exchange) run(next echo.HandlerFunc) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			if errors.Is(err, application.ErrPanicked) { // in a goroutine of its own
				x.logPanic("", err.Error())
				err = application.ErrPanicked
			}
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			panic(p)
		}
		// The panic's value may hold anything, a secret too; its type and the
		// stack, which shows no values, tell where to look.
		err = fmt.Errorf("panic of type %T", p)
		x.logPanic(fmt.Sprintf("%T", p), string(debug.Stack()))
	}()
	// echo lets a parameter be empty and answers OPTIONS by itself.
	if x.Path() != authorizeForPath && strings.Contains(echo.GetPath(x.Request()), "//") {
		return echo.ErrNotFound
	}
	// To echo what has no such method there may still be a parameter: a key.
	if x.Path() == keyPath && x.Param("keyId") == "delete" {
		return x.refuseMethod(http.MethodPost)
	}
	if methods, refused := x.Get(echo.ContextKeyHeaderAllow).(string); refused {
		return x.refuseMethod(strings.TrimPrefix(methods, http.MethodOptions+", "))
	}
	return next(x)
}

// bounded returns the request's context with the deadline for one step.
func (x *exchange) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(x.Request().Context(), storeTimeout)
}

// log writes the one line of this request. It names no header and no body
// value but those the contract lists for it.
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
		traceID(x.Request().Context()),
		slog.String("workspaceId", string(x.workspace)),
		slog.String("accountId", x.account),
		slog.String("apiKeyId", string(x.keyID)),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	// Authenticators say in constant words why they refuse a token.
	if err != nil && (x.status >= http.StatusInternalServerError || errors.Is(err, domain.ErrInvalidToken) || errors.Is(err, errTooMany)) {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	x.api.options.Logger.LogAttrs(x.Request().Context(), level, "request", attrs...)
}

const otherMethod = "other"

// knownMethod keeps a method that nobody has heard of, which may be as long as
// a header, out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return otherMethod
}
