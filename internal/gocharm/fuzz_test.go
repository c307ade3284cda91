package gocharm

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzTools: whatever a hook tool answers, the typed calls give a value or an error that is fit
// for a log. What is in a secret is in no error.
func FuzzTools(f *testing.F) {
	for _, answer := range []string{
		`["gateway:10","gateway:2","gateway:x","x"]`, `["web/10","api/3","web/2",""]`, `"web"`, `{"uuid":"6b3f"}`, `{"a":"1\n"}`, `true`,
		`{"enforce-https":true,"hsts-max-age":31536000,"x":null}`, `{"cpkj1a2b3c4d5e6f7g8h":{"label":"key","revision":2,"expiry":"2026-01-01T00:00:00Z"}}`,
		`{"status":"active","message":"Gateway addresses: 10.0.0.9"}`, "secret:cpkj1a2b3c4d5e6f7g8h\n", `{"private-key":"-----BEGIN RSA"}`,
		`{"private-key":["-----BEGIN RSA"]}`, "null\n", "", `{} {}`, `{"a":`, "\xff",
	} {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		ctx, tools := t.Context(), NewTools(&recorder{answer: answer})
		ref := SecretRef{Label: "key"}
		check := func(value any, err error) {
			t.Helper()
			if err != nil {
				if !strings.HasPrefix(err.Error(), "cannot ") || !reflect.ValueOf(value).IsZero() {
					t.Errorf("error %v with %#v", err, value)
				}
				return
			}
			if of := reflect.ValueOf(value); of.Kind() == reflect.Map && of.IsNil() {
				t.Errorf("nil for an empty %T", value)
			}
		}
		ids, err := tools.RelationIDs(ctx, "gateway")
		check(ids, err)
		units, err := tools.RelationUnits(ctx, "gateway:3")
		check(units, err)
		for names, sep := range map[*[]string]string{&ids: ":", &units: "/"} {
			other := slices.Clone(*names)
			slices.Reverse(other)
			slices.SortFunc(other, func(a, b string) int { return compareNumbered(a, b, sep) })
			if !slices.Equal(*names, other) {
				t.Errorf("%q is sorted %q, and backwards %q", answer, *names, other)
			}
		}
		check(both(tools.RelationApplication(ctx, "gateway:3")))
		check(both(tools.RelationModelUUID(ctx, "gateway:3")))
		check(both(tools.UnitData(ctx, "gateway:3", "web/0")))
		check(both(tools.ApplicationData(ctx, "gateway:3", "web")))
		check(both(tools.State(ctx)))
		check(both(tools.GoalState(ctx)))
		check(both(tools.Config(ctx)))
		check(both(tools.ActionParams(ctx)))
		check(both(tools.IsLeader(ctx)))
		check(both(tools.SecretIDs(ctx)))
		check(both(tools.SecretInfo(ctx, ref)))
		check(both(tools.AddSecret(ctx, SecretSpec{})))

		content, err := tools.Secret(ctx, ref, Peek)
		check(content, err)
		if err != nil && err.Error() != `cannot read secret "key": secret-get did not answer with a JSON object of strings` {
			t.Errorf("the error tells of the secret: %v", err)
		}
	})
}

// both makes one value of two results.
func both[T any](value T, err error) (any, error) { return value, err }

// FuzzEncodeMap: what is sent to a hook tool arrives as it was.
func FuzzEncodeMap(f *testing.F) {
	f.Add("url", `"<a&b>"`)
	f.Add("odd", "\u0085\u007f\ufeff\u2028é😀\x00")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, key, value string) {
		encoded, err := encodeMap(map[string]string{key: value})
		if err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := decode(encoded, &back); err != nil {
			t.Fatalf("%q: %v", encoded, err)
		}
		if want := map[string]string{key: value}; utf8.ValidString(key) && utf8.ValidString(value) && !maps.Equal(back, want) {
			t.Errorf("%q is read as %q", want, back)
		}
		for _, r := range string(encoded) {
			if r < ' ' || r >= 0x7f && r <= 0x9f || r == 0xfeff || r == 0xfffe || r == 0xffff {
				t.Errorf("%q holds %q, which YAML does not take", encoded, r)
			}
		}
	})
}

// FuzzParseEvent: an environment that Juju does not make is refused, and never taken for another
// event than it is.
func FuzzParseEvent(f *testing.F) {
	for _, path := range []string{
		"hooks/install", "hooks/gateway-relation-changed", "hooks/a-relation-joined-relation-broken", "hooks/secret-remove", "actions/get-certificate",
		"actions/", "hooks/nginx-pebble-ready", "hooks/data-storage-attached", "", "hooks/gateway_changed", "/hooks/x", "hooks/\x1b[2J-relation-broken",
	} {
		f.Add(path, "gw/0", "gateway", "gateway:3", "web/0", "secret:cpkj", "1")
		f.Add(path, "gw/0", "a-relation-joined", "a-relation-joined:0", "", "", "")
		f.Add(path, "gw", "", "", "web", "secret://6b3f/", "-1")
	}
	f.Fuzz(func(t *testing.T, path, unit, relation, id, remote, secret, revision string) {
		env := map[string]string{
			"JUJU_DISPATCH_PATH": path, "JUJU_UNIT_NAME": unit, "JUJU_RELATION": relation, "JUJU_RELATION_ID": id, "JUJU_REMOTE_UNIT": remote,
			"JUJU_SECRET_ID": secret, "JUJU_SECRET_REVISION": revision, "JUJU_WORKLOAD_NAME": relation, "JUJU_STORAGE_ID": id,
		}
		event, err := ParseEvent(func(name string) string { return env[name] })
		if err != nil {
			text := err.Error()
			if !reflect.ValueOf(event).IsZero() || !strings.HasPrefix(text, "cannot read event: ") {
				t.Errorf("refused with %q, but gives %+v", text, event)
			}
			return
		}
		if application, _, found := strings.Cut(unit, "/"); !found || event.Application() != application || application == "" {
			t.Errorf("the application of %q is %q", unit, event.Application())
		}
		isRelation, isSecret := slices.Contains(relationHooks, event.Kind), slices.Contains(secretHooks, event.Kind)
		switch {
		case isRelation && (event.Relation == nil || event.Relation.ID == "" || event.Name != event.Relation.Endpoint+"-"+string(event.Kind)),
			isSecret != (event.Secret != nil), isSecret && (event.Secret.ID == "" || event.Secret.Revision < 0),
			(event.Kind == Action) != (event.Action != nil), (event.Kind == Exec) != (path == ""),
			slices.Contains(plainHooks, event.Kind) && path != "hooks/"+string(event.Kind):
			t.Errorf("%q is taken for %+v", path, event)
		}
		if event.Kind == Unknown && slices.ContainsFunc(relationHooks, func(kind Kind) bool { return strings.HasSuffix(path, "-"+string(kind)) }) {
			t.Errorf("%q is taken for a custom event", path)
		}
		if line := printable(event.String(), maxMessage, " "); strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("event not fit to show: %q", line)
		}
	})
}
