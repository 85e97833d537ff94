package webhook_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/slaunchx/apikeys/client/webhook"
)

// A receiver verifies the body exactly as it was received, and responds before it does
// anything that takes long.
func Example() {
	secret := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // as shown when the webhook was created
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))

	receiver := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "cannot read the body", http.StatusBadRequest)
			return
		}
		if err := webhook.Verify(r.Header, body, secret); err != nil {
			http.Error(w, "not signed", http.StatusUnauthorized)
			return
		}
		event, err := webhook.Parse(body)
		if err != nil {
			http.Error(w, "not an event", http.StatusBadRequest)
			return
		}
		// r.Header.Get(webhook.HeaderID) is the same if a message is delivered twice.
		logger.Info("received", "type", event.Type, "key", event.Data.Name)
		w.WriteHeader(http.StatusNoContent)
	})

	for _, signed := range []bool{true, false} {
		response := httptest.NewRecorder()
		receiver.ServeHTTP(response, message(secret, `{"type":"api_key.expiring","timestamp":"2026-11-30T12:00:00Z","data":{"name":"Checkout"}}`, signed))
		logger.Info("responded", "status", response.Code)
	}
	// Output:
	// level=INFO msg=received type=api_key.expiring key=Checkout
	// level=INFO msg=responded status=204
	// level=INFO msg=responded status=401
}

// message returns a request as the service makes it, or one that is not signed.
func message(secret, body string, signed bool) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	if !signed {
		return r
	}
	now := time.Now()
	sender, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		panic(err)
	}
	signature, err := sender.Sign("dlv_1", now, []byte(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set(webhook.HeaderID, "dlv_1")
	r.Header.Set(webhook.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(webhook.HeaderSignature, signature)
	return r
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
