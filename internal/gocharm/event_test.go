package gocharm

import (
	"reflect"
	"strings"
	"testing"
)

// environ returns a getenv for "NAME=value" words on top of what Juju sets in
// every event.
func environ(entries ...string) func(string) string {
	env := map[string]string{
		"JUJU_UNIT_NAME":  "gateway-api-integrator/0",
		"JUJU_MODEL_NAME": "prod",
		"JUJU_MODEL_UUID": "6b3f0f4e-0000-4000-8000-000000000000",
		"JUJU_VERSION":    "3.6.9.1",
		"JUJU_CHARM_DIR":  "/var/lib/juju/agents/unit-gateway-api-integrator-0/charm",
		"JUJU_CONTEXT_ID": "gateway-api-integrator/0-hook-9f",
	}
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

func TestParseEvent(t *testing.T) {
	t.Parallel()
	relation := func(change func(*EventRelation)) *EventRelation {
		r := &EventRelation{Endpoint: "gateway", ID: "gateway:3", RemoteApp: "web", RemoteUnit: "web/0"}
		change(r)
		return r
	}
	asIs := func(*EventRelation) {}
	noUnit := func(r *EventRelation) { r.RemoteUnit = "" }
	gateway := []string{"JUJU_RELATION=gateway", "JUJU_RELATION_ID=gateway:3", "JUJU_REMOTE_APP=web"}
	unit := append(gateway[:3:3], "JUJU_REMOTE_UNIT=web/0")
	tests := []struct {
		path string
		env  []string
		want Event
	}{
		{path: "hooks/install", want: Event{Kind: Install}},
		{path: "hooks/start", want: Event{Kind: Start}},
		{path: "hooks/stop", want: Event{Kind: Stop}},
		{path: "hooks/remove", want: Event{Kind: Remove}},
		{path: "hooks/config-changed", want: Event{Kind: ConfigChanged}},
		{path: "hooks/update-status", want: Event{Kind: UpdateStatus}},
		{path: "hooks/upgrade-charm", want: Event{Kind: UpgradeCharm}},
		{path: "hooks/leader-elected", want: Event{Kind: LeaderElected}},
		{path: "hooks/leader-settings-changed", want: Event{Kind: LeaderSettingsChanged}},
		{path: "hooks/leader-deposed", want: Event{Kind: LeaderDeposed}},
		{path: "hooks/collect-metrics", want: Event{Kind: CollectMetrics}},
		{path: "hooks/meter-status-changed", want: Event{Kind: MeterStatusChanged}},
		{path: "hooks/pre-series-upgrade", want: Event{Kind: PreSeriesUpgrade}},
		{path: "hooks/post-series-upgrade", want: Event{Kind: PostSeriesUpgrade}},

		{path: "hooks/gateway-relation-created", env: gateway, want: Event{Kind: RelationCreated, Relation: relation(noUnit)}},
		{path: "hooks/gateway-relation-joined", env: unit, want: Event{Kind: RelationJoined, Relation: relation(asIs)}},
		{path: "hooks/gateway-relation-changed", env: unit, want: Event{Kind: RelationChanged, Relation: relation(asIs)}},
		// The application's own data changed: no unit.
		{path: "hooks/gateway-relation-changed", env: gateway, want: Event{Kind: RelationChanged, Relation: relation(noUnit)}},
		{
			path: "hooks/gateway-relation-departed", env: append(unit[:4:4], "JUJU_DEPARTING_UNIT=web/0"),
			want: Event{Kind: RelationDeparted, Relation: relation(func(r *EventRelation) { r.DepartingUnit = "web/0" })},
		},
		{path: "hooks/gateway-relation-broken", env: gateway, want: Event{Kind: RelationBroken, Relation: relation(noUnit)}},
		// An endpoint with the words of an event in its name.
		{
			path: "hooks/a-relation-joined-relation-broken",
			env:  []string{"JUJU_RELATION=a-relation-joined", "JUJU_RELATION_ID=a-relation-joined:0"},
			want: Event{Kind: RelationBroken, Relation: &EventRelation{Endpoint: "a-relation-joined", ID: "a-relation-joined:0"}},
		},
		// An agent that names the unit only.
		{
			path: "hooks/gateway-relation-joined",
			env:  []string{"JUJU_RELATION=gateway", "JUJU_RELATION_ID=gateway:3", "JUJU_REMOTE_UNIT=web/0"},
			want: Event{Kind: RelationJoined, Relation: relation(asIs)},
		},

		{
			path: "hooks/secret-changed", env: []string{"JUJU_SECRET_ID=secret:cpkj1a2b3c4d5e6f7g8h", "JUJU_SECRET_LABEL="},
			want: Event{Kind: SecretChanged, Secret: &EventSecret{ID: "cpkj1a2b3c4d5e6f7g8h"}},
		},
		{
			path: "hooks/secret-rotate", env: []string{"JUJU_SECRET_ID=secret://6b3f/cpkj1a2b3c4d5e6f7g8h", "JUJU_SECRET_LABEL=key"},
			want: Event{Kind: SecretRotate, Secret: &EventSecret{ID: "cpkj1a2b3c4d5e6f7g8h", Label: "key"}},
		},
		{
			path: "hooks/secret-expired", env: []string{"JUJU_SECRET_ID=cpkj1a2b3c4d5e6f7g8h", "JUJU_SECRET_REVISION=12"},
			want: Event{Kind: SecretExpired, Secret: &EventSecret{ID: "cpkj1a2b3c4d5e6f7g8h", Revision: 12}},
		},
		{
			path: "hooks/secret-remove", env: []string{"JUJU_SECRET_ID=secret:cpkj1a2b3c4d5e6f7g8h", "JUJU_SECRET_REVISION=1"},
			want: Event{Kind: SecretRemove, Secret: &EventSecret{ID: "cpkj1a2b3c4d5e6f7g8h", Revision: 1}},
		},

		{
			path: "actions/get-certificate", env: []string{"JUJU_HOOK_NAME=", "JUJU_ACTION_NAME=get-certificate", "JUJU_ACTION_UUID=7", "JUJU_ACTION_TAG=action-7"},
			want: Event{Kind: Action, Action: &EventAction{Name: "get-certificate", ID: "7"}},
		},
		{
			path: "actions/config-changed", env: []string{"JUJU_ACTION_TAG=action-8"},
			want: Event{Kind: Action, Action: &EventAction{Name: "config-changed", ID: "8"}},
		},

		{
			path: "hooks/nginx-pebble-ready", env: []string{"JUJU_WORKLOAD_NAME=nginx"},
			want: Event{Kind: PebbleReady, Workload: &EventWorkload{Container: "nginx"}},
		},
		{
			path: "hooks/nginx-pebble-custom-notice",
			env:  []string{"JUJU_WORKLOAD_NAME=nginx", "JUJU_NOTICE_ID=5", "JUJU_NOTICE_TYPE=custom", "JUJU_NOTICE_KEY=a.com/b"},
			want: Event{Kind: PebbleCustomNotice, Workload: &EventWorkload{Container: "nginx", NoticeID: "5", NoticeType: "custom", NoticeKey: "a.com/b"}},
		},
		{
			path: "hooks/nginx-pebble-check-failed", env: []string{"JUJU_WORKLOAD_NAME=nginx", "JUJU_PEBBLE_CHECK_NAME=up"},
			want: Event{Kind: PebbleCheckFailed, Workload: &EventWorkload{Container: "nginx", CheckName: "up"}},
		},
		{
			path: "hooks/nginx-pebble-check-recovered", env: []string{"JUJU_WORKLOAD_NAME=nginx", "JUJU_PEBBLE_CHECK_NAME=up"},
			want: Event{Kind: PebbleCheckRecovered, Workload: &EventWorkload{Container: "nginx", CheckName: "up"}},
		},
		{
			path: "hooks/data-storage-attached",
			env:  []string{"JUJU_STORAGE_ID=data/0", "JUJU_STORAGE_LOCATION=/srv", "JUJU_STORAGE_KIND=filesystem"},
			want: Event{Kind: StorageAttached, Storage: &EventStorage{Name: "data", ID: "data/0", Location: "/srv", Kind: "filesystem"}},
		},
		{
			path: "hooks/data-storage-detaching", env: []string{"JUJU_STORAGE_ID=data/0"},
			want: Event{Kind: StorageDetaching, Storage: &EventStorage{Name: "data", ID: "data/0"}},
		},

		{path: "", want: Event{Kind: Exec}},
		{path: "", env: unit, want: Event{Kind: Exec, Relation: relation(asIs)}},
		{path: "hooks/gateway_changed", want: Event{Kind: Unknown}},
		{path: "hooks/gateway_changed", env: unit, want: Event{Kind: Unknown, Relation: relation(asIs)}},
		{path: "hooks/relation-changed", want: Event{Kind: Unknown}},
	}
	for _, test := range tests {
		name := test.path
		if name == "" {
			name = "juju-exec"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A name that lies: it must not be looked at.
			env := append([]string{"JUJU_HOOK_NAME=install", "JUJU_DISPATCH_PATH=" + test.path}, test.env...)
			got, err := ParseEvent(environ(env...))
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			_, want.Name, _ = strings.Cut(test.path, "/")
			want.Unit, want.Model, want.ModelUUID = got.Unit, got.Model, got.ModelUUID
			want.JujuVersion, want.CharmDir, want.ContextID = got.JujuVersion, got.CharmDir, got.ContextID
			want.Agent = got.Agent
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %#v\nwant %#v", got, want)
			}
		})
	}
}

