package gocharm

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// recorder answers every call with the same text and keeps the calls.
type recorder struct {
	answer string
	err    error
	calls  []Call
}

func (r *recorder) Run(_ context.Context, call Call) ([]byte, error) {
	r.calls = append(r.calls, call)
	return []byte(r.answer), r.err
}

func (r *recorder) Close() error { return nil }

// done is the value of what returns only an error.
func done(err error) (any, error) { return nil, err }

// oneCall is one typed call: what it runs (tool and arguments, and what goes
// beside them) and what it makes of an answer.
type oneCall struct {
	name    string
	do      func(context.Context, *Tools) (any, error)
	run     []string
	stdin   string
	content map[string]string
	answer  string
	want    any
}

func testCalls(t *testing.T, tests []oneCall) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{answer: test.answer}
			got, err := test.do(t.Context(), NewTools(r))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
			if test.run == nil {
				if len(r.calls) > 0 {
					t.Errorf("ran %+v, want no call", r.calls)
				}
				return
			}
			want := Call{Tool: test.run[0], Args: append([]string(nil), test.run[1:]...), Content: test.content}
			if test.stdin != "" {
				want.Stdin = []byte(test.stdin)
			}
			if len(r.calls) != 1 || !reflect.DeepEqual(r.calls[0], want) {
				t.Errorf("ran  %q\nwant %q", r.calls, want)
			}

			failure := &ToolError{Tool: test.run[0], Code: 1, Stderr: "ERROR permission denied"}
			_, err = test.do(t.Context(), NewTools(&recorder{err: failure}))
			if !errors.Is(err, ErrPermissionDenied) || !strings.HasPrefix(err.Error(), "cannot ") {
				t.Errorf("with a failing tool: got error %v", err)
			}
		})
	}
}

func TestGoalState(t *testing.T) {
	t.Parallel()
	testCalls(t, []oneCall{
		{
			name: "goal state",
			do:   func(ctx context.Context, tools *Tools) (any, error) { return tools.GoalState(ctx) },
			run:  []string{"goal-state", "--format=json"},
			answer: `{"units":{"gw/0":{"status":"dying","since":"2026-01-01 00:00:00Z"}},` +
				`"relations":{"certificates":{"admin/prod.ca":{"status":"joined"},"ca":{"status":"joined"}}}}`,
			want: GoalState{
				Units:     map[string]string{"gw/0": Dying},
				Relations: map[string]map[string]string{"certificates": {"admin/prod.ca": "joined", "ca": "joined"}},
			},
		},
		{
			name:   "nothing",
			do:     func(ctx context.Context, tools *Tools) (any, error) { return tools.GoalState(ctx) },
			run:    []string{"goal-state", "--format=json"},
			answer: "null",
			want:   GoalState{Units: map[string]string{}, Relations: map[string]map[string]string{}},
		},
	})
}

