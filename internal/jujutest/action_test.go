package jujutest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const actionsYAML = `
get-certificate:
  description: shows a certificate
  params:
    hostname: {type: string}
    format: {type: string, default: pem, enum: [pem, der]}
    limits:
      type: object
      properties:
        days: {type: integer, default: 30}
  additionalProperties: false
strict:
  params:
    name: {type: string}
  required: [name]
`

const actionScript = `
case $JUJU_DISPATCH_PATH in actions/*) eval "$(cat "$JUJU_CHARM_DIR/script")" ;; esac
`

func TestActions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		script string
		params map[string]any
		want   map[string]string
		status string
		log    []string
	}{
		{
			name:   "parameters with defaults",
			script: `action-set all="$(action-get --format=json)" days=$(action-get limits.days) none="$(action-get a.b --format=json)"`,
			params: map[string]any{"hostname": "a.example"},
			want: map[string]string{
				"all":  `{"format":"pem","hostname":"a.example","limits":{"days":30}}`,
				"days": "30", "none": "null", "return-code": "0",
			},
			status: "completed: ",
		},
		{
			name:   "results and output",
			script: `action-set a.b=1 c=x=y; action-set c=2; action-set a.b.c=3; action-log hello there; echo out; echo err >&2`,
			want:   map[string]string{"a.b.c": "3", "c": "2", "stdout": "out\n", "stderr": "err\n", "return-code": "0"},
			status: "completed: ",
			log:    []string{"hello there"},
		},
		{
			name:   "action-fail does not end it",
			script: `action-fail "no such host"; action-set after=yes`,
			want:   map[string]string{"after": "yes", "return-code": "0"},
			status: "failed: no such host",
		},
		{
			name:   "action-fail without words",
			script: `action-fail`,
			want:   map[string]string{"return-code": "0"},
			status: "failed: action failed without reason given, check action for errors",
		},
		{
			name:   "a bad exit hides the message and keeps results",
			script: `relation-set -r 0 key=lost; action-set kept=yes; action-fail "hidden"; exit 4`,
			want:   map[string]string{"kept": "yes", "return-code": "4"},
			status: "failed: exit status 4",
		},
		{
			name:   "bad keys",
			script: `action-set Big=1 || true; action-set a..b=1 || true; action-set stdout=1 || true; action-set noequals || true`,
			want: map[string]string{"return-code": "0", "stderr": strings.Join([]string{
				`ERROR key "Big" must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric, hyphens and periods`,
				`ERROR key "" must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric, hyphens and periods`,
				`ERROR cannot set reserved action key "stdout"`,
				`ERROR argument "noequals" must be of the form key...=value`,
				"",
			}, "\n")},
			status: "completed: ",
		},
		{
			name:   "variables",
			script: `action-set v="$JUJU_ACTION_NAME $JUJU_ACTION_TAG $JUJU_DISPATCH_PATH [$JUJU_HOOK_NAME]"`,
			want:   map[string]string{"v": "get-certificate action-1 actions/get-certificate []", "return-code": "0"},
			status: "completed: ",
		},
		{
			name:   "output that is not UTF-8",
			script: `printf '\377'`,
			want:   map[string]string{"stdout": "/w==", "stdout-encoding": "base64", "return-code": "0"},
			status: "completed: ",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy("gw", charmDir(t, providerMetadata, actionScript, "actions.yaml", actionsYAML, "script", test.script), 1)
			w.settle()
			result, err := w.RunAction(w.ctx, "gw/0", "get-certificate", test.params)
			w.must(err)
			if got := result.Status + ": " + result.Message; got != test.status {
				t.Errorf("status = %q, want %q", got, test.status)
			}
			if diff := cmp.Diff(test.want, result.Results); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			equal(t, "log", result.Log, test.log)
			if got := w.RelationData(0, "gw/0")["key"]; got != "" {
				t.Errorf("a failed action wrote %q", got)
			}
			if agent := w.Status().Unit("gw/0").Agent; agent != "idle" {
				t.Errorf("agent = %s after an action", agent)
			}
		})
	}
}

func TestActionErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, "true", "actions.yaml", actionsYAML), 1)
	w.settle()
	for _, test := range []struct {
		unit, action string
		params       map[string]any
		want         string
	}{
		{"gw/0", "nope", nil, `action "nope" not defined on unit "gw/0"`},
		{"gw/7", "strict", nil, `unit "gw/7" not found`},
		{"gw/0", "strict", nil, `cannot run action "strict": validation failed: (root) : "name" property is missing and required`},
		{"gw/0", "strict", map[string]any{"name": 5}, `cannot run action "strict": validation failed: (root).name : must be of type string, given 5`},
		{"gw/0", "get-certificate", map[string]any{"x": 5}, `cannot run action "get-certificate": validation failed: (root) : additional property "x" is not allowed`},
		{"gw/0", "get-certificate", map[string]any{"format": "text"}, `cannot run action "get-certificate": validation failed: (root).format : must match one of the enum values [pem der], given text`},
	} {
		if _, err := w.RunAction(w.ctx, test.unit, test.action, test.params); err == nil || err.Error() != test.want {
			t.Errorf("%s on %s: %v\nwant %s", test.action, test.unit, err, test.want)
		}
	}
}

// An action overtakes relation events, and comes after a new relation's first one.
func TestActionPriority(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, "true", "actions.yaml", actionsYAML), 1)
	w.settle()
	w.take()
	scriptedWeb(t, w, 1)
	w.integrate("web", "gw")
	if _, err := w.RunAction(w.ctx, "gw/0", "get-certificate", nil); err != nil {
		t.Fatal(err)
	}
	w.settle()
	equal(t, "order", w.events("gw/0"), []string{
		"gateway-relation-created web", "get-certificate", "gateway-relation-joined web/0", "gateway-relation-changed web/0",
	})
}