func TestParseEventCommon(t *testing.T) {
	t.Parallel()
	got, err := ParseEvent(environ(
		"JUJU_DISPATCH_PATH=hooks/start", "JUJU_API_ADDRESSES=10.0.0.1:17070 10.0.0.2:17070", "CLOUD_API_VERSION=1.33.1",
		"JUJU_MACHINE_ID=1", "JUJU_AVAILABILITY_ZONE=z", "JUJU_PRINCIPAL_UNIT=p/0",
		"JUJU_CHARM_HTTP_PROXY=http://a", "JUJU_CHARM_HTTPS_PROXY=http://b", "JUJU_CHARM_FTP_PROXY=http://c", "JUJU_CHARM_NO_PROXY=d",
		"JUJU_TRACE_ID=t", "JUJU_SPAN_ID=s", "JUJU_TRACE_FLAGS=1",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := Event{
		Kind: Start, Name: "start",
		Unit: "gateway-api-integrator/0", Model: "prod", ModelUUID: "6b3f0f4e-0000-4000-8000-000000000000",
		JujuVersion: "3.6.9.1", CharmDir: "/var/lib/juju/agents/unit-gateway-api-integrator-0/charm",
		ContextID: "gateway-api-integrator/0-hook-9f",
		Agent: EventAgent{
			APIAddresses: []string{"10.0.0.1:17070", "10.0.0.2:17070"}, CloudAPIVersion: "1.33.1",
			MachineID: "1", AvailabilityZone: "z", PrincipalUnit: "p/0",
			HTTPProxy: "http://a", HTTPSProxy: "http://b", FTPProxy: "http://c", NoProxy: "d",
			TraceID: "t", SpanID: "s", TraceFlags: "1",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	if app := got.Application(); app != "gateway-api-integrator" {
		t.Errorf("Application is %q", app)
	}
	old, err := ParseEvent(environ("JUJU_DISPATCH_PATH=hooks/start", "JUJU_CHARM_DIR=", "CHARM_DIR=/charm"))
	if err != nil || old.CharmDir != "/charm" {
		t.Errorf("with CHARM_DIR only: CharmDir %q, error %v", old.CharmDir, err)
	}
}

func TestParseEventErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, env, want string }{
		{"no unit", "JUJU_UNIT_NAME=", "JUJU_UNIT_NAME"},
		{"application for a unit", "JUJU_UNIT_NAME=app", "JUJU_UNIT_NAME"},
		{"unit without number", "JUJU_UNIT_NAME=app/x", "JUJU_UNIT_NAME"},
		{"unit without name", "JUJU_UNIT_NAME=/0", "JUJU_UNIT_NAME"},
		{"neither hook nor action", "JUJU_DISPATCH_PATH=bin/start", "neither a hook nor an action"},
		{"hook without name", "JUJU_DISPATCH_PATH=hooks/", "neither a hook nor an action"},
		{"action without name", "JUJU_DISPATCH_PATH=actions/", "neither a hook nor an action"},
		{"relation without endpoint", "JUJU_DISPATCH_PATH=hooks/gateway-relation-changed", "JUJU_RELATION"},
		{"relation of another endpoint", "JUJU_DISPATCH_PATH=hooks/gateway-relation-changed JUJU_RELATION=other JUJU_RELATION_ID=other:1", "JUJU_RELATION"},
		{"relation without id", "JUJU_DISPATCH_PATH=hooks/gateway-relation-changed JUJU_RELATION=gateway", "JUJU_RELATION_ID"},
		{"secret without id", "JUJU_DISPATCH_PATH=hooks/secret-changed", "JUJU_SECRET_ID"},
		{"revision no number", "JUJU_DISPATCH_PATH=hooks/secret-expired JUJU_SECRET_ID=a JUJU_SECRET_REVISION=x", "JUJU_SECRET_REVISION"},
		{"revision below zero", "JUJU_DISPATCH_PATH=hooks/secret-expired JUJU_SECRET_ID=a JUJU_SECRET_REVISION=-1", "JUJU_SECRET_REVISION"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseEvent(environ(strings.Fields(test.env)...))
			if err == nil || !strings.HasPrefix(err.Error(), "cannot read event: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, error %v; want an error about %s", got, err, test.want)
			}
		})
	}
}

func TestEventString(t *testing.T) {
	t.Parallel()
	gateway := "JUJU_DISPATCH_PATH=hooks/gateway-relation-changed JUJU_RELATION=gateway JUJU_RELATION_ID=gateway:3 JUJU_REMOTE_APP=web"
	tests := []struct{ env, want string }{
		{"JUJU_DISPATCH_PATH=hooks/start", "start"},
		{gateway, "gateway-relation-changed gateway:3 web"},
		{gateway + " JUJU_REMOTE_UNIT=web/1", "gateway-relation-changed gateway:3 web/1"},
		{"JUJU_DISPATCH_PATH=actions/get-certificate", "action get-certificate"},
		{"", "juju-exec"},
	}
	for _, test := range tests {
		event, err := ParseEvent(environ(strings.Fields(test.env)...))
		if err != nil {
			t.Fatal(err)
		}
		if got := event.String(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.env, got, test.want)
		}
	}
}