func TestRelationCalls(t *testing.T) {
	t.Parallel()
	data := map[string]string{"url": `"<a&b>"`, "a": "", "odd": "\u0085\u007f\ufeff\u2028é😀"}
	encoded := `{"a":"","odd":"\u0085\u007f\ufeff\u2028é😀","url":"\"\u003ca\u0026b\u003e\""}`
	ids := func(ctx context.Context, t *Tools) (any, error) { return t.RelationIDs(ctx, "gateway") }
	units := func(ctx context.Context, t *Tools) (any, error) { return t.RelationUnits(ctx, "gateway:3") }
	app := func(ctx context.Context, t *Tools) (any, error) { return t.RelationApplication(ctx, "gateway:3") }
	model := func(ctx context.Context, t *Tools) (any, error) { return t.RelationModelUUID(ctx, "gateway:3") }
	unitData := func(ctx context.Context, t *Tools) (any, error) { return t.UnitData(ctx, "gateway:3", "web/0") }
	appData := func(ctx context.Context, t *Tools) (any, error) { return t.ApplicationData(ctx, "gateway:3", "web") }
	idsRun := []string{"relation-ids", "--format=json", "gateway"}
	unitsRun := []string{"relation-list", "--format=json", "-r", "gateway:3"}
	appRun := append(unitsRun[:4:4], "--app")
	modelRun := []string{"relation-model-get", "--format=json", "-r", "gateway:3"}
	unitDataRun := []string{"relation-get", "--format=json", "-r", "gateway:3", "-", "web/0"}
	appDataRun := []string{"relation-get", "--format=json", "-r", "gateway:3", "--app", "-", "web"}
	testCalls(t, []oneCall{
		{
			name: "ids by number", do: ids, run: idsRun, answer: `["gateway:10","gateway:2","gateway:x"]`,
			want: []string{"gateway:2", "gateway:10", "gateway:x"},
		},
		{name: "no ids", do: ids, run: idsRun, answer: "[]\n", want: []string{}},
		{
			name: "units in natural order", do: units, run: unitsRun, answer: `["web/10","api/3","web/2"]`,
			want: []string{"api/3", "web/2", "web/10"},
		},
		{name: "units null", do: units, run: unitsRun, answer: "null\n", want: []string(nil)},
		{name: "application", do: app, run: appRun, answer: `"web"`, want: "web"},
		{name: "application null", do: app, run: appRun, answer: "null", want: ""},
		{name: "model", do: model, run: modelRun, answer: `{"uuid":"6b3f"}`, want: "6b3f"},
		{name: "unit data", do: unitData, run: unitDataRun, answer: `{"a":"1\n"}`, want: map[string]string{"a": "1\n"}},
		{name: "unit data null", do: unitData, run: unitDataRun, answer: "null", want: map[string]string{}},
		{name: "application data", do: appData, run: appDataRun, answer: `{"a":"1"}`, want: map[string]string{"a": "1"}},
		{name: "application data null", do: appData, run: appDataRun, answer: "null", want: map[string]string{}},
		{
			name: "set application data", run: []string{"relation-set", "-r", "gateway:3", "--app", "--file", "-"}, stdin: encoded,
			do: func(ctx context.Context, t *Tools) (any, error) {
				return done(t.SetApplicationData(ctx, "gateway:3", data))
			},
		},
		{
			name: "set nothing",
			do: func(ctx context.Context, t *Tools) (any, error) {
				return done(t.SetApplicationData(ctx, "gateway:3", nil))
			},
		},
	})
}

func TestSecretCalls(t *testing.T) {
	t.Parallel()
	content := map[string]string{"private-key": "hunter2"}
	full := SecretSpec{
		Label: "-key", Description: "a key", Owner: OwnerUnit, Rotate: RotateNever, Content: content,
		Expire: time.Date(2026, 11, 23, 12, 0, 0, 5, time.FixedZone("", 3600)),
	}
	flags := []string{"--label=-key", "--description=a key", "--expire=2026-11-23T11:00:00Z", "--rotate=never"}
	add := func(spec SecretSpec) func(context.Context, *Tools) (any, error) {
		return func(ctx context.Context, t *Tools) (any, error) { return t.AddSecret(ctx, spec) }
	}
	set := func(spec SecretSpec) func(context.Context, *Tools) (any, error) {
		return func(ctx context.Context, t *Tools) (any, error) { return done(t.SetSecret(ctx, "secret:cpkj", spec)) }
	}
	get := func(ref SecretRef, mode SecretMode) func(context.Context, *Tools) (any, error) {
		return func(ctx context.Context, t *Tools) (any, error) { return t.Secret(ctx, ref, mode) }
	}
	info := func(ctx context.Context, t *Tools) (any, error) { return t.SecretInfo(ctx, SecretRef{Label: "key"}) }
	ids := func(ctx context.Context, t *Tools) (any, error) { return t.SecretIDs(ctx) }
	testCalls(t, []oneCall{
		{
			name: "add", do: add(full), run: append([]string{"secret-add"}, append(flags, "--owner=unit")...), content: content,
			answer: "secret://6b3f/cpkj\n", want: "secret://6b3f/cpkj",
		},
		{
			name: "add the least", do: add(SecretSpec{Content: content}), run: []string{"secret-add"}, content: content,
			answer: "secret:cpkj", want: "secret:cpkj",
		},
		{name: "set", do: set(full), run: append([]string{"secret-set", "secret:cpkj"}, flags...), content: content},
		{name: "set label", do: set(SecretSpec{Label: "key"}), run: []string{"secret-set", "secret:cpkj", "--label=key"}},
		{name: "set nothing", do: set(SecretSpec{})},
		{
			name: "get", do: get(SecretRef{ID: "cpkj"}, Plain), run: []string{"secret-get", "cpkj", "--format=json"},
			answer: `{"private-key":"hunter2"}`, want: content,
		},
		{
			name: "get by label", do: get(SecretRef{Label: "key"}, Peek), run: []string{"secret-get", "--label=key", "--format=json", "--peek"},
			answer: "null", want: map[string]string{},
		},
		{
			name: "get and label", do: get(SecretRef{ID: "cpkj", Label: "key"}, Refresh),
			run: []string{"secret-get", "cpkj", "--label=key", "--format=json", "--refresh"}, answer: `{}`, want: map[string]string{},
		},
		{
			name: "info", do: info, run: []string{"secret-info-get", "--format=json", "--label=key"},
			answer: `{"cpkj":{"revision":2,"label":"key","owner":"application","description":"d","rotation":"never",
				"expiry":"2026-11-23T11:00:00Z","access":[{"target":"application-foo","scope":"relation-x","role":"view"}]}}`,
			want: SecretInfo{
				ID: "cpkj", Label: "key", Revision: 2, Owner: OwnerApplication, Description: "d", Rotation: RotateNever,
				Expiry: time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC),
				Access: []SecretAccess{{Target: "application-foo", Scope: "relation-x", Role: "view"}},
			},
		},
		{name: "ids", do: ids, run: []string{"secret-ids", "--format=json"}, answer: `["b","secret:a"]`, want: []string{"a", "b"}},
		{name: "ids null", do: ids, run: []string{"secret-ids", "--format=json"}, answer: "null", want: []string(nil)},
		{
			name: "remove revision", run: []string{"secret-remove", "cpkj", "--revision", "4"},
			do: func(ctx context.Context, t *Tools) (any, error) { return done(t.RemoveSecret(ctx, "cpkj", 4)) },
		},
		{
			name: "remove", run: []string{"secret-remove", "cpkj"},
			do: func(ctx context.Context, t *Tools) (any, error) { return done(t.RemoveSecret(ctx, "cpkj", 0)) },
		},
	})
}

