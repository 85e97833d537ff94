package telemetry

import (
	"errors"
	"strings"
	"testing"
)

const endpoint = "http://collector:4318"

func TestTracesAsked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		set   map[string]string
		asked bool
	}{
		"nothing is set":                         {nil, false},
		"an endpoint for all signals":            {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true},
		"an endpoint for traces":                 {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint + "/v1/traces"}, true},
		"an exporter without an endpoint":        {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, false},
		"the SDK is disabled":                    {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "True"}, false},
		"traces are exported by none":            {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "none"}, false},
		"what is wrong does not matter when off": {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false},
		"all that is right": {map[string]string{
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
			asked, err := tracesAsked(func(variable string) string { return c.set[variable] })
			if err != nil || asked != c.asked {
				t.Errorf("tracesAsked() = %v, %v, want %v", asked, err, c.asked)
			}
		})
	}
}

func TestTracesAsked_namesWhatIsWrongWithoutItsValue(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ variable, value string }{
		"an endpoint that is no URL":           {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://us er:hunter2@collector:4318"},
		"an endpoint without a scheme":         {"OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2:4318"},
		"an endpoint without a host":           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http:///hunter2"},
		"an endpoint of another protocol":      {"OTEL_EXPORTER_OTLP_ENDPOINT", "unix:///run/hunter2"},
		"a header without a value":             {"OTEL_EXPORTER_OTLP_HEADERS", "hunter2"},
		"a header without a name":              {"OTEL_EXPORTER_OTLP_HEADERS", "a=b,=hunter2"},
		"a header whose name is none":          {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "hunter2 :=b"},
		"a header that is not percent-encoded": {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2%zz"},
		"a protocol that is not spoken":        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"},
		"a sampler that is not there":          {"OTEL_TRACES_SAMPLER", "hunter2"},
		"a ratio that is no number":            {"OTEL_TRACES_SAMPLER_ARG", "hunter2"},
		"a ratio that is more than all":        {"OTEL_TRACES_SAMPLER_ARG", "2"},
		"a ratio that is not a number":         {"OTEL_TRACES_SAMPLER_ARG", "NaN"},
		"an exporter that is not there":        {"OTEL_TRACES_EXPORTER", "hunter2"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tracesAsked(func(variable string) string {
				return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, c.variable: c.value}[variable]
			})
			fault, ok := errors.AsType[*Fault](err)
			if !ok || fault.Variable != c.variable {
				t.Fatalf("tracesAsked() = %v, want a fault of %s", err, c.variable)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the value is shown: %v", err)
			}
		})
	}
}
