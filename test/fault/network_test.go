package fault

import (
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/pgtest"
)

const networkRounds, networkRoundsSoaking = 1, 10

// trouble is a fault of the network to the database, on every connection.
type trouble struct {
	name   string
	toxics []string
	cut    bool // connections are cut and refused
	slow   bool // only slow: all requests may get a response
}

var troubles = []trouble{
	{name: "every answer comes 50 ms late, give or take 40", slow: true, toxics: []string{
		`{"type":"latency","attributes":{"latency":50,"jitter":40}}`,
	}},
	{name: "every answer comes 5 s late", toxics: []string{
		`{"type":"latency","attributes":{"latency":5000}}`,
	}},
	{name: "connections are cut and refused", cut: true},
	{name: "connections are half open: what is sent vanishes", toxics: []string{
		`{"type":"timeout","stream":"upstream","attributes":{"timeout":0}}`,
	}},
	{name: "connections hang in the middle of a statement: what is answered vanishes", toxics: []string{
		`{"type":"timeout","stream":"downstream","attributes":{"timeout":0}}`,
	}},
	{name: "nothing comes through, and connections end after 500 ms", toxics: []string{
		`{"type":"timeout","stream":"upstream","attributes":{"timeout":500}}`,
		`{"type":"timeout","stream":"downstream","attributes":{"timeout":500}}`,
	}},
	{name: "the peer resets connections when it is sent something", toxics: []string{
		`{"type":"reset_peer","stream":"upstream","attributes":{"timeout":0}}`,
	}},
	{name: "the peer resets connections when it answers", toxics: []string{
		`{"type":"reset_peer","stream":"downstream","attributes":{"timeout":20}}`,
	}},
	{name: "answers come in pieces of a few bytes", slow: true, toxics: []string{
		`{"type":"slicer","attributes":{"average_size":16,"size_variation":8,"delay":200}}`,
	}},
	{name: "answers come at 2 kB a second", slow: true, toxics: []string{
		`{"type":"bandwidth","attributes":{"rate":2}}`,
	}},
	{name: "connections end within an answer, after 700 bytes", toxics: []string{
		`{"type":"limit_data","attributes":{"bytes":700}}`,
	}},
}

func (l *line) suffer(t *testing.T, tr trouble) {
	t.Helper()
	if tr.cut {
		l.down()
	}
	l.spoil(t, tr.toxics...)
}

func (l *line) relieve(t *testing.T, tr trouble) {
	t.Helper()
	if tr.cut {
		l.up(t)
	}
	l.mend(t)
}

func TestNetwork_LosesNothingWithFaultsUnderLoad(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.NewDatabase(t)
	line := newLine(t, databaseURL)
	service := deploy(t, line.databaseURL).start(t)
	good, bad := service.keys(t)
	all := newOwners(ownersAtOnce)
	before := all.warmUp(t, service.world, good, bad)
	rounds := slices.Repeat(troubles, times(t, networkRounds, networkRoundsSoaking))
	for _, trouble := range rounds {
		tr := all.drive(t, service.world, good, bad)
		tr.goesOn(2)
		line.suffer(t, trouble)
		tr.goesOn(2)
		if !trouble.slow {
			tr.isUnavailable()
		}
		ending := time.Now()
		line.relieve(t, trouble)
		back := service.recovers(t, ending, good)
		tr.goesOn(2)
		t.Logf("%s: %s; recovered after %v", trouble.name, tr.end(), back.Round(time.Millisecond))
		all.judge(t, service.world)
	}
	service.mustReturnTo(t, before, connectionsOf(t, databaseURL))
	all.finish(t, service.world, openDatabase(t, databaseURL), len(rounds))
}
