package jujutest_test

import (
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

const toolConfig = `options:
  host: {type: string, default: a.example}
  class: {type: string}
  tls: {type: boolean, default: true}
  age: {type: int, default: 5}
  ratio: {type: float, default: 0.5}
  token: {type: secret}
`

// toolCase is a script run on gw/0 outside any hook, and what it prints.
type toolCase struct {
	script string
	want   string
}

// toolWorld has gw (two units, gw/0 leads) related to a scripted web with two units.
func toolWorld(t *testing.T, changes ...func(*jujutest.Options)) *world {
	t.Helper()
	w := newWorld(t, changes...)
	w.deploy("gw", charmDir(t, providerMetadata, "true", "config.yaml", toolConfig), 2)
	w.must(w.AddScripted("web", jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, 2))
	if id := w.integrate("web", "gw:gateway"); id != 1 {
		t.Fatalf("relation id = %d, want 1 (the peer relation is 0)", id)
	}
	w.must(w.SetApplicationData(1, "web", map[string]string{"name": "<web>"}))
	w.must(w.SetUnitData(1, "web/1", map[string]string{"host": "h1"}))
	w.settle()
	return w
}

func runToolCases(t *testing.T, w *world, unit string, cases []toolCase) {
	t.Helper()
	for _, c := range cases {
		if got := w.exec(unit, c.script); got != c.want {
			t.Errorf("%s\ngot  %q\nwant %q", c.script, got, c.want)
		}
	}
}

func TestRelationTools(t *testing.T) {
	t.Parallel()
	runToolCases(t, toolWorld(t), "gw/0", []toolCase{
		{"relation-ids gateway --format=json", "[\"gateway:1\"]\ncode 0"},
		{"relation-ids gateway", "gateway:1\ncode 0"},
		{"relation-ids gateway --format yaml", "- gateway:1\ncode 0"},
		{"relation-ids nothing --format=json", "[]\ncode 0"},
		{"relation-ids nothing", "code 0"},
		{"relation-ids", "ERROR no endpoint name specified\ncode 2"},
		{"relation-ids a b", "ERROR unrecognized args: [\"b\"]\ncode 2"},
		{"relation-ids a --format xml", "ERROR invalid value \"xml\" for option --format: unknown format \"xml\"\ncode 2"},
		{"relation-ids --nope", "ERROR option provided but not defined: --nope\ncode 2"},
		{"relation-list -r gateway:1 --format=json", "[\"web/0\",\"web/1\"]\ncode 0"},
		{"relation-list -r 0 --format=json", "[\"gw/1\"]\ncode 0"},
		{"relation-list -r 1 --app --format=json", "\"web\"\ncode 0"},
		{"relation-list", "ERROR no relation id specified\ncode 2"},
		{"relation-list -r gateway:99", "ERROR invalid value \"gateway:99\" for option -r: relation not found\ncode 2"},
		{"relation-list -r gateway:x", "ERROR invalid value \"gateway:x\" for option -r: invalid relation id\ncode 2"},
		// Only the number of an id counts.
		{"relation-get -r anything:1 host web/1 --format=json", "\"h1\"\ncode 0"},
		{"relation-get -r 1 host web/0 --format=json", "null\ncode 0"},
		{"relation-get -r 1 host web/0", "code 0"},
		{"relation-get -r=1 --app - web --format json", "{\"name\":\"\\u003cweb\\u003e\"}\ncode 0"},
		{"relation-get -r 1 --app - web/0", "name: <web>\ncode 0"},
		{"relation-get -r 1 --app - gw --format=json", "{}\ncode 0"},
		{"relation-get -r 1 - web", "ERROR expected unit name, got application name \"web\"\ncode 2"},
		{"relation-get -r 1 - Web_0", "ERROR invalid unit name \"Web_0\"\ncode 2"},
		{"relation-get -r 1 -", "ERROR no unit or application specified\ncode 2"},
		{"relation-get", "ERROR no relation id specified\ncode 2"},
		{"relation-get -r 1 - web/0 more", "ERROR unrecognized args: [\"more\"]\ncode 2"},
		{"relation-get -r 1 - web/7", "ERROR permission denied\ncode 1"},
		{"relation-set -r 1 novalue", "ERROR expected \"key=value\", got \"novalue\"\ncode 2"},
		{"relation-set -r 1 a=b --format=json", "--format flag deprecated for command \"relation-set\"\ncode 0"},
		{"relation-set a=b", "ERROR no relation id specified\ncode 2"},
		{"echo 'a: [1]' | relation-set -r 1 --file - 2>/dev/null", "code 1"},
		{"relation-model-get -r 1 --format=json | cut -c1-9", "{\"uuid\":\"\ncode 0"},
	})
}

func TestRelationSetForms(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	runToolCases(t, w, "gw/0", []toolCase{{`
echo '{"from-stdin": "1", "both": "file", "number": 5}' | relation-set -r 1 --app --file - both=arg
echo 'from-file: "2"' > settings.yaml
relation-set --file settings.yaml -r gateway:1 other=x
relation-get -r 1 --app --format=json - gw
relation-get -r 1 from-file gw/0
`, "{\"both\":\"arg\",\"from-stdin\":\"1\",\"number\":\"5\"}\n2\ncode 0"}})
	if got := w.RelationData(1, "gw"); got["both"] != "arg" || got["from-stdin"] != "1" || len(got) != 3 {
		t.Errorf("application bag = %v", got)
	}
	if got := w.RelationData(1, "gw/0"); got["from-file"] != "2" || got["other"] != "x" {
		t.Errorf("unit bag = %v", got)
	}
	runToolCases(t, w, "gw/0", []toolCase{{"relation-set -r 1 --app both= from-stdin=", "code 0"}})
	if got := w.RelationData(1, "gw"); len(got) != 1 || got["number"] != "5" {
		t.Errorf("application bag after deletion = %v", got)
	}
}

func TestStatusTools(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	runToolCases(t, w, "gw/0", []toolCase{
		{"is-leader --format=json", "true\ncode 0"},
		{"is-leader", "True\ncode 0"},
		{"is-leader now", "ERROR unrecognized args: [\"now\"]\ncode 2"},
		{"status-set", "ERROR invalid args, require <status> [message]\ncode 2"},
		{"status-set error x", "ERROR invalid status \"error\", expected one of [maintenance blocked waiting active]\ncode 2"},
		{"status-set active all fine", "ERROR unrecognized args: [\"fine\"]\ncode 2"},
		{"status-set -- waiting '--for it'", "code 0"},
		{"status-get --format=json", "{\"status\":\"waiting\"}\ncode 0"},
		{"status-get", "waiting\ncode 0"},
		{"status-get --include-data --format=json", "{\"message\":\"--for it\",\"status\":\"waiting\",\"status-data\":{}}\ncode 0"},
		{"status-set --application active ready", "code 0"},
		{"status-get --application --format=json", "{\"application-status\":{\"status\":\"active\",\"units\":{\"gw/0\":{\"status\":\"waiting\"},\"gw/1\":{\"status\":\"unknown\"}}}}\ncode 0"},
		{"application-version-set", "ERROR no version specified\ncode 2"},
		{"application-version-set 1.2", "code 0"},
		{"juju-log", "ERROR no message specified\ncode 2"},
		{"juju-log -l WARNING hello world", "code 0"},
		{"juju-log --log-level odd -- -x", "code 0"},
	})
	runToolCases(t, w, "gw/1", []toolCase{
		{"is-leader --format=json", "false\ncode 0"},
		{"status-set --application active", "ERROR this unit is not the leader\ncode 1"},
		{"status-get --application", "ERROR finding application status: this unit is not the leader\ncode 1"},
		{"relation-set -r 1 --app a=b", "ERROR cannot write relation settings\ncode 1"},
	})
	status := w.Status()
	if app := status.Application("gw"); app.Status != "active" || app.Message != "ready" || app.Version != "1.2" {
		t.Errorf("application status = %+v", app)
	}
	if unit := status.Unit("gw/0"); unit.Status != "waiting" || unit.Message != "--for it" || !unit.Leader {
		t.Errorf("unit status = %+v", unit)
	}
}

func TestConfigAndStateTools(t *testing.T) {
	t.Parallel()
	runToolCases(t, toolWorld(t), "gw/0", []toolCase{
		{"config-get --format=json", "{\"age\":5,\"host\":\"a.example\",\"ratio\":0.5,\"tls\":true}\ncode 0"},
		{"config-get --all --format=json", "{\"age\":5,\"class\":null,\"host\":\"a.example\",\"ratio\":0.5,\"tls\":true,\"token\":null}\ncode 0"},
		{"config-get class --format=json", "null\ncode 0"},
		{"config-get nothing --format=json", "null\ncode 0"},
		{"config-get nothing", "code 0"},
		{"config-get age", "5\ncode 0"},
		{"config-get ratio", "0.5\ncode 0"},
		{"config-get tls", "True\ncode 0"},
		{"config-get age -a", "ERROR cannot use argument --all together with key \"age\"\ncode 2"},
		{"config-get age tls", "ERROR unrecognized args: [\"tls\"]\ncode 2"},
		{"state-get --format=json", "null\ncode 0"},
		{"state-get a --format=json", "\"\"\ncode 0"},
		{"state-get a --strict", "ERROR \"a\" not found\ncode 1"},
		{"echo 'b: two' | state-set --file - a=1; state-get --format=json", "{\"a\":\"1\",\"b\":\"two\"}\ncode 0"},
		{"state-delete; state-get a", "1\ncode 0"},
		{"state-delete a; state-delete unknown; state-get --format=json", "{\"b\":\"two\"}\ncode 0"},
		{"state-get b", "two\ncode 0"},
		{"state-set novalue", "ERROR expected \"key=value\", got \"novalue\"\ncode 2"},
		{"state-set $(head -c 257 /dev/zero | tr '\\0' k)=x", "ERROR max allowed key length (256 bytes) exceeded\ncode 1"},
		{"(printf 'k: '; head -c 65537 /dev/zero | tr '\\0' v) | state-set --file -", "ERROR max allowed value length (65536 bytes) exceeded\ncode 1"},
	})
}

func TestMiscellaneousTools(t *testing.T) {
	t.Parallel()
	w := toolWorld(t, func(o *jujutest.Options) {
		o.UnitAddress = func(unit string) string {
			return map[string]string{"gw/0": "10.1.9.9"}[unit]
		}
	})
	runToolCases(t, w, "gw/0", []toolCase{
		{"unit-get private-address", "10.1.9.9\ncode 0"},
		{"unit-get shoe-size", "ERROR unknown setting \"shoe-size\"\ncode 2"},
		{"network-get gateway --ingress-address", "10.1.9.9\ncode 0"},
		{"network-get gateway --format=json", `{"bind-addresses":[{"addresses":[{"cidr":"","hostname":"","value":"10.1.9.9"}],"interface-name":"","mac-address":""}],"egress-subnets":["10.1.9.9/32"],"ingress-addresses":["10.1.9.9"]}` + "\ncode 0"},
		{"network-get nothing", "ERROR no network config found for binding \"nothing\"\ncode 1"},
		{"open-port 80; open-port 53/udp; opened-ports --format=json", "[\"53/udp\",\"80/tcp\"]\ncode 0"},
		{"close-port 80; opened-ports", "53/udp\ncode 0"},
		{"open-port 80-90", "ERROR port ranges are not supported for k8s applications, please specify a single port\ncode 2"},
		{"credential-get", "ERROR cannot access cloud credentials: permission denied\ncode 1"},
		{"action-get", "ERROR not running an action\ncode 1"},
		{"action-fail", "ERROR not running an action\ncode 1"},
		{"action-set a=b", "ERROR not running an action\ncode 1"},
		{"is-leader --help >/dev/null", "code 0"},
		{"is-leader -o answer --format=json; cat answer", "true\ncode 0"},
		{"goal-state --format=json | tr -d ' ' | grep -c '\"web/1\":{\"since\":\".*\",\"status\":\"active\"}'", "1\ncode 0"},
		{"goal-state --format=json | tr -d ' ' | grep -c '\"relations\":{\"gateway\":{\"web\":{\"since\":\"20[^\"]*\",\"status\":\"joined\"},'", "1\ncode 0"},
		{"goal-state | grep -c peers", "0\ncode 1"},
		// A tool Juju has and the simulator lacks, and one nobody has.
		{"storage-list", "ERROR jujutest does not simulate the hook tool \"storage-list\"\ncode 2"},
		{"relation-destroy 2>/dev/null", "code 127"},
	})
}

func TestUnitPathHasOnlyTools(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	runToolCases(t, w, "gw/0", []toolCase{
		{"relation-get -r 1 ingress-address web/0 | grep -c '^10[.]1[.]'", "1\ncode 0"},
		{"echo ${HOME-unset} ${USER-unset} ${JUJU_DISPATCH_PATH-unset} ${JUJU_HOOK_NAME-unset}", "unset unset unset\ncode 0"},
	})
}

// An integer comes out of the agent's JSON as a float, and only as JSON looks like an integer.
func TestLargeIntegers(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 31536000}))
	runToolCases(t, w, "gw/0", []toolCase{
		{"config-get age", "3.1536e+07\ncode 0"},
		{"config-get age --format=yaml", "3.1536e+07\ncode 0"},
		{"config-get age --format=json", "31536000\ncode 0"},
		{"config-get --format=json | grep -o '\"age\":[^,]*'", "\"age\":31536000\ncode 0"},
	})
}
