package golden

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// planned is where the cases of the planner are.
const planned = "../plan/testdata"

// TestEachCaseIsOfUse reads all cases of the planner: no two are the same state, and no base is
// there for nothing.
func TestEachCaseIsOfUse(t *testing.T) {
	t.Parallel()
	inputs, err := Inputs(planned)
	if err != nil {
		t.Fatal(err)
	}
	seen, used := map[string]string{}, map[string]bool{}
	for _, input := range inputs {
		s, err := Load(input)
		if err != nil {
			t.Error(err)
			continue
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if twin := seen[string(text)]; twin != "" {
			t.Errorf("%s is the same state as %s", Name(input), twin)
		}
		seen[string(text)] = Name(input)
		f, err := parse(input)
		if err != nil {
			t.Fatal(err)
		}
		used[f.from] = true
	}
	bases, err := filepath.Glob(filepath.Join(planned, "base", "*.yaml"))
	if err != nil || len(bases) == 0 {
		t.Fatalf("%d bases, %v", len(bases), err)
	}
	for _, base := range bases {
		if name := strings.TrimSuffix(filepath.Base(base), ".yaml"); !used[name] {
			t.Errorf("no case comes from the base %s", name)
		}
	}
}
