package charm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// unusual are values of options that are right, and no defaults, for those that this story shows.
var unusual = map[string]any{
	"external-hostname":     "apps.example.com",
	"gateway-class":         "c",
	"enforce-https":         true,
	"hsts-max-age":          600,
	"routing-mode":          "subdomain",
	"cross-model-networks":  "100.64.0.0/10",
	"hosts-per-relation":    2,
	"certificates-per-hour": 3,
}

// wrong are values that no option takes, by its type. Juju refuses those of another type, the charm need not rely on it.
var wrong = map[string][]any{
	"string": {"\x00 wrong!", 7, true}, "int": {-1, "many"}, "boolean": {"perhaps", 5},
}

// TestWrongOptionsChangeNothing: a wrong value of any option changes nothing of what is served, and
// the status names it.
func TestWrongOptionsChangeNothing(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Options map[string]struct {
			Type    string
			Default any
		}
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	for name, option := range config.Options {
		if value := unusual[name]; value == nil || value == option.Default && name != "enforce-https" {
			t.Errorf("%s is not in unusual, or there with its default, so that nothing would show that it is kept", name)
		}
		for _, value := range wrong[option.Type] {
			t.Run(fmt.Sprintf("%s=%q", name, fmt.Sprint(value)), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.withAuthority()
				w.models = map[string]string{"gateway:5": "another"}
				w.relate("gateway:5", "far")
				w.bags["gateway:5"]["far"]["model"], w.bags["gateway:5"]["far/0"]["ip"] = `"elsewhere"`, `"100.64.0.7"`
				w.config = maps.Clone(unusual)
				w.quiet()
				w.issue(100 * time.Hour)
				w.quiet()
				before, told := w.specs(), w.told()
				if !strings.Contains(before, "100.64.0.7") || !strings.Contains(before, "max-age=600") || !strings.Contains(told, "prod-shop.apps.example.com") {
					t.Fatalf("told %s; objects:\n%s", told, before)
				}
				w.config[name] = value
				w.quiet()
				if diff := cmp.Diff(before, w.specs()); diff != "" {
					t.Errorf("objects (-before +after):\n%s", diff)
				}
				if got := w.told(); got != told {
					t.Errorf("told %s, before %s", got, told)
				}
				if got := w.lastStatus(); !strings.HasPrefix(got, "blocked ") || !strings.Contains(got, name) {
					t.Errorf("status is %q", got)
				}
			})
		}
	}
}

// specs are all objects, without what only their writing changes.
func (w *world) specs() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(w.objects)) {
		object := maps.Clone(w.objects[path])
		delete(object, "metadata")
		delete(object, "status")
		text, err := json.Marshal(object)
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n", path, text)
	}
	return b.String()
}
