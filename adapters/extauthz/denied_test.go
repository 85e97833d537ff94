package extauthz_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/slaunchx/apikeys/domain"
)

// mustDeny fails the test unless response denies the request with that status and
// code, as authorize would. It returns the headers for the client, and the body.
func mustDeny(t *testing.T, response *authv3.CheckResponse, status int32, code string) (header map[string]string, body string) {
	t.Helper()
	denied := response.GetDeniedResponse()
	if got := int32(denied.GetStatus().GetCode()); got != status || response.GetOkResponse() != nil {
		t.Fatalf("the response is %v, want a denied one with %d", response, status)
	}
	want := codes.PermissionDenied
	if status == 401 {
		want = codes.Unauthenticated
	}
	if got := codes.Code(response.GetStatus().GetCode()); got != want {
		t.Errorf("status = %v, want %v", got, want)
	}
	var envelope struct {
		Success *bool
		Code    string
	}
	if err := json.Unmarshal([]byte(denied.GetBody()), &envelope); err != nil || envelope.Success == nil || *envelope.Success || envelope.Code != code {
		t.Errorf("body = %s, want an envelope with the code %s", denied.GetBody(), code)
	}
	header = map[string]string{}
	for _, h := range denied.GetHeaders() {
		header[h.GetHeader().GetKey()] = h.GetHeader().GetValue()
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "Vary": "Accept-Language", "Content-Language": "en",
	} {
		if header[name] != value {
			t.Errorf("%s = %q, want %q", name, header[name], value)
		}
	}
	if header["X-Request-Id"] == "" {
		t.Error("X-Request-Id is missing")
	}
	if text := response.String(); strings.Contains(text, secret) || strings.Contains(text, unknown) || strings.Contains(text, token) {
		t.Errorf("the response shows a secret: %s", text)
	}
	return header, denied.GetBody()
}

func TestCheck_401(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		r         request
		challenge string
	}{
		"no key":                    {request{}, "Bearer"},
		"an empty key":              {request{headers: key("")}, "Bearer"},
		"another scheme":            {request{headers: map[string]string{"authorization": "Basic YTpi"}}, "Bearer"},
		"a missing bearer token":    {request{headers: map[string]string{"authorization": "Bearer "}}, "invalid_request"},
		"an unknown key":            {request{headers: key(unknown)}, "invalid_token"},
		"a malformed key":           {request{headers: key(secret[1:])}, "invalid_token"},
		"a key twice, joined":       {request{headers: key(secret + "," + secret)}, "invalid_token"},
		"a key twice in header_map": {request{raw: [][2]string{{"x-api-key", secret}, {"x-api-key", secret}}}, "invalid_request"},
		"a key twice in both":       {request{headers: key(secret + "," + secret), raw: [][2]string{{"x-api-key", secret}, {"x-api-key", secret}}}, "invalid_request"},
		"a key twice, in two cases": {request{headers: map[string]string{"x-api-key": secret, "X-Api-Key": secret}}, "invalid_request"},
		"two keys in two fields":    {request{headers: key(secret), raw: [][2]string{{"x-api-key", unknown}}}, "invalid_request"},
		"two different keys":        {request{headers: map[string]string{"x-api-key": secret, "authorization": "Bearer " + unknown}}, "invalid_request"},
		"authorization twice":       {request{raw: [][2]string{{"authorization", "Bearer " + secret}, {"authorization", "Basic YTpi"}}}, "invalid_request"},
		"a key in a name alike":     {request{headers: map[string]string{"x_api_key": secret, "x-api-kez": secret}}, "Bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, _ := mustDeny(t, w.check(t, tt.r), 401, "4011")
			if got := header["Www-Authenticate"]; !strings.Contains(got, tt.challenge) || tt.challenge == "Bearer" && got != "Bearer" {
				t.Errorf("WWW-Authenticate = %q, want %s", got, tt.challenge)
			}
		})
	}
}

func TestCheck_401_WithoutTheInternalToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withToken)
	for name, pairs := range map[string][]string{
		"none":      nil,
		"an empty":  {"x-internal-token", ""},
		"a prefix":  {"x-internal-token", token[:31]},
		"another":   {"x-internal-token", strings.ToUpper(token)},
		"it twice":  {"x-internal-token", token, "x-internal-token", token},
		"elsewhere": {"authorization", token},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustDeny(t, w.check(t, request{headers: key(secret)}, pairs...), 401, "4010")
		})
	}
}

