package httpapi

import (
	"net/url"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// FuzzToKeyQuery checks that net/url reads every accepted query alike, with each
// parameter once and a page within its bounds, and that every fault names its parameter
// and says what to correct.
func FuzzToKeyQuery(f *testing.F) {
	for _, query := range []string{"", "page=0&size=20", "sort=name%2Casc&q=a+b", "page=1;size=2", "q=%zz", "&&", "page=0&p%61ge=1", "status=ACTIVE&mode=LIVE"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, faults := toKeyQuery(query)
		for _, fault := range faults {
			if fault.Rule == "" || fault.Reason == "" {
				t.Errorf("a fault without a reason: %+v", fault)
			}
		}
		if faults != nil {
			return
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("taken, though %v", err)
		}
		for name, all := range values {
			if len(all) != 1 {
				t.Errorf("%q is taken %d times", name, len(all))
			}
		}
		if q.page.Size() < 1 || q.page.Size() > domain.MaxPageSize || q.page.Number() < 0 {
			t.Errorf("page %d of %d", q.page.Number(), q.page.Size())
		}
	})
}