func TestUnitCalls(t *testing.T) {
	t.Parallel()
	config := func(ctx context.Context, t *Tools) (any, error) { return t.Config(ctx) }
	leader := func(ctx context.Context, t *Tools) (any, error) { return t.IsLeader(ctx) }
	status := func(s Status) func(context.Context, *Tools) (any, error) {
		return func(ctx context.Context, t *Tools) (any, error) { return done(t.SetStatus(ctx, s)) }
	}
	log := func(message string) func(context.Context, *Tools) (any, error) {
		return func(ctx context.Context, t *Tools) (any, error) { return done(t.Log(ctx, LevelWarning, message)) }
	}
	state := func(ctx context.Context, t *Tools) (any, error) { return t.State(ctx) }
	testCalls(t, []oneCall{
		{
			name: "config", do: config, run: []string{"config-get", "--format=json"},
			answer: `{"enforce-https":true,"hsts-max-age":31536000,"external-hostname":"a.example"}`,
			want:   map[string]any{"enforce-https": true, "hsts-max-age": json.Number("31536000"), "external-hostname": "a.example"},
		},
		{name: "config null", do: config, run: []string{"config-get", "--format=json"}, answer: "null", want: map[string]any{}},
		{name: "leader", do: leader, run: []string{"is-leader", "--format=json"}, answer: "true\n", want: true},
		{name: "not leader", do: leader, run: []string{"is-leader", "--format=json"}, answer: "false\n", want: false},
		{name: "status", do: status(Status{Active, ""}), run: []string{"status-set", "--", "active"}},
		{
			name: "status text", do: status(Status{Blocked, "--why\nnot\x1b[31m\x00 é\n"}),
			run: []string{"status-set", "--", "blocked", `--why not\x1b[31m\x00 é`},
		},
		{
			name: "version", run: []string{"application-version-set", "--", "1.2"},
			do: func(ctx context.Context, t *Tools) (any, error) { return done(t.SetApplicationVersion(ctx, "1.2")) },
		},
		{
			name: "log", do: log("-one\r\ntwo\tand\xff\n\n"),
			run: []string{"juju-log", "--log-level=WARNING", "--", "-one\n    two and\uFFFD"},
		},
		{
			name: "long log", do: log(strings.Repeat("x", maxMessage-1) + "é more"),
			run: []string{"juju-log", "--log-level=WARNING", "--", strings.Repeat("x", maxMessage-1) + "... (7 bytes more)"},
		},
		{name: "empty log", do: log("\n")},
		{name: "state", do: state, run: []string{"state-get", "--format=json"}, answer: `{"a":"1"}`, want: map[string]string{"a": "1"}},
		{name: "state null", do: state, run: []string{"state-get", "--format=json"}, answer: "null\n", want: map[string]string{}},
		{
			name: "set state", run: []string{"state-set", "--file", "-"}, stdin: `{"a":"1","b":""}`,
			do: func(ctx context.Context, t *Tools) (any, error) {
				return done(t.SetState(ctx, map[string]string{"b": "", "a": "1"}))
			},
		},
		{name: "set no state", do: func(ctx context.Context, t *Tools) (any, error) { return done(t.SetState(ctx, nil)) }},
		{
			name: "delete state", run: []string{"state-delete", "--", "a"},
			do: func(ctx context.Context, t *Tools) (any, error) { return done(t.DeleteState(ctx, "a")) },
		},
	})
}