func TestCheck_403(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		r    request
		code string
	}{
		"another scope":                      {request{headers: key(secret), extensions: map[string]string{"scope": "payment:refund"}}, "4032"},
		"what is no scope":                   {request{headers: key(secret), extensions: map[string]string{"scope": "*"}}, "4032"},
		"another address":                    {request{headers: key(secret), source: "198.51.100.1"}, "4033"},
		"an address claimed by a client":     {request{headers: map[string]string{"x-api-key": secret, "x-forwarded-for": "203.0.113.7"}, source: "198.51.100.1"}, "4033"},
		"an address claimed through a proxy": {request{headers: map[string]string{"x-api-key": secret, "x-forwarded-for": "203.0.113.7, 198.51.100.1"}}, "4033"},
		"an address that cannot be read":     {request{headers: map[string]string{"x-api-key": secret, "x-forwarded-for": "unknown"}}, "4033"},
		"addresses that differ by the field": {request{headers: map[string]string{"x-api-key": secret, "x-forwarded-for": "198.51.100.1"}, raw: [][2]string{{"x-forwarded-for", "203.0.113.7"}}}, "4033"},
		"a source that is no address":        {request{headers: map[string]string{"x-api-key": secret, "x-forwarded-for": "203.0.113.7"}, source: "@socket"}, "4033"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustDeny(t, w.check(t, tt.r), 403, tt.code)
		})
	}
}

func TestCheck_400_AConfigurationThatSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		extensions    map[string]string
		field, reason string
	}{
		"a cost that is too high":   {map[string]string{"cost": "1000001"}, "cost", "range"},
		"a cost beyond all numbers": {map[string]string{"cost": strings.Repeat("9", 40)}, "cost", "range"},
		"a negative cost":           {map[string]string{"cost": "-1"}, "cost", "format"},
		"a cost with a sign":        {map[string]string{"cost": "+1"}, "cost", "format"},
		"a fraction as a cost":      {map[string]string{"cost": "1.5"}, "cost", "format"},
		"an empty cost":             {map[string]string{"cost": ""}, "cost", "format"},
		"hide_key as a number":      {map[string]string{"hide_key": "1"}, "hide_key", "format"},
		"hide_key in capitals":      {map[string]string{"hide_key": "TRUE"}, "hide_key", "format"},
		"a misspelt extension":      {map[string]string{"scopes": "payment:refund"}, "scopes", "unknown_field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, body := mustDeny(t, w.check(t, request{headers: key(secret), extensions: tt.extensions}), 400, "4000")
			if !strings.Contains(body, `"errors":[{"field":"`+tt.field+`","reason":"`+tt.reason+`","message":"`+tt.field) {
				t.Errorf("body = %s, want the reason %s of %s", body, tt.reason, tt.field)
			}
		})
	}
}

// rawCodec sends bytes as they are.
type rawCodec struct{ message []byte }

func (c rawCodec) Marshal(any) ([]byte, error) { return c.message, nil }

func (rawCodec) Unmarshal(data []byte, v any) error { return proto.Unmarshal(data, v.(proto.Message)) }

func (rawCodec) Name() string { return "proto" }

func TestCheck_400_AMessageThatIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, message := range map[string][]byte{
		"a field that is cut off": {0x0a, 0x7f, 0x01},
		"a wire type of none":     {0x0f},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var response authv3.CheckResponse
			if err := w.conn.Invoke(t.Context(), authv3.Authorization_Check_FullMethodName, &emptypb.Empty{}, &response, forceCodec(rawCodec{message})); err != nil {
				t.Fatalf("the call ends with %v, want a response", err)
			}
			mustDeny(t, &response, 400, "4000")
		})
	}
}

func TestCheck_413(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	headers := key(secret)
	headers["cookie"] = strings.Repeat("x", 256<<10)
	mustDeny(t, w.check(t, request{headers: headers}), 413, "4130")
	if response := w.check(t, request{headers: key(secret)}); response.GetOkResponse() == nil {
		t.Errorf("the next call on the connection is denied: %v", response)
	}
}

