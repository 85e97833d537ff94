package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/slaunchx/apikeys"
)

// parseRateLimits parses rate limits such as burst=10/1s or 100/60s, whose name is
// default.
func parseRateLimits(texts []string) ([]apikeys.RateLimitSpec, error) {
	var specs []apikeys.RateLimitSpec
	for _, text := range texts {
		name, rest, named := strings.Cut(text, "=")
		if !named {
			name, rest = "default", text
		}
		limit, window, ok := parseLimit(rest)
		seconds, known := parseWindow(window)
		if !ok || !known {
			return nil, misuse("--rate-limit must be LIMIT/WINDOW or NAME=LIMIT/WINDOW, such as 100/60s or burst=10/1s")
		}
		specs = append(specs, apikeys.RateLimitSpec{Name: name, Limit: limit, WindowSeconds: seconds})
	}
	return specs, nil
}

// parseWindow parses a window given as a duration, or as a number of days or seconds.
func parseWindow(s string) (seconds int64, ok bool) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 32)
		return n * 86_400, err == nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	d, err := time.ParseDuration(s)
	return int64(d / time.Second), err == nil && d%time.Second == 0
}

// parseQuota parses a quota such as 100000/MONTH; "" is the zero value.
func parseQuota(text string) (apikeys.QuotaSpec, error) {
	if text == "" {
		return apikeys.QuotaSpec{}, nil
	}
	limit, period, ok := parseLimit(text)
	if !ok {
		return apikeys.QuotaSpec{}, misuse("--quota must be LIMIT/PERIOD, such as 100000/MONTH; the periods are DAY, MONTH and TOTAL")
	}
	return apikeys.QuotaSpec{Limit: limit, Period: strings.ToUpper(period)}, nil
}

// parseLimit parses a number, a slash and the text after it.
func parseLimit(s string) (limit int64, per string, ok bool) {
	number, per, ok := strings.Cut(s, "/")
	limit, err := strconv.ParseInt(number, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, "", false
	}
	return limit, per, ok && per != ""
}
