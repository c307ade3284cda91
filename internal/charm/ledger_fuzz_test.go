package charm

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// stored answers state-get with a ledger, and keeps what state-set stores.
type stored map[string]string

func (stored) Close() error { return nil }

func (s stored) Run(_ context.Context, call gocharm.Call) ([]byte, error) {
	if call.Tool == "state-set" {
		return nil, json.Unmarshal(call.Stdin, &s)
	}
	return json.Marshal(s)
}

// FuzzLedger: the stored ledger may be older than the charm, or damaged. Then nothing is trusted,
// and every databag is read again. What is written can always be read again.
func FuzzLedger(f *testing.F) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	trusting := []gocharm.Kind{gocharm.UpdateStatus, gocharm.RelationChanged, gocharm.SecretChanged}
	kinds := append([]gocharm.Kind{gocharm.LeaderElected, gocharm.UpgradeCharm, gocharm.Start, gocharm.ConfigChanged}, trusting...)
	for i, text := range []string{
		`{"read":"2025-12-31T23:30:00Z","digests":{"1":"abcdefghijkl","3":"x"},"told":{"1":"","3":"abcdefghijkl"},"ours":[1,3],"theirs":[2]}`,
		`{"read":"2025-12-31T23:30:00Z","digests":{"1":5},"ours":[1]}`,
		`{"read":"2025-12-31T23:30:00Z","digests":{"1":"abcdefghijkl"},"ours":[1]`,
		`{"read":"2025-12-31T23:30:00+01:00","digests":{"-1":"a","01":"b","1":"c"},"ours":[1,1,1]}`,
		`{"read":"2026-01-01T00:00:01Z","digests":{"1":"abcdefghijkl"}}`,
		`{"READ":"2025-12-31T23:59:59Z","Digests":{"1":"a"}} {}`,
		`{"read":null,"digests":{"1":"a"}}`, `{"digests":[]}`, `{"1":"abcdefghijkl"}`, `null`, `[]`, ``,
	} {
		f.Add(text, uint8(i), 1)
		f.Add(text, uint8(4), 3)
	}
	f.Fuzz(func(t *testing.T, text string, which uint8, relation int) {
		unit := stored{keyLedger: text}
		open := func(at time.Time, kind gocharm.Kind) *Charm {
			c := &Charm{Event: gocharm.Event{Kind: kind}, Tools: gocharm.NewTools(unit), Now: at}
			if err := c.openLedger(t.Context()); err != nil {
				t.Fatal(err)
			}
			return c
		}
		kind := kinds[int(which)%len(kinds)]
		c := open(now, kind)
		trusted := c.ledgers.trusted
		if age := now.Sub(trusted.Read); age < 0 || age >= time.Hour || !c.ledgers.written.Read.Equal(trusted.Read) {
			t.Errorf("read at %v, written as read at %v", trusted.Read, c.ledgers.written.Read)
		}
		if len(trusted.Digests)+len(trusted.Ours) > 0 && (!json.Valid([]byte(text)) || !slices.Contains(trusting, kind)) {
			t.Errorf("%s trusts %+v of %q", kind, trusted, text)
		}
		// Only relations that exist are kept.
		c.carryOver(relation)
		if slices.Contains(trusted.Ours, relation) {
			c.ledgers.written.Ours = append(c.ledgers.written.Ours, relation)
		}
		if err := c.closeLedger(t.Context(), state.Allowance{}, state.Record{}); err != nil {
			t.Fatal(err)
		}
		if len(unit[keyLedger]) > maxLedger {
			t.Errorf("a ledger of %d bytes is stored", len(unit[keyLedger]))
		}
		want, found := trusted.Digests[relation]
		if len(want) > maxLedger/2 {
			return // It may not fit, as no digest of ours.
		}
		next := open(now, gocharm.UpdateStatus)
		got := next.ledgers.trusted
		digest, kept := got.Digests[relation]
		if kept != found || digest != want || len(got.Digests) > 1 || len(got.Ours) > 1 || !got.Read.Equal(trusted.Read) {
			t.Errorf("of %+v\nis trusted by the next hook: %+v", trusted, got)
		}
		// As long as nothing changes, nothing is written.
		for number := range maps.Keys(got.Digests) {
			next.carryOver(number)
		}
		next.ledgers.written.Ours = got.Ours
		before := maps.Clone(unit)
		if err := next.closeLedger(t.Context(), state.Allowance{}, state.Record{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, unit); diff != "" {
			t.Errorf("written again (-before +then):\n%s", diff)
		}
	})
}
