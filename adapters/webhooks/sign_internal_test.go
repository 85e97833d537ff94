package webhooks

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

func TestSign_MakesTheSignatureOfTheVector(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	sign(header, []domain.WebhookSecret{domain.WebhookSecretOf(key)}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 999_999_999), []byte(`{"test": 2432232314}`))
	for name, want := range map[string]string{
		"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestSign_IsVerifiedByThePublicLibraryUnderEachSecret(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		key := rapid.Map(rapid.SliceOfN(rapid.Byte(), 24, 64), domain.WebhookSecretOf)
		secrets := rapid.SliceOfN(key, 1, 2).Draw(r, "secrets")
		body := rapid.SliceOf(rapid.Byte()).Draw(r, "body")
		header := http.Header{}
		sign(header, secrets, "dlv_1", time.Now(), body)
		for _, secret := range secrets {
			public, err := standardwebhooks.NewWebhook(secret.Reveal())
			if err != nil {
				r.Fatal(err)
			}
			if err := public.Verify(body, header); err != nil {
				r.Fatal(err)
			}
			if err := public.Verify(append(body, ' '), header); err == nil {
				r.Fatal("another body is verified")
			}
		}
	})
}
