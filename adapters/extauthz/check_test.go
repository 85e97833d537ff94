package extauthz

import (
	"context"
	"log/slog"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/domain"
)

// received returns what gRPC gives the handler of a call with that message.
func received(t testing.TB, bytes []byte) func(any) error {
	return func(v any) error {
		t.Helper()
		return tolerant{encoding.GetCodecV2(grpcproto.Name)}.Unmarshal(mem.BufferSlice{mem.SliceBuffer(bytes)}, v)
	}
}

func newChecker(t testing.TB, inFlight int) *checker {
	t.Helper()
	messages, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return &checker{
		options: Options{
			Authorize: func(context.Context, domain.Check) (domain.Decision, error) { return domain.NotFound(), nil },
			Messages:  messages,
			Logger:    slog.New(slog.DiscardHandler),
			Now:       time.Now,
		},
		language: messages.Match(),
		places:   make(chan struct{}, inFlight),
	}
}

func TestCheck_DeniesMoreThanItsPlaces(t *testing.T) {
	t.Parallel()
	c := newChecker(t, 1)
	c.places <- struct{}{}
	if response, err := c.serve(t.Context(), received(t, nil)); err != nil || response.GetDeniedResponse().GetStatus().GetCode() != 503 {
		t.Errorf("serve() = %v, %v, want 503", response, err)
	}
	<-c.places
	for range 3 { // a place is given back
		if response, err := c.serve(t.Context(), received(t, nil)); err != nil || response.GetDeniedResponse().GetStatus().GetCode() != 401 {
			t.Errorf("serve() = %v, %v, want 401", response, err)
		}
	}
}

func TestCheck_GivesItsPlaceBackAfterAPanic(t *testing.T) {
	t.Parallel()
	c := newChecker(t, 1)
	c.options.Authorize = func(context.Context, domain.Check) (domain.Decision, error) { panic("broken") }
	message, err := proto.Marshal(&authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{
		Http: &authv3.AttributeContext_HttpRequest{Headers: map[string]string{"x-api-key": secret}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, receive := range map[string]func(any) error{
		"of the codec": func(any) error { panic("broken") },
		"of the check": received(t, message),
	} {
		for range 2 {
			if response, err := c.serve(t.Context(), receive); err != nil || response.GetDeniedResponse().GetStatus().GetCode() != 500 {
				t.Errorf("a panic %s: %v, %v, want 500", name, response, err)
			}
		}
	}
}

func TestTimeoutBefore_EndsBeforeTheCallersDeadline(t *testing.T) {
	t.Parallel()
	if got := timeoutBefore(t.Context()); got != checkTimeout {
		t.Errorf("without a deadline: %v", got)
	}
	for _, given := range []time.Duration{time.Nanosecond, time.Second, time.Hour} {
		ctx, cancel := context.WithTimeout(t.Context(), given)
		if got := timeoutBefore(ctx); got > checkTimeout || got > given*4/5 {
			t.Errorf("with a deadline in %v: %v", given, got)
		}
		cancel()
	}
}

// FuzzServe tests that every message gets a response, and that none without a valid
// key is allowed.
func FuzzServe(f *testing.F) {
	for _, request := range []*authv3.CheckRequest{
		{},
		{Attributes: &authv3.AttributeContext{
			Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
				Headers: map[string]string{"x-api-key": "a", "authorization": "Bearer b", "x-forwarded-for": "c", "accept-language": "vi;q=0.5"},
			}},
			ContextExtensions: map[string]string{"scope": "a:b c:d", "cost": "1", "hide_key": "true", "x": "y"},
		}},
	} {
		message, err := proto.Marshal(request)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message)
	}
	f.Add([]byte{0x0a, 0x7f})
	c := newChecker(f, 1)
	f.Fuzz(func(t *testing.T, message []byte) {
		response, err := c.serve(t.Context(), received(t, message))
		if err != nil || response.GetDeniedResponse() == nil || response.GetStatus().GetCode() == int32(codes.OK) {
			t.Fatalf("serve() = %v, %v, want a denied response", response, err)
		}
	})
}