func TestCheck_500(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(context.Context, domain.Check) (domain.Decision, error){
		"a failure": func(context.Context, domain.Check) (domain.Decision, error) {
			return domain.Decision{Verdict: domain.VerdictOK}, errors.New("the marked cause")
		},
		"a panic": func(context.Context, domain.Check) (domain.Decision, error) { panic("with " + secret) },
		"a panic in a goroutine": func(context.Context, domain.Check) (domain.Decision, error) {
			return domain.NotFound(), fmt.Errorf("reading a key %w with a string:\nthe stack", domain.ErrPanicked)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, authorizing(fail))
			for range 2 { // a panic does not end the server
				_, body := mustDeny(t, w.check(t, request{headers: key(secret)}), 500, "5000")
				if strings.Contains(body, "marked") {
					t.Errorf("body = %s", body)
				}
			}
			if log := w.log.String(); strings.Contains(log, secret) || !strings.Contains(log, `"status":500`) {
				t.Errorf("log = %s", log)
			} else if strings.Contains(name, "panic") != strings.Contains(log, `"msg":"panic"`) || strings.Contains(log, `"error":"reading a key`) {
				t.Errorf("log = %s, want a line about a panic, which has the stack", log)
			}
		})
	}
}

func TestCheck_503(t *testing.T) {
	t.Parallel()
	unavailable := func(context.Context, domain.Check) (domain.Decision, error) {
		return domain.Decision{Verdict: domain.VerdictOK}, errors.Join(domain.ErrUnavailable, errors.New("no store"))
	}
	header, _ := mustDeny(t, newWorld(t, authorizing(unavailable)).check(t, request{headers: key(secret)}), 503, "5030")
	if header["Retry-After"] != "1" {
		t.Errorf("Retry-After = %q", header["Retry-After"])
	}
}

// If a call outlasts its deadline, Envoy considers it failed, and lets the request pass
// if failure_mode_allow is set.
func TestCheck_503_BeforeTheCallersDeadline(t *testing.T) {
	t.Parallel()
	hanging := func(ctx context.Context, _ domain.Check) (domain.Decision, error) {
		<-ctx.Done()
		return domain.NotFound(), ctx.Err()
	}
	w := newWorld(t, authorizing(hanging))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	response, err := w.client.Check(ctx, request{headers: key(secret)}.proto())
	if err != nil {
		t.Fatalf("the call ends with %v, want a response", err)
	}
	mustDeny(t, response, 503, "5030")
}

func TestCheck_LogsWhatIsDeniedWithoutSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withToken)
	r := request{headers: map[string]string{"x-api-key": secret, "x-request-id": "request-1", "cookie": "session=marked"}}
	w.check(t, r, "x-internal-token", token)
	if log := w.log.String(); log != "" {
		t.Errorf("an allowed request is logged: %s", log)
	}
	r.extensions = map[string]string{"scope": "payment:refund"}
	w.check(t, r, "x-internal-token", token)
	r.headers["x-request-id"] = unknown
	w.check(t, r, "x-internal-token", token)
	w.check(t, r, "x-internal-token", token[1:])
	log := w.log.String()
	for _, want := range []string{
		`"status":403,"code":"4032"`, `"requestId":"request-1"`, `"workspaceId":"ws_1"`, `"apiKeyId":"sk_live_0123456789ABCDEF"`,
		`"status":401,"code":"4010"`, `"route":"/envoy.service.auth.v3.Authorization/Check"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("log lacks %s: %s", want, log)
		}
	}
	for _, not := range []string{secret, unknown, token[1:], "marked"} {
		if strings.Contains(log, not) {
			t.Errorf("log shows %s: %s", not, log)
		}
	}
}

func TestCheck_SpeaksTheLanguageOfTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	said := map[string]bool{}
	for _, language := range []string{"en", "zh", "zh-Hant", "ja", "vi"} {
		response := w.check(t, request{headers: map[string]string{"accept-language": language}})
		said[response.GetDeniedResponse().GetBody()] = true
		for _, h := range response.GetDeniedResponse().GetHeaders() {
			if h.GetHeader().GetKey() == "Content-Language" && h.GetHeader().GetValue() != language {
				t.Errorf("Content-Language = %s, want %s", h.GetHeader().GetValue(), language)
			}
		}
	}
	if len(said) != 5 {
		t.Errorf("%d different bodies, want 5", len(said))
	}
}

// A caller that hangs up gets no response, and its call ends.
func TestCheck_EndsWithItsCaller(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	ended := make(chan struct{})
	w := newWorld(t, authorizing(func(ctx context.Context, _ domain.Check) (domain.Decision, error) {
		close(entered)
		<-ctx.Done()
		close(ended)
		return domain.NotFound(), ctx.Err()
	}))
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(t.Context()))
	go func() {
		<-entered
		cancel()
	}()
	if _, err := w.client.Check(ctx, request{headers: key(secret)}.proto()); err == nil {
		t.Error("a response after the caller has hung up")
	}
	<-ended
}
