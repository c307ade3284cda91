package charm

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Juju accepts 64 KiB as one value. A ledger of a thousand relations fits. If one does not fit, the
// oldest relations stay in it, always the same ones.
func TestLedgerIsBounded(t *testing.T) {
	t.Parallel()
	for count, whole := range map[int]bool{0: true, 1000: true, 10_000: false} {
		l := ledger{Digests: map[int]string{}, Published: map[int]string{}}
		for number := range count {
			sum, err := digest(map[string]string{"ingress": string(rune(number))})
			if err != nil {
				t.Fatal(err)
			}
			l.Digests[100_000+number], l.Published[100_000+number], l.Ours = sum, sum, append(l.Ours, 100_000+number)
		}
		text, err := l.encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(text) >= 64<<10 {
			t.Errorf("a ledger of %d relations has %d bytes", count, len(text))
		}
		var read ledger
		if err := json.Unmarshal([]byte(text), &read); err != nil {
			t.Fatal(err)
		}
		if kept := len(read.Digests); len(read.Published) != kept || whole != (kept == count) || kept < min(count, 1000) {
			t.Errorf("%d of %d relations are kept", kept, count)
		}
		for number := range len(read.Digests) {
			if read.Digests[100_000+number] != l.Digests[100_000+number] {
				t.Fatalf("relation %d of %d is not among the %d kept", number, count, len(read.Digests))
			}
		}
		again, err := read.encode()
		if diff := cmp.Diff(text, again); diff != "" || err != nil {
			t.Errorf("written again (-first +then), %v:\n%s", err, diff)
		}
	}
}

func TestDigestTellsDataApart(t *testing.T) {
	t.Parallel()
	seen := map[string]map[string]string{}
	for _, data := range []map[string]string{
		{}, {"a": ""}, {"a": "b"}, {"a": "b", "c": ""}, {"ab": ""}, {"a": "", "b": ""}, {"a": `b","c":"`},
	} {
		sum, err := digest(data)
		if err != nil {
			t.Fatal(err)
		}
		if other, found := seen[sum]; found {
			t.Errorf("%v and %v have one digest", data, other)
		}
		seen[sum] = data
	}
	// Older releases have stored it in Juju: with another form every relation must be read again.
	if sum, err := digest(map[string]string{"a": "b"}); sum != "20p-yxFLxmxi" || err != nil {
		t.Errorf("the digest of a bag is %s, %v", sum, err)
	}
}
