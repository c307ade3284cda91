package recorded_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
)

const text = `=== one
## a
   app={"x": "1"} unit={"y": "{\"z\": 2}"}
## b
   nothing {but} {"n": 1} {}
===== two
## c
   app: {"x": "3"}
`

func TestSection(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "recording.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []recorded.Block{
		{Name: "a", Text: `   app={"x": "1"} unit={"y": "{\"z\": 2}"}`},
		{Name: "b", Text: `   nothing {but} {"n": 1} {}`},
	}
	if diff := cmp.Diff(want, recorded.Section(t, path, "one")); diff != "" {
		t.Errorf("one (-want +got):\n%s", diff)
	}
	if got := recorded.Section(t, path, "two"); len(got) != 1 || got[0].Name != "c" {
		t.Errorf("two = %+v", got)
	}
}

func TestInto(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fixture.json")
	if err := os.WriteFile(path, []byte(`{"key": "k", "bag": {"x": "1"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Key string
		Bag map[string]string
	}
	recorded.Into(t, path, &got)
	if got.Key != "k" || got.Bag["x"] != "1" {
		t.Errorf("read: %+v", got)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "recording.txt")
	if err := os.WriteFile(path, []byte("=== limits\n63 ok\n\n  64 ok\n== none\n===== MODE x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"63 ok", "64 ok", "== none"}, recorded.Lines(t, path, "limits")); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"limits", "MODE x"}, recorded.Titles(t, path)); diff != "" {
		t.Errorf("titles (-want +got):\n%s", diff)
	}
}

func TestBags(t *testing.T) {
	t.Parallel()
	want := []map[string]string{{"x": "1"}, {"y": `{"z": 2}`}, {"x": "3"}}
	if diff := cmp.Diff(want, recorded.Bags(t, text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFlatten(t *testing.T) {
	t.Parallel()
	bag := map[string]string{"b": `{"x": "a=b"}`, "a": "1"}
	lines := recorded.Flatten(bag)
	if want := "a=1\nb={\"x\": \"a=b\"}\n"; lines != want {
		t.Errorf("Flatten: %q, want %q", lines, want)
	}
	if diff := cmp.Diff(bag, recorded.Unflatten(lines+"nothing\nempty=\n")); diff != "" {
		t.Errorf("Unflatten (-want +got):\n%s", diff)
	}
}
