package state_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestAllowanceWithin: a request counts for an hour, and no longer, whatever the clock did.
func TestAllowanceWithin(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(ago time.Duration) int64 { return now.Add(-ago).Unix() }
	a := state.Allowance{For: "x", Hosts: []string{"a"}, Times: map[string][]int64{
		"old": {at(2 * time.Hour), at(time.Hour)}, "web": {at(time.Hour), at(time.Hour - time.Second), at(0)},
		"ahead": {at(-time.Minute), at(-time.Hour)},
	}}
	want := state.Allowance{For: "x", Hosts: []string{"a"}, Times: map[string][]int64{
		"web": {at(time.Hour - time.Second), at(0)}, "ahead": {at(-time.Minute)},
	}}
	if diff := cmp.Diff(want, a.Within(now)); diff != "" {
		t.Errorf("within the hour (-want +got):\n%s", diff)
	}
}

// TestAllowanceFits: whatever applications do, the stored text is no longer than Juju accepts, and
// what distinguishes a new host from an existing one is not forgotten.
func TestAllowanceFits(t *testing.T) {
	t.Parallel()
	const limit = 60 << 10
	a := state.Allowance{Bound: 8, Had: map[int][]string{}, For: "certificates:1 a.example.com path", Times: map[string][]int64{}}
	for i := range 64 {
		a.Hosts = append(a.Hosts, fmt.Sprintf("%02d.%s", i, strings.Repeat("long.", 49)))
	}
	for i := range 500 {
		for second := range 16 {
			name := fmt.Sprintf("remote-%032d", i)
			a.Times[name] = append(a.Times[name], int64(1767225600+60*second))
		}
	}
	text, err := a.Text(limit)
	if err != nil || len(text) > limit {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	got := state.ParseAllowance(text)
	if len(got.Times) == 0 || got.Times[fmt.Sprintf("remote-%032d", 7)][0] < 1767225600+60*8 {
		t.Errorf("of 8,000 requests those of %d applications are kept, not the newest", len(got.Times))
	}
	for i := range 1000 {
		a.Had[i] = a.Hosts[:32]
	}
	if text, err = a.Text(limit); err != nil || len(text) > limit {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	got = state.ParseAllowance(text)
	if got.For != a.For || !cmp.Equal(got.Hosts, a.Hosts) || got.Bound != 8 || len(got.Had[0]) != 32 {
		t.Errorf("kept: %.300s", text)
	}
}

// TestAllowanceForgets: the older half of the requests is forgotten, repeatedly, and only then
// relations with many hosts.
func TestAllowanceForgets(t *testing.T) {
	t.Parallel()
	over := func(numbers ...int) map[int][]string {
		all := map[int][]string{}
		for _, number := range numbers {
			all[number] = []string{"a.example.com"}
		}
		return all
	}
	of := func(over map[int][]string, times map[string][]int64) state.Allowance {
		return state.Allowance{Bound: 8, Had: over, For: "x", Times: times}
	}
	times := map[string][]int64{"web": {1, 2, 3, 4}, "api": {5}, "db": {6}}
	for name, c := range map[string]struct{ before, after state.Allowance }{
		"nothing":               {of(over(1, 2, 3, 4), times), of(over(1, 2, 3, 4), times)},
		"half of the requests":  {of(over(1, 2), times), of(over(1, 2), map[string][]int64{"api": {5}, "db": {6}})},
		"most of the requests":  {of(over(1, 2), times), of(over(1, 2), nil)},
		"the only request":      {of(over(1, 2), map[string][]int64{"web": {1}}), of(over(1, 2), nil)},
		"half of the relations": {of(over(1, 2, 3, 4), times), of(over(1, 2), nil)},
		"all of them":           {of(over(1), nil), of(nil, nil)},
		"all requests of one":   {of(nil, map[string][]int64{"web": {1}}), of(nil, nil)},
	} {
		// Maps have no order: what is forgotten must not depend on one.
		for range 10 {
			room, err := c.after.Text(1 << 20)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.before.Text(len(room))
			if err != nil || got != room {
				t.Errorf("%s is forgotten: %s, want %s", name, got, room)
			}
		}
	}
	crowd := state.Allowance{Had: map[int][]string{}, Times: times}
	for relation := range 40 {
		crowd.Had[relation] = slices.Repeat([]string{strings.Repeat("a", 220)}, 8)
	}
	text, err := crowd.Text(60 << 10)
	if got := state.ParseAllowance(text); err != nil || !cmp.Equal(got.Times, times) || len(got.Had) != 20 {
		t.Errorf("beside a crowd there are left: the requests %v, and %d relations, %v", got.Times, len(got.Had), err)
	}
	if got := state.ParseAllowance(`{"times":{"web":[5,3,-1]}}`).Times["web"]; !cmp.Equal(got, []int64{-1, 3, 5}) {
		t.Errorf("the oldest does not come first: %v", got)
	}
}

// FuzzParseAllowance: the text that a unit finds may be damaged. It is read nevertheless, and
// written as it was read.
func FuzzParseAllowance(f *testing.F) {
	for _, text := range []string{
		`{"bound":8,"over":{"5":["a.example.com",""]},"for":"certificates:1 a.example.com path","hosts":["","a.example.com"],"times":{"web":[1767225600,1767225600]}}`,
		`{"times":{"web":[5,3,-1]},"over":{"-1":null}}`, `{"times":{"web":null}}`, `{"times":[]}`, `{"bound":"8"}`, `null`, `[]`, ``, `{"for":"\ud800"}`,
	} {
		f.Add(text, 200)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		a := state.ParseAllowance(text)
		whole, err := a.Text(len(text)*6 + 100)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, state.ParseAllowance(whole), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read again (-before +then):\n%s", diff)
		}
		a.Within(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		short, err := a.Text(limit)
		if err != nil || state.ParseAllowance(short).For != state.ParseAllowance(whole).For {
			t.Errorf("cut to %q, %v", short, err)
		}
	})
}