func TestActionCalls(t *testing.T) {
	t.Parallel()
	params := func(ctx context.Context, t *Tools) (any, error) { return t.ActionParams(ctx) }
	results := func(r map[string]string) func(context.Context, *Tools) (any, error) {
		return func(ctx context.Context, t *Tools) (any, error) { return done(t.SetActionResults(ctx, r)) }
	}
	fail := func(message string) func(context.Context, *Tools) (any, error) {
		return func(ctx context.Context, t *Tools) (any, error) { return done(t.FailAction(ctx, message)) }
	}
	testCalls(t, []oneCall{
		{
			name: "params", do: params, run: []string{"action-get", "--format=json"}, answer: `{"hostname":"a","n":1}`,
			want: map[string]any{"hostname": "a", "n": json.Number("1")},
		},
		{name: "params null", do: params, run: []string{"action-get", "--format=json"}, answer: "null", want: map[string]any{}},
		{
			name: "results", do: results(map[string]string{"chain": "-----BEGIN\n=\n", "ca.first": ""}),
			run: []string{"action-set", "ca.first=", "chain=-----BEGIN\n=\n"},
		},
		{name: "no results", do: results(nil)},
		{name: "fail", do: fail("-- no\ncertificate"), run: []string{"action-fail", "--", "-- no\ncertificate"}},
		{name: "fail without reason", do: fail(""), run: []string{"action-fail"}},
	})
}

// What must not reach a tool, and answers that cannot be read.
func TestToolsErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		do           func(context.Context, *Tools) error
		calls        int
	}{
		{"status of no kind", "", func(ctx context.Context, t *Tools) error { return t.SetStatus(ctx, Status{Kind: "error"}) }, 0},
		{"result key", "", func(ctx context.Context, t *Tools) error {
			return t.SetActionResults(ctx, map[string]string{"--help": "x"})
		}, 0},
		{"not JSON", "hello", func(ctx context.Context, t *Tools) error { return second(t.Config(ctx)) }, 1},
		{"two values", "true false", func(ctx context.Context, t *Tools) error { return second(t.IsLeader(ctx)) }, 1},
		{"list for a map", "[]", func(ctx context.Context, t *Tools) error { return second(t.UnitData(ctx, "a:1", "b/0")) }, 1},
		{"number in a bag", `{"a":1}`, func(ctx context.Context, t *Tools) error { return second(t.UnitData(ctx, "a:1", "b/0")) }, 1},
		{"no id", "\n", func(ctx context.Context, t *Tools) error { return second(t.AddSecret(ctx, SecretSpec{Label: "key"})) }, 1},
		{"nothing about a secret", "{}", func(ctx context.Context, t *Tools) error { return second(t.SecretInfo(ctx, SecretRef{ID: "a"})) }, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{answer: test.answer}
			if err := test.do(t.Context(), NewTools(r)); err == nil || !strings.HasPrefix(err.Error(), "cannot ") {
				t.Errorf("got error %v", err)
			}
			if len(r.calls) != test.calls {
				t.Errorf("%d calls, want %d", len(r.calls), test.calls)
			}
		})
	}
	// JSON's own errors quote what they stumble over.
	_, err := NewTools(&recorder{answer: `{"pin":4711}`}).Secret(t.Context(), SecretRef{Label: "key"}, Plain)
	if err == nil || strings.Contains(err.Error(), "4711") {
		t.Errorf("secret that is no string: got error %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestSecretID(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"cpkj", "secret:cpkj", "secret://6b3f/cpkj", "secret:6b3f/cpkj"} {
		if got := SecretID(uri); got != "cpkj" {
			t.Errorf("%s: got %q", uri, got)
		}
	}
}
