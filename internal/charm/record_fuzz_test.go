package charm

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// recorded answers the tools with a stored record, and keeps what is stored. Whatever secret is
// asked for by its label is there; none is listed.
type recorded struct{ stored }

func (r recorded) Run(ctx context.Context, call gocharm.Call) ([]byte, error) {
	switch call.Tool {
	case "secret-info-get":
		return []byte(`{"d0ns8mh3t7s5d8ihj6eg":{"label":"x","owner":"application","revision":1}}`), nil
	case "secret-ids":
		return []byte(`[]`), nil
	case "is-leader":
		return []byte(`true`), nil
	}
	return r.stored.Run(ctx, call)
}

func (r recorded) run(t *testing.T, kind gocharm.Kind) (*Charm, *state.Record) {
	t.Helper()
	c := &Charm{Event: gocharm.Event{Kind: kind}, Tools: gocharm.NewTools(r), Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	if err := c.openLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := c.readRecord(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c, got
}

// FuzzRecord: the stored record may be damaged. Then the unit looks for the one in the secret. What
// is read is stored again unchanged.
func FuzzRecord(f *testing.F) {
	for _, text := range []string{
		`{"settings":"{}","told":"{\"1\":[\"ab\"]}","given":["ab","cd"],"handed":"ef"}`, `{}`, `{"given":5}`, `{"given":["ab"]`, `null`, `[]`, ``,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		unit := recorded{stored{keyRecord: text}}
		c, got := unit.run(t, gocharm.UpdateStatus)
		if got == nil {
			if text != "" && json.Unmarshal([]byte(text), &storedRecord{}) == nil {
				t.Errorf("%q is not read", text)
			}
			return
		}
		again, err := json.Marshal(storedRecord{Record: *got, Digest: c.learned.recordDigest})
		if err != nil {
			t.Fatal(err)
		}
		unit.stored[keyRecord] = string(again)
		next, second := unit.run(t, gocharm.UpdateStatus)
		// An empty list is none.
		if len(got.Given) == 0 {
			got.Given = nil
		}
		if diff := cmp.Diff(got, second); diff != "" || next.learned.recordDigest != c.learned.recordDigest {
			t.Errorf("handed %q, then %q; read again (-first +second):\n%s", c.learned.recordDigest, next.learned.recordDigest, diff)
		}
	})
}
