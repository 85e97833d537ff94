package acceptance

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys/test/conform"
	"github.com/slaunchx/apikeys/test/serving"
)

// contract is the document, and what it says of each listener. Reading it
// takes longer than a test, so all share it.
type contract struct {
	document         *conform.Document
	public, internal *conform.Listener
}

var readContract = sync.OnceValues(func() (contract, error) {
	text, err := os.ReadFile("../../adapters/httpapi/openapi/openapi.json")
	if err != nil {
		return contract{}, err
	}
	document, err := conform.Load(context.Background(), text)
	if err != nil {
		return contract{}, err
	}
	public, err := document.At("http://localhost:8080")
	if err != nil {
		return contract{}, err
	}
	internal, err := document.At("http://127.0.0.1:8081")
	return contract{document, public, internal}, err
})

// listening are the running services, by host and port. What a client asks
// elsewhere, such as an embedder's own routes, is no matter of the document.
var listening sync.Map // string to *conform.Listener

// heldToTheDocument has every exchange with a service checked as long as the
// test lasts.
func heldToTheDocument(t *testing.T, running *serving.Service) {
	t.Helper()
	contract, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	public, internal := running.Public, running.Internal
	listening.Store(public, contract.public)
	listening.Store(internal, contract.internal)
	t.Cleanup(func() { listening.Delete(public); listening.Delete(internal) })
}

// unchecked ends that, for a world of so many exchanges that checking them
// would take longer than all other tests. They are to be checked elsewhere.
func (w *world) unchecked() { listening.Delete(strings.TrimPrefix(w.public, "http://")) }

// checked sends requests, and fails where an exchange is not as documented.
var checked = &conform.Transport{
	Base: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
	Listener: func(host string) *conform.Listener {
		l, _ := listening.Load(host)
		listener, _ := l.(*conform.Listener)
		return listener
	},
}
