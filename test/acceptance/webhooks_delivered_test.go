package acceptance

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/slaunchx/apikeys/client/webhook"
	"github.com/slaunchx/apikeys/config"
)

// message is what a receiver was sent.
type message struct {
	header http.Header
	body   []byte
}

func TestWebhooks_DeliverAChangeThatTheReceiverVerifies(t *testing.T) {
	onEveryStoreWith(t, sealingHere, func(t *testing.T, w *world) {
		messages := make(chan message, 10)
		receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			messages <- message{r.Header, body}
			rw.WriteHeader(http.StatusAccepted)
		}))
		t.Cleanup(receiver.Close)
		id, secret := w.newWebhook(t, `{"url":"`+receiver.URL+`/hook","events":["api_key.created"]}`)
		created := do(t, w.create(t, `{"name":"Checkout"}`)).data(t)

		got := <-messages
		public, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		// The clock of the world stands still.
		if err := public.VerifyIgnoringTimestamp(got.body, got.header); err != nil {
			t.Error(err)
		}
		verifier := webhook.Verifier{Secrets: []string{secret}, Now: w.clock.Now}
		if err := verifier.Verify(got.header, got.body); err != nil {
			t.Error(err)
		}
		event, err := webhook.Parse(got.body)
		if err != nil || event.Type != webhook.KeyCreated || event.Data.Name != "Checkout" || event.Data.KeyID != created["apiKeyId"] || event.Data.AccountID != account {
			t.Errorf("the event is %+v, %v", event, err)
		}
		for {
			list := do(t, w.onWebhooks(t, http.MethodGet, "/"+id+"/deliveries", ""))
			items, _ := list.data(t)["items"].([]any)
			if len(items) != 1 {
				t.Fatalf("the deliveries are %s", list.body)
			}
			delivery, _ := items[0].(map[string]any)
			if delivery["status"] == "DELIVERED" {
				if delivery["deliveryId"] != got.header.Get(webhook.HeaderID) || delivery["lastStatus"] != float64(202) {
					t.Errorf("the delivery is %v", delivery)
				}
				return
			}
			<-time.After(10 * time.Millisecond) // the outcome is reported after the response
		}
	})
}

// sealingHere is sealing for receivers on this machine.
func sealingHere(cfg *config.Config) {
	sealing(cfg)
	cfg.WebhookInsecure = true
}
