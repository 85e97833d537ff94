package webhook_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/client/webhook"
)

const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret     = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTime      = "1614265330"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func vectorHeader() http.Header {
	return http.Header{webhook.HeaderID: {vectorID}, webhook.HeaderTimestamp: {vectorTime}, webhook.HeaderSignature: {vectorSignature}}
}

func at(offset time.Duration) func() time.Time {
	return func() time.Time { return time.Unix(1614265330, 0).Add(offset) }
}

func TestVerify_AcceptsTheVectorOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secrets    []string
		signatures string
		now        time.Duration
	}{
		"as it is":                  {[]string{vectorSecret}, vectorSignature, 0},
		"with an old secret too":    {[]string{otherSecret, vectorSecret}, vectorSignature, 0},
		"with another signature":    {[]string{vectorSecret}, "v1,AAAA v1a,xyz " + vectorSignature + " v2,x", 0},
		"5 minutes old":             {[]string{vectorSecret}, vectorSignature, 5 * time.Minute},
		"5 minutes from the future": {[]string{vectorSecret}, vectorSignature, -5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := vectorHeader()
			header.Set(webhook.HeaderSignature, c.signatures)
			if err := (webhook.Verifier{Secrets: c.secrets, Now: at(c.now)}).Verify(header, []byte(vectorBody)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestVerify_RejectsEverythingElse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(http.Header)
		body    string
		secrets []string
		now     time.Duration
		want    error
	}{
		"another body":             {body: vectorBody + " ", want: webhook.ErrSignature},
		"another id":               {change: func(h http.Header) { h.Set("webhook-id", "msg_2") }, want: webhook.ErrSignature},
		"another time":             {change: func(h http.Header) { h.Set("webhook-timestamp", "1614265331") }, want: webhook.ErrSignature},
		"another secret":           {secrets: []string{otherSecret}, want: webhook.ErrSignature},
		"no secret":                {secrets: []string{}, want: webhook.ErrSignature},
		"a secret that is not one": {secrets: []string{vectorSecret, "hunter2"}, want: webhook.ErrSecret},
		"a short secret":           {secrets: []string{"whsec_AAAA"}, want: webhook.ErrSecret},
		"no id":                    {change: func(h http.Header) { h.Del("webhook-id") }, want: webhook.ErrHeader},
		"no signature":             {change: func(h http.Header) { h.Del("webhook-signature") }, want: webhook.ErrHeader},
		"no time":                  {change: func(h http.Header) { h.Del("webhook-timestamp") }, want: webhook.ErrHeader},
		"two ids":                  {change: func(h http.Header) { h.Add("webhook-id", "msg_2") }, want: webhook.ErrHeader},
		"a time with a sign":       {change: func(h http.Header) { h.Set("webhook-timestamp", "+"+vectorTime) }, want: webhook.ErrHeader},
		"a time with spaces":       {change: func(h http.Header) { h.Set("webhook-timestamp", vectorTime+" ") }, want: webhook.ErrHeader},
		"a signature of version 2": {change: func(h http.Header) { h.Set("webhook-signature", strings.Replace(vectorSignature, "v1", "v2", 1)) }, want: webhook.ErrSignature},
		"a cut signature":          {change: func(h http.Header) { h.Set("webhook-signature", vectorSignature[:20]) }, want: webhook.ErrSignature},
		"too many signatures":      {change: func(h http.Header) { h.Set("webhook-signature", strings.Repeat("v1,AAAA ", 16)+vectorSignature) }, want: webhook.ErrSignature},
		"an old message":           {now: 5*time.Minute + time.Second, want: webhook.ErrTime},
		"one from the future":      {now: -5*time.Minute - time.Second, want: webhook.ErrTime},
		"the end of time":          {change: func(h http.Header) { h.Set("webhook-timestamp", "9223372036854775807") }, want: webhook.ErrTime},
		"the beginning of time":    {change: func(h http.Header) { h.Set("webhook-timestamp", "-9223372036854775808") }, want: webhook.ErrTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, body, secrets := vectorHeader(), vectorBody, []string{vectorSecret}
			if c.change != nil {
				c.change(header)
			}
			if c.body != "" {
				body = c.body
			}
			if c.secrets != nil {
				secrets = c.secrets
			}
			err := webhook.Verifier{Secrets: secrets, Now: at(c.now)}.Verify(header, []byte(body))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "MfKQ9r8")) {
				t.Errorf("the error contains a secret: %v", err)
			}
		})
	}
}

func TestVerify_AgreesWithThePublicLibrary(t *testing.T) {
	t.Parallel()
	public, err := standardwebhooks.NewWebhook(vectorSecret)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.StringMatching(`[0-9a-zA-Z_]{1,30}`).Draw(r, "id")
		body := rapid.SliceOf(rapid.Byte()).Draw(r, "body")
		now := time.Now()
		signature, err := public.Sign(id, now, body)
		if err != nil {
			r.Fatal(err)
		}
		header := http.Header{}
		header.Set("webhook-id", id)
		header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
		header.Set("webhook-signature", rapid.SampledFrom([]string{"", "v1,AAAA "}).Draw(r, "before")+signature)
		if err := webhook.Verify(header, body, otherSecret, vectorSecret); err != nil {
			r.Fatal(err)
		}
	})
}

func TestParse_ReadsAnEvent(t *testing.T) {
	t.Parallel()
	got, err := webhook.Parse([]byte(`{"type":"api_key.expiring","timestamp":"2026-11-30T12:00:00Z","data":{"workspaceId":"ws","apiKeyId":"sk_live_1","name":"Checkout","mode":"LIVE","status":"ACTIVE","accountId":null,"expiresAt":"2026-12-01T12:00:00Z","more":[1]}}`))
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	want := webhook.Event{Type: webhook.KeyExpiring, Timestamp: at, Data: webhook.Data{
		WorkspaceID: "ws", KeyID: "sk_live_1", Name: "Checkout", Mode: "LIVE", Status: "ACTIVE", ExpiresAt: at.AddDate(0, 0, 1),
	}}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := webhook.Parse([]byte(`{"type":1}`)); err == nil {
		t.Error("a malformed body is accepted")
	}
}
