package jujutest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// dumpEnv is a dispatch that keeps its whole environment, arguments and stdin for the test.
const dumpEnv = `
name=$(basename $JUJU_DISPATCH_PATH)
tr '\0' '\n' < /proc/$$/environ > $DUMP/$name
echo "$# arguments, stdin $(readlink /proc/$$/fd/0), in $(pwd)" > $DUMP/$name.process
`

func TestEnvironment(t *testing.T) {
	t.Parallel()
	dump := t.TempDir()
	w := newWorld(t, func(o *jujutest.Options) {
		o.Model = "prod"
		o.ModelUUID = "11111111-2222-4333-8444-555555555555"
		o.Env = func(unit string) []string { return []string{"DUMP=" + dump, "FOR=" + unit, "PATH=/usr/bin:/bin"} }
	})
	w.deploy("gw", charmDir(t, providerMetadata, dumpEnv, "actions.yaml", "look: {}\n"), 1)
	scriptedWeb(t, w, 1)
	w.integrate("web", "gw")
	w.settle()
	if _, err := w.RunAction(w.ctx, "gw/0", "look", nil); err != nil {
		t.Fatal(err)
	}
	w.must(w.RemoveRelation(w.ctx, "web", "gw"))
	w.settle()

	always := map[string]string{
		"CHARM_DIR": w.CharmDir("gw/0"), "JUJU_CHARM_DIR": w.CharmDir("gw/0"),
		"JUJU_AGENT_SOCKET_NETWORK": "unix", "JUJU_UNIT_NAME": "gw/0",
		"JUJU_MODEL_UUID": "11111111-2222-4333-8444-555555555555", "JUJU_MODEL_NAME": "prod",
		"JUJU_VERSION": "3.6.28", "JUJU_MACHINE_ID": "", "JUJU_AVAILABILITY_ZONE": "", "JUJU_PRINCIPAL_UNIT": "",
		"CLOUD_API_VERSION": "1.32.0", "JUJU_CHARM_HTTP_PROXY": "", "JUJU_CHARM_HTTPS_PROXY": "",
		"JUJU_CHARM_FTP_PROXY": "", "JUJU_CHARM_NO_PROXY": "", "PATH": w.ToolsDir("gw/0") + ":/usr/bin:/bin",
		"LANG": "C.UTF-8", "TERM": "tmux-256color", "DEBIAN_FRONTEND": "noninteractive", "APT_LISTCHANGES_FRONTEND": "none",
		"DUMP": dump, "FOR": "gw/0",
	}
	relation := map[string]string{
		"JUJU_RELATION": "gateway", "JUJU_RELATION_ID": "gateway:1", "JUJU_REMOTE_APP": "web", "JUJU_REMOTE_UNIT": "",
	}
	for name, more := range map[string]map[string]string{
		"start":                     {},
		"gateway-relation-created":  relation,
		"gateway-relation-joined":   merge(relation, map[string]string{"JUJU_REMOTE_UNIT": "web/0"}),
		"gateway-relation-departed": merge(relation, map[string]string{"JUJU_REMOTE_UNIT": "web/0", "JUJU_DEPARTING_UNIT": "web/0"}),
		"gateway-relation-broken":   relation,
		"look":                      {"JUJU_ACTION_NAME": "look", "JUJU_ACTION_UUID": "1", "JUJU_ACTION_TAG": "action-1"},
	} {
		got := readEnvironment(t, filepath.Join(dump, name))
		for _, opaque := range []string{"JUJU_CONTEXT_ID", "JUJU_AGENT_SOCKET_ADDRESS", "JUJU_API_ADDRESSES"} {
			if got[opaque] == "" {
				t.Errorf("%s: %s is empty", name, opaque)
			}
			delete(got, opaque)
		}
		for _, shells := range []string{"PWD", "OLDPWD", "_", "SHLVL"} {
			delete(got, shells)
		}
		want := merge(always, more)
		want["JUJU_DISPATCH_PATH"], want["JUJU_HOOK_NAME"] = "hooks/"+name, name
		if name == "look" {
			want["JUJU_DISPATCH_PATH"], want["JUJU_HOOK_NAME"] = "actions/look", ""
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	process, err := os.ReadFile(filepath.Join(dump, "start.process"))
	w.must(err)
	if want := "0 arguments, stdin /dev/null, in " + w.CharmDir("gw/0") + "\n"; string(process) != want {
		t.Errorf("process: %q, want %q", process, want)
	}
}

func merge(a, b map[string]string) map[string]string {
	all := make(map[string]string)
	for _, m := range []map[string]string{a, b} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

func readEnvironment(t *testing.T, path string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	env := make(map[string]string)
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		env[name] = value
	}
	return env
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		profile    jujutest.Profile
		version    string
		hasMeter   bool
		modelGet   bool
		leaderGet  bool
		followers  string
		contextEnd string
	}{
		{jujutest.Juju36, "3.6.28", false, true, true, "leader-settings-changed", "0123456789abcdef"},
		{jujutest.Juju40, "4.0.15", false, true, false, "config-changed", "0123456789abcdef"},
		{jujutest.OldJuju3, "3.1.6", true, false, true, "leader-settings-changed", "0123456789"},
	} {
		t.Run(test.version, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, profile(test.profile))
			w.deploy("gw", quiet(t, requirerMetadata), 2)
			w.settle()
			var follower []string
			for _, run := range w.take() {
				if run.Unit == "gw/1" {
					follower = append(follower, run.Name)
				}
				if got := variable(run, "JUJU_VERSION"); got != test.version {
					t.Errorf("JUJU_VERSION = %s", got)
				}
				if got := slices.Contains(run.Env, "JUJU_METER_STATUS=AMBER"); got != test.hasMeter {
					t.Errorf("meter variables: %v", got)
				}
				id := strings.TrimPrefix(variable(run, "JUJU_CONTEXT_ID"), run.Unit+"-"+run.Name+"-")
				if strings.Trim(id, test.contextEnd) != "" {
					t.Errorf("context id = %s", variable(run, "JUJU_CONTEXT_ID"))
				}
			}
			if follower[1] != test.followers {
				t.Errorf("follower's second hook = %s, want %s", follower[1], test.followers)
			}
			for tool, want := range map[string]bool{"relation-model-get": test.modelGet, "leader-get": test.leaderGet} {
				if _, err := os.Lstat(filepath.Join(w.ToolsDir("gw/0"), tool)); (err == nil) != want {
					t.Errorf("%s on PATH: %v, want %v", tool, err == nil, want)
				}
			}
		})
	}
}
