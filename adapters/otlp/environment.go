package otlp

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Fault describes an OpenTelemetry variable that is invalid or not supported. It
// does not contain the value, which may be a credential.
type Fault struct{ Variable, Problem string }

// Error returns the name of the variable and the problem.
func (f *Fault) Error() string { return f.Variable + ": " + f.Problem }

// The variables defined by OpenTelemetry. Each OTLP variable has a variant for
// traces only, which takes precedence.
const (
	sdkDisabled    = "OTEL_SDK_DISABLED"
	tracesExporter = "OTEL_TRACES_EXPORTER"
)

var (
	endpoints = []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"}
	headers   = []string{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"}
	protocols = []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"}
	samplers  = []string{"OTEL_TRACES_SAMPLER"}
	ratios    = []string{"OTEL_TRACES_SAMPLER_ARG"}

	knownSamplers = []string{
		"", "always_on", "always_off", "traceidratio",
		"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
	}
)

// enabled reports whether an endpoint is set and no variable turns traces
// off. It returns a [*Fault] if traces are on and a variable is invalid. The
// SDK reads all other variables that OpenTelemetry defines.
func enabled(getenv func(string) string) (bool, error) {
	exporter := strings.ToLower(getenv(tracesExporter))
	switch {
	case firstOf(endpoints, getenv) == "", strings.EqualFold(getenv(sdkDisabled), "true"), exporter == "none":
		return false, nil
	case exporter != "" && exporter != "otlp":
		return false, &Fault{tracesExporter, "names an unknown exporter; use otlp or none"}
	}
	for _, rule := range []struct {
		variables []string
		check     func(value string) string
	}{{endpoints, checkEndpoint}, {headers, checkHeaders}, {protocols, checkProtocol}, {samplers, checkSampler}, {ratios, checkRatio}} {
		for _, variable := range rule.variables {
			if problem := rule.check(getenv(variable)); problem != "" {
				return false, &Fault{variable, problem}
			}
		}
	}
	return true, nil
}

func firstOf(variables []string, getenv func(string) string) string {
	for _, variable := range variables {
		if value := getenv(variable); value != "" {
			return value
		}
	}
	return ""
}

func checkEndpoint(value string) string {
	u, err := url.Parse(value)
	if value != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return "is not an http or https URL such as http://collector:4318"
	}
	return ""
}

// checkHeaders rejects values that the exporter would quote on standard error.
func checkHeaders(value string) string {
	if value == "" {
		return ""
	}
	for pair := range strings.SplitSeq(value, ",") {
		name, text, _ := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(text); err != nil || !headerName(strings.TrimSpace(name)) || !strings.Contains(pair, "=") {
			return "is not a list of name=value, separated by commas and percent-encoded"
		}
	}
	return ""
}

// headerName reports whether name is a token as in RFC 9110 section 5.6.2.
func headerName(name string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(marks, r)
	})
}

func checkProtocol(value string) string {
	if strings.EqualFold(value, "grpc") {
		return "is grpc, which is not supported; use http/protobuf and its port, usually 4318"
	}
	return ""
}

// checkSampler rejects unknown names. The SDK would ignore them and sample
// everything.
func checkSampler(value string) string {
	if !slices.Contains(knownSamplers, strings.ToLower(strings.TrimSpace(value))) {
		return "names an unknown sampler; use parentbased_traceidratio, with a ratio in OTEL_TRACES_SAMPLER_ARG"
	}
	return ""
}

func checkRatio(value string) string {
	ratio, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if value != "" && (err != nil || !(ratio >= 0 && ratio <= 1)) {
		return "is not a number from 0 to 1; 0.01 keeps one trace in a hundred"
	}
	return ""
}
