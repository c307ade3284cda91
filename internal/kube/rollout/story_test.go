package rollout

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the steps of the stories in testdata anew")

// An event is a hook of a story, and what has happened before it.
type event struct {
	// Desired is what is wanted from now on; left out it is what was wanted before.
	Desired []thing `json:"desired,omitempty"`
	// Observed are the objects that the controller has judged meanwhile; "all" for all.
	Observed []string `json:"observed,omitempty"`
	// Refused are those that the API server does not let pass in this event.
	Refused []string `json:"refused,omitempty"`
	// Foreign are objects of others that are there from now on, Gone are those of ours that
	// somebody has deleted, and Live those that are there in another way.
	Foreign []string `json:"foreign,omitempty"`
	Gone    []string `json:"gone,omitempty"`
	Live    []thing  `json:"live,omitempty"`
	// Hidden says whether BackendTLSPolicies may not be listed in this event.
	Hidden bool `json:"hidden,omitempty"`
}

// TestStories plays the events of each story in testdata, and compares the steps.
func TestStories(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("steps (-want +got), `make golden` accepts it:\n%s", diff)
			}
		})
	}
}

// A section of a story is what follows a line "-- NAME --".
type section struct{ name, text string }

func sectionsOf(text string) []section {
	all := []section{{}}
	for line := range strings.Lines(text) {
		name, begins := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "-- ")
		if name, ends := strings.CutSuffix(name, " --"); begins && ends {
			all = append(all, section{name: name})
			continue
		}
		all[len(all)-1].text += line
	}
	return all
}

// play returns a story with the steps that there are. Its sections are a comment, what is live,
// and for each event what happens, under a title, and the steps.
func play(t *testing.T, text string) string {
	t.Helper()
	told := sectionsOf(text)
	if len(told) < 3 || told[1].name != "live" {
		t.Fatal("a story begins with a comment, the section live, and an event")
	}
	var live, desired []thing
	decode(t, told[1].text, &live)
	c := newCluster(live)
	var played strings.Builder
	played.WriteString(told[0].text + "-- live --\n" + told[1].text)
	for _, one := range told[2:] {
		if one.name == "steps" {
			continue
		}
		var e event
		decode(t, one.text, &e)
		if e.Desired != nil {
			desired = e.Desired
		}
		c.happen(t, e)
		steps := c.roll(desired, refs(t, e.Refused))
		if len(steps) == 0 {
			steps = []string{"nothing"}
		}
		played.WriteString("-- " + one.name + " --\n" + one.text + "-- steps --\n" + strings.Join(steps, "\n") + "\n")
	}
	return played.String()
}

// happen has take place what has happened before an event.
func (c *cluster) happen(t *testing.T, e event) {
	t.Helper()
	for _, one := range e.Live {
		c.put(one)
	}
	for _, ref := range refs(t, e.Gone) {
		delete(c.things, ref)
	}
	c.foreign = append(c.foreign, refs(t, e.Foreign)...)
	c.hidden = e.Hidden
	if len(e.Observed) == 1 && e.Observed[0] == "all" {
		for _, ref := range c.refs() {
			c.observe(ref)
		}
		return
	}
	for _, ref := range refs(t, e.Observed) {
		c.observe(ref)
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// refs reads names such as "HTTPRoute web".
func refs(t *testing.T, names []string) []Ref {
	t.Helper()
	var all []Ref
	for _, name := range names {
		kind, rest, found := strings.Cut(name, " ")
		if !found {
			t.Fatalf("%q is not a kind and a name", name)
		}
		all = append(all, Ref{kind, rest})
	}
	return all
}
