package keycache

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func silent(ctx context.Context) (*application.KnownKey, error) {
	<-ctx.Done()
	return nil, domain.ErrUnavailable
}

func inHalfTheTime(context.Context) (*application.KnownKey, error) {
	<-time.After(time.Second / 2)
	return nil, domain.ErrKeyNotFound
}

// The lane reads two keys at once, for a second each, so the last one waits in vain.
func TestLoads_TellWaitingCallersWhetherTheStoreResponds(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		earlier, others []load[*application.KnownKey]
		want            error
	}{
		"it responds to nobody":            {nil, []load[*application.KnownKey]{silent, silent}, errSilent},
		"it stops responding":              {[]load[*application.KnownKey]{inHalfTheTime}, []load[*application.KnownKey]{silent, silent}, errSilent},
		"it responds to one of the others": {nil, []load[*application.KnownKey]{silent, inHalfTheTime, silent}, errNotRead},
		"it has failed, and responds now":  {[]load[*application.KnownKey]{silent}, []load[*application.KnownKey]{inHalfTheTime, silent, silent}, errNotRead},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLoads[*application.KnownKey](2, time.Second)
				for _, load := range tc.earlier {
					_, _ = l.do(t.Context(), "earlier", load)
				}
				var wg sync.WaitGroup
				for i, load := range tc.others {
					wg.Go(func() { _, _ = l.do(t.Context(), strconv.Itoa(i), load) })
					synctest.Wait()
				}
				if _, err := l.do(t.Context(), "last", silent); !errors.Is(err, tc.want) {
					t.Errorf("error = %v, want %v", err, tc.want)
				}
				wg.Wait()
			})
		})
	}
}
