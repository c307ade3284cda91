package state_test

import (
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// unusual returns a value other than the default for each option: the first of these that the option
// accepts.
func unusual(t *testing.T) map[string]any {
	t.Helper()
	defaults, _ := state.ParseConfig(nil)
	values := map[string]any{}
	for name := range optionsOf(t) {
		for _, value := range []any{false, true, 7, "subdomain", "10.0.0.0/8", "www.example.com"} {
			if config, problems := state.ParseConfig(map[string]any{name: value}); len(problems) == 0 && config != defaults {
				values[name] = value
				break
			}
		}
	}
	return values
}

// optionsOf are the options of config.yaml, with their defaults.
func optionsOf(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Options map[string]struct{ Default any }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	defaults := map[string]any{}
	for name, option := range file.Options {
		defaults[name] = option.Default
	}
	return defaults
}

// notHeld are the options that take effect although another one is wrong.
var notHeld = []string{"GatewayClass", "EnforceHTTPS"}

// TestOptionsAreAll: every option of config.yaml is read into a field of its own, with its default.
func TestOptionsAreAll(t *testing.T) {
	t.Parallel()
	defaults, _ := state.ParseConfig(nil)
	set := map[string]bool{}
	options, unusual := optionsOf(t), unusual(t)
	for name, byDefault := range options {
		if named, problems := state.ParseConfig(map[string]any{name: byDefault}); named != defaults || len(problems) > 0 {
			t.Errorf("%s: its default gives %+v, %v", name, named, problems)
		}
		if unusual[name] == nil {
			t.Errorf("%s takes none of the values of unusual: add one that is not its default", name)
		}
		config, problems := state.ParseConfig(map[string]any{name: unusual[name]})
		if len(problems) > 0 || config == defaults {
			t.Errorf("%s: %v gives %+v, %v", name, unusual[name], config, problems)
		}
		for i := range reflect.TypeFor[state.Config]().NumField() {
			if !reflect.ValueOf(config).Field(i).Equal(reflect.ValueOf(defaults).Field(i)) {
				set[reflect.TypeFor[state.Config]().Field(i).Name] = true
			}
		}
		if state.ExampleOf(name) == "" {
			t.Errorf("%s has no example", name)
		}
	}
	if fields := reflect.TypeFor[state.Config]().NumField(); len(set) != fields || len(options) != fields {
		t.Errorf("%d options set %d of %d fields", len(options), len(set), fields)
	}
}

// TestHeld: while an option is wrong, each field that is not in notHeld stays as it is served, and
// a note of what is served has all of them.
func TestHeld(t *testing.T) {
	t.Parallel()
	served, _ := state.ParseConfig(unusual(t))
	asked, _ := state.ParseConfig(nil)
	noted, hostKnown, ok := state.ReadNote(served.Note(true))
	if !ok || !hostKnown {
		t.Fatalf("the note %s is read as %+v, %t, %t", served.Note(true), noted, hostKnown, ok)
	}
	held := asked.Held(noted)
	for i := range reflect.TypeFor[state.Config]().NumField() {
		name, want := reflect.TypeFor[state.Config]().Field(i).Name, served
		if slices.Contains(notHeld, name) {
			want = asked
		}
		if got := reflect.ValueOf(held).Field(i); !got.Equal(reflect.ValueOf(want).Field(i)) {
			t.Errorf("%s is %v", name, got)
		}
	}
}

// TestNote writes and reads the settings from which the Gateway was made.
func TestNote(t *testing.T) {
	t.Parallel()
	some, _ := state.ParseConfig(unusual(t))
	defaults, _ := state.ParseConfig(nil)
	for _, c := range []struct {
		config    state.Config
		hostKnown bool
		want      string
	}{
		{defaults, true, `{"external-hostname":"","hsts-max-age":31536000}`},
		{defaults, false, `{"hsts-max-age":31536000}`},
		{some, true, `{"external-hostname":"subdomain","hsts-max-age":7,"routing-mode":"subdomain","cross-model-networks":"10.0.0.0/8","hosts-per-relation":7,"certificates-per-hour":7}`},
	} {
		got := c.config.Note(c.hostKnown)
		if got != c.want {
			t.Errorf("noted %s, want %s", got, c.want)
		}
		if again, hostKnown, ok := state.ReadNote(got); !ok || hostKnown != c.hostKnown || again.Note(hostKnown) != got {
			t.Errorf("%s is read as %+v, %t, %t", got, again, hostKnown, ok)
		}
	}
}

// TestWrongNotes: a note that somebody else wrote does not count.
func TestWrongNotes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "no JSON", `[]`, `{} {}`, `{"external-hostname":"WWW.example.com"}`, `{"external-hostname":"10.0.0.1"}`,
		`{"external-hostname":["a"]}`, `{"hsts-max-age":-1}`, `{"hsts-max-age":"5"}`, `{"hsts-max-age":1.5}`, `{"routing-mode":"port"}`,
		`{"routing-mode":" subdomain"}`, `{"cross-model-networks":"10.0.0.1/8"}`, `{"hosts-per-relation":0}`, `{"certificates-per-hour":"16"}`,
	} {
		if config, _, ok := state.ReadNote(text); ok {
			t.Errorf("%s is believed: %+v", text, config)
		}
	}
	// A newer release may know more options, and Juju's numbers may have any form.
	if _, hostKnown, ok := state.ReadNote(`{"external-hostname":"www.example.com","hsts-max-age":0,"tomorrow":1}`); !ok || !hostKnown {
		t.Errorf("read %t, the host %t", ok, hostKnown)
	}
}

// TestWith takes one option from what is served, if it is a held one.
func TestWith(t *testing.T) {
	t.Parallel()
	served, _ := state.ParseConfig(unusual(t))
	asked, _ := state.ParseConfig(nil)
	want := asked
	want.HSTSMaxAge = 7
	if diff := cmp.Diff(want, asked.With("hsts-max-age", served).With("gateway-class", served)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
