package acceptance

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys/test/conform"
	"github.com/slaunchx/apikeys/test/serving"
)

// contract is the document, and its part for each listener. Parsing it takes
// longer than a test, so all share it.
type contract struct {
	document         *conform.Document
	public, internal *conform.Listener
}

var readContract = sync.OnceValues(func() (contract, error) {
	document, err := conform.Read()
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

// listening contains the running services, by host and port. The document does
// not cover requests to other hosts, such as an embedder's own routes.
var listening sync.Map // string to *conform.Listener

// heldToTheDocument checks every exchange with a service until the test ends.
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

// unchecked ends that, for a world with so many exchanges that checking them
// would take longer than all other tests. Other tests must check them.
func (w *world) unchecked() { listening.Delete(strings.TrimPrefix(w.public, "http://")) }

// checked sends requests, and fails the test if an exchange is not as
// documented.
var checked = &conform.Transport{
	Base: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
	Listener: func(host string) *conform.Listener {
		l, _ := listening.Load(host)
		listener, _ := l.(*conform.Listener)
		return listener
	},
}
