package extauthz

import (
	"maps"
	"net/http"
	"slices"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// The statuses of responses. Envoy allows a request if the code is OK, and denies
// it otherwise. They are shared and must not be modified.
var (
	statusOK              = &rpcstatus.Status{Code: int32(codes.OK)}
	statusUnauthenticated = &rpcstatus.Status{Code: int32(codes.Unauthenticated)}
	statusDenied          = &rpcstatus.Status{Code: int32(codes.PermissionDenied)}
)

// allowed returns the response that lets the request pass, with the identity of the key
// for the upstream.
func (c *check) allowed() *authv3.CheckResponse {
	values := answer.IdentityValues(c.decision.Key)
	ok := &authv3.OkHttpResponse{Headers: replacing(answer.IdentityHeaders[:], values[:])}
	if len(c.decision.Limits) > 0 {
		limits := http.Header{}
		answer.SetLimits(limits, c.decision, c.cost)
		ok.ResponseHeadersToAdd = headersIn(limits)
	}
	if c.hideKey {
		ok.HeadersToRemove = c.headers.ofKey()
	}
	return &authv3.CheckResponse{
		Status:          statusOK,
		HttpResponse:    &authv3.CheckResponse_OkResponse{OkResponse: ok},
		DynamicMetadata: metadataOf(c.decision.Key),
	}
}

// ofKey returns the names of the headers that may carry the key.
func (h *headers) ofKey() []string {
	names := []string{"x-api-key"}
	if len(h.authorization) == 1 {
		if _, ok := keycheck.BearerToken(h.authorization[0]); ok {
			names = append(names, "authorization")
		}
	}
	return names
}

// denied returns the response that the client of the request gets for err.
func (c *check) denied(err error) *authv3.CheckResponse {
	o := answer.Of(err, answer.Checks)
	c.status, c.code = o.Status, o.Code
	language := c.language
	if c.headers.acceptLanguage != nil {
		language = c.options.Messages.Match(c.headers.acceptLanguage...)
	}
	h := http.Header{
		"Content-Type":     {answer.ContentType},
		"Content-Language": {language},
		"Vary":             {"Accept-Language"},
		"Cache-Control":    {"no-store"},
		"X-Request-Id":     {c.requestID},
	}
	answer.SetLimits(h, c.decision, c.cost)
	if o.Headers != nil {
		o.Headers(h, err)
	}
	body, err := answer.ErrorBody(o.Code, err, func(id string, args map[string]string) string {
		return c.options.Messages.Message(language, id, args)
	})
	if err != nil { // respond without a body; the status is enough
		body = nil
	}
	denied := &authv3.DeniedHttpResponse{
		Status: &typev3.HttpStatus{Code: typev3.StatusCode(o.Status)},
		Body:   string(body),
	}
	denied.Headers = headersIn(h)
	response := &authv3.CheckResponse{
		Status:       statusDenied,
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: denied},
	}
	if o.Status == http.StatusUnauthorized {
		response.Status = statusUnauthenticated
	}
	return response
}

// headersIn returns the headers of h, in the order of their names.
func headersIn(h http.Header) []*corev3.HeaderValueOption {
	names := slices.Sorted(maps.Keys(h))
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = h.Get(name)
	}
	return replacing(names, values)
}

// replacing returns headers that replace those of the same name. They are allocated
// together, since every check has some.
func replacing(names, values []string) []*corev3.HeaderValueOption {
	headers := make([]*corev3.HeaderValueOption, len(names))
	all := make([]struct {
		option corev3.HeaderValueOption
		header corev3.HeaderValue
	}, len(names))
	for i := range all {
		h := &all[i]
		h.header.Key, h.header.Value = names[i], values[i]
		h.option.Header, h.option.AppendAction = &h.header, corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD
		headers[i] = &h.option
	}
	return headers
}

// metadataOf returns the identity of the key, for other filters and for access logs.
func metadataOf(key domain.Identity) *structpb.Struct {
	names := []string{string(key.KeyID), string(key.Workspace), key.Mode.String()}
	for code := range key.Scopes.All() {
		names = append(names, string(code))
	}
	texts := textValues(names)
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"apikeys": structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"api_key_id":   texts[0],
			"workspace_id": texts[1],
			"mode":         texts[2],
			"scopes":       structpb.NewListValue(&structpb.ListValue{Values: texts[3:]}),
		}}),
	}}
}

// textValues returns values of texts, which are allocated together.
func textValues(texts []string) []*structpb.Value {
	values := make([]*structpb.Value, len(texts))
	all := make([]struct {
		value structpb.Value
		kind  structpb.Value_StringValue
	}, len(texts))
	for i := range all {
		v := &all[i]
		v.kind.StringValue = texts[i]
		v.value.Kind = &v.kind
		values[i] = &v.value
	}
	return values
}
