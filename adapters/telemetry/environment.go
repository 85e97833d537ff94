package telemetry

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Fault is a variable of OpenTelemetry that cannot be heeded, and why. It does
// not hold the value, which may be a credential.
type Fault struct{ Variable, Problem string }

// Error names the variable.
func (f *Fault) Error() string { return f.Variable + ": " + f.Problem }

// The variables, as OpenTelemetry names them. Each OTLP variable has a twin
// for traces alone, which goes before it.
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

// tracesAsked says whether an endpoint is named and nothing turns traces off,
// or what is wrong. All else that OpenTelemetry defines is read by its SDK.
func tracesAsked(getenv func(string) string) (bool, error) {
	exporter := strings.ToLower(getenv(tracesExporter))
	switch {
	case firstOf(endpoints, getenv) == "", strings.EqualFold(getenv(sdkDisabled), "true"), exporter == "none":
		return false, nil
	case exporter != "" && exporter != "otlp":
		return false, &Fault{tracesExporter, "names an exporter that is not there; write otlp or none"}
	}
	for _, rule := range []struct {
		variables []string
		judge     func(value string) string
	}{{endpoints, judgeEndpoint}, {headers, judgeHeaders}, {protocols, judgeProtocol}, {samplers, judgeSampler}, {ratios, judgeRatio}} {
		for _, variable := range rule.variables {
			if problem := rule.judge(getenv(variable)); problem != "" {
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

func judgeEndpoint(value string) string {
	u, err := url.Parse(value)
	if value != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return "is not a URL of http or https; write http://collector:4318"
	}
	return ""
}

// judgeHeaders refuses what the exporter would complain of, with the value, on
// standard error.
func judgeHeaders(value string) string {
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

// headerName says whether name is a token of RFC 9110 section 5.6.2.
func headerName(name string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(marks, r)
	})
}

func judgeProtocol(value string) string {
	if strings.EqualFold(value, "grpc") {
		return "is grpc, which is not spoken; write http/protobuf, and the port for it, 4318 as a rule"
	}
	return ""
}

// judgeSampler refuses what the SDK would take for none, and keep everything.
func judgeSampler(value string) string {
	if !slices.Contains(knownSamplers, strings.ToLower(strings.TrimSpace(value))) {
		return "names no sampler; write parentbased_traceidratio, with a ratio in OTEL_TRACES_SAMPLER_ARG"
	}
	return ""
}

func judgeRatio(value string) string {
	ratio, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if value != "" && (err != nil || !(ratio >= 0 && ratio <= 1)) {
		return "is not a number from 0 to 1; write 0.01 to keep one trace in a hundred"
	}
	return ""
}
