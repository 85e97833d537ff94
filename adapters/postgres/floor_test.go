package postgres

import (
	"errors"
	"testing"
	"time"
)

func TestFloors(t *testing.T) {
	t.Parallel()
	soon := func() time.Time { return time.Now().Add(time.Minute) } // a poll that does not age in this test
	cases := map[string]struct {
		happens func(f *floors)
		known   bool
	}{
		"before any poll":                        {func(*floors) {}, false},
		"after a poll":                           {func(f *floors) { f.raise(floor{sent: soon()}) }, true},
		"after a poll too long ago":              {func(f *floors) { f.raise(floor{sent: time.Now().Add(-floorFor - time.Millisecond)}) }, false},
		"after a poll by a clock that was moved": {func(f *floors) { f.raise(floor{sent: time.Now().Round(0).Add(-time.Hour)}) }, false},
		"after a change":                         {func(f *floors) { f.raise(floor{sent: soon()}); f.wrote() }, false},
		"after a poll that was sent before the change ended": {func(f *floors) {
			sent := floor{sent: soon(), writes: f.writes.Load()}
			f.wrote()
			f.raise(sent)
		}, false},
		"after a poll that was sent when the change had ended": {func(f *floors) {
			f.wrote()
			f.raise(floor{sent: soon(), writes: f.writes.Load()})
		}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f floors
			c.happens(&f)
			if _, known := f.now(); known != c.known {
				t.Errorf("known: %v", known)
			}
		})
	}
}

func TestFloors_AreNotLoweredByASlowerPoll(t *testing.T) {
	t.Parallel()
	var f floors
	sent := time.Now().Add(time.Minute)
	f.raise(floor{position: 2, sent: sent})
	f.raise(floor{position: 1, sent: sent.Add(-time.Second)})
	if got, _ := f.now(); got.position != 2 {
		t.Errorf("the position is %d, want 2", got.position)
	}
	f.raise(floor{timeline: "00000002", position: 1, sent: sent.Add(time.Second)})
	if got, _ := f.now(); got.position != 1 || got.timeline != "00000002" {
		t.Errorf("after a failover the floor is %+v", got)
	}
}

func TestProgress_Reaches(t *testing.T) {
	t.Parallel()
	ours := origin{Database: "7 1", Tables: "10 11"}
	standby := progress{Standby: true, Timeline: "00000001", Position: 10, origin: ours}
	cases := map[string]struct {
		progress progress
		needed   floor
		want     error
	}{
		"as far as is needed":      {standby, floor{origin: ours, timeline: "00000001", position: 10}, nil},
		"less far":                 {standby, floor{origin: ours, timeline: "00000001", position: 11}, errBehind},
		"on another timeline":      {standby, floor{origin: ours, timeline: "00000002", position: 9}, errBehind}, // it may hold what the new primary never had
		"as a primary":             {progress{Timeline: "00000001", Position: 10, origin: ours}, floor{origin: ours, timeline: "00000001", position: 9}, errBehind},
		"in another database":      {standby, floor{origin: origin{Database: "8 1", Tables: "10 11"}, timeline: "00000001", position: 9}, errForeign},
		"of other tables":          {standby, floor{origin: origin{Database: "7 1", Tables: "12 13"}, timeline: "00000001", position: 9}, errForeign},
		"before the tables change": {standby, floor{origin: origin{Database: "7 1", Tables: "12 13"}, timeline: "00000001", position: 11}, errBehind},
		"not looked at yet":        {progress{}, floor{origin: ours, timeline: "00000001", position: 9}, errForeign},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.progress.reaches(c.needed); !errors.Is(got, c.want) {
				t.Errorf("reaches() = %v, want %v", got, c.want)
			}
		})
	}
}
