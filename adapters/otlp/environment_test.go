package otlp

import (
	"errors"
	"strings"
	"testing"
)

const endpoint = "http://collector:4318"

func TestEnabled(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		set     map[string]string
		enabled bool
	}{
		"nothing is set":                  {nil, false},
		"an endpoint for all signals":     {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true},
		"an endpoint for traces":          {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint + "/v1/traces"}, true},
		"an exporter without an endpoint": {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, false},
		"a disabled SDK":                  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "True"}, false},
		"the exporter none":               {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "none"}, false},
		"an invalid variable while off":   {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false},
		"every variable valid": {map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
			"OTEL_TRACES_EXPORTER":        "OTLP",
			"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
			"OTEL_TRACES_SAMPLER":         "parentbased_traceidratio",
			"OTEL_TRACES_SAMPLER_ARG":     "0.01",
			"OTEL_EXPORTER_OTLP_HEADERS":  "authorization=Basic%20eDp5,x-tenant = a=b",
		}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			enabled, err := enabled(func(variable string) string { return c.set[variable] })
			if err != nil || enabled != c.enabled {
				t.Errorf("enabled() = %v, %v, want %v", enabled, err, c.enabled)
			}
		})
	}
}

func TestEnabled_NamesTheVariableButNotItsValue(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ variable, value string }{
		"a malformed endpoint":                 {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://us er:hunter2@collector:4318"},
		"an endpoint without a scheme":         {"OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2:4318"},
		"an endpoint without a host":           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http:///hunter2"},
		"an endpoint with another scheme":      {"OTEL_EXPORTER_OTLP_ENDPOINT", "unix:///run/hunter2"},
		"a header without a value":             {"OTEL_EXPORTER_OTLP_HEADERS", "hunter2"},
		"a header without a name":              {"OTEL_EXPORTER_OTLP_HEADERS", "a=b,=hunter2"},
		"a header with an invalid name":        {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "hunter2 :=b"},
		"a header that is not percent-encoded": {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2%zz"},
		"an unsupported protocol":              {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"},
		"an unknown sampler":                   {"OTEL_TRACES_SAMPLER", "hunter2"},
		"a ratio that is text":                 {"OTEL_TRACES_SAMPLER_ARG", "hunter2"},
		"a ratio above 1":                      {"OTEL_TRACES_SAMPLER_ARG", "2"},
		"a ratio that is NaN":                  {"OTEL_TRACES_SAMPLER_ARG", "NaN"},
		"an unknown exporter":                  {"OTEL_TRACES_EXPORTER", "hunter2"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := enabled(func(variable string) string {
				return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, c.variable: c.value}[variable]
			})
			fault, ok := errors.AsType[*Fault](err)
			if !ok || fault.Variable != c.variable {
				t.Fatalf("enabled() = %v, want a fault of %s", err, c.variable)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the value is shown: %v", err)
			}
		})
	}
}
