package charm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// called counts the calls of the last run that begin so.
func (w *world) called(prefix string) int {
	count := 0
	for _, call := range w.calls {
		if strings.HasPrefix(call, prefix) {
			count++
		}
	}
	return count
}

// object returns an object by kind and name; nil when there is none.
func (w *world) object(kind, name string) map[string]any {
	for path, object := range w.objects {
		if strings.HasSuffix(path, "/namespaces/prod/"+kind+"/"+name) {
			return object
		}
	}
	return nil
}

// Juju says where an application is whose model has the name of ours.
func TestModelsOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	for name, alias := range map[string]string{"by an alias of Juju's": "remote-0123456789abcdef0123456789abcdef", "by its own name": "shop"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.models = map[string]string{"gateway:1": "another"}
			w.remotes["gateway:1"], w.units["gateway:1"] = alias, []string{alias + "/0", alias + "/1"}
			bags := w.bags["gateway:1"]
			bags[alias] = bags["shop"]
			bags[alias+"/0"] = map[string]string{"host": `"shop-0"`, "ip": `"10.1.0.5"`}
			bags[alias+"/1"] = map[string]string{"host": `"shop-1"`, "ip": `"10.1.0.6"`}
			w.quiet()
			if got := w.published(); got != urlOfShop {
				t.Errorf("%q is published", got)
			}
			service := w.object("services", "gw-prod-shop-service")
			if service == nil || service["spec"].(map[string]any)["selector"] != nil {
				t.Errorf("its Service is %v", service)
			}
			slice := fmt.Sprint(w.object("endpointslices", "gw-prod-shop-service-ipv4")["endpoints"])
			if !strings.Contains(slice, "10.1.0.5") || !strings.Contains(slice, "10.1.0.6") {
				t.Errorf("its endpoints are %s", slice)
			}
		})
	}
}

func TestOurModelIsAskedForOnce(t *testing.T) {
	t.Parallel()
	w := serving(t)
	if service := w.object("services", "gw-shop-service"); service == nil || service["spec"].(map[string]any)["selector"] == nil {
		t.Errorf("its Service is %v", service)
	}
	w.run(updateStatus())
	if got := w.called("relation-model-get"); got != 0 {
		t.Errorf("%d calls in a later hook", got)
	}
	w.run(gocharm.Event{Kind: gocharm.LeaderElected})
	if got := w.called("relation-model-get"); got != 1 {
		t.Errorf("%d calls in leader-elected", got)
	}
	// What it writes itself is not believed.
	w.bags["gateway:1"]["shop"]["model"], w.bags["gateway:1"]["shop/0"]["ip"] = `"elsewhere"`, `"10.1.0.5"`
	w.run(gocharm.Event{Kind: gocharm.LeaderElected})
	if got := w.lastStatus(); w.called("relation-model-get") != 1 || !strings.Contains(got, "shop: it claims to be of model elsewhere") {
		t.Errorf("%d calls, and status is %q", w.called("relation-model-get"), got)
	}
	if slices := w.object("endpointslices", "gw-elsewhere-shop-service-ipv4"); slices != nil || w.published() != "" {
		t.Errorf("it has endpoints: %v, and is told %q", slices, w.published())
	}
}

// Also for an application of another model, Juju is asked only once where it is, on either
// endpoint. On gateway-route each hook asks which model that is, because its routes are in the
// namespace of that model.
func TestOtherModelsAreAskedForOnce(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.withRoutes()
	w.models = map[string]string{"gateway:1": "another", "gateway-route:3": "another"}
	w.bags["gateway:1"]["shop"]["model"], w.bags["gateway:1"]["shop/0"]["ip"] = `"elsewhere"`, `"10.1.0.5"`
	clear(w.state)
	w.quiet()
	for _, id := range []string{"gateway:1", "gateway-route:3"} {
		w.run(gocharm.Event{Kind: gocharm.LeaderElected})
		if got := w.called("relation-model-get " + id); got != 1 {
			t.Errorf("%s: %d calls in leader-elected", id, got)
		}
		w.run(updateStatus())
		w.run(updateStatus())
		if all, got := w.called("relation-model-get"), w.called("relation-model-get gateway-route:3"); all != 1 || got != 1 {
			t.Errorf("%d calls in a later hook, %d of them for its namespace", all, got)
		}
	}
	if slice := w.object("endpointslices", "gw-elsewhere-shop-service-ipv4"); slice == nil {
		t.Error("it has no endpoints")
	}
}

// Before Juju 3.6, goal-state distinguishes an application of our model from one whose endpoint
// another model offers to us.
func TestOldJujuTellsWhoIsOfOurModel(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		offer string
		want  string
	}{
		"of our model": {"", ""},
		"of an offer":  {"other:admin/elsewhere.shop", `{"url": "http://web.example.com/elsewhere-shop"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.offer != "" {
				w.offers = map[string]string{"gateway:1": test.offer}
			}
			w.before = func(call gocharm.Call) error {
				if call.Tool == "relation-model-get" {
					return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR bad request: unknown command: relation-model-get"}
				}
				return nil
			}
			w.bags["gateway:1"]["shop"]["model"], w.bags["gateway:1"]["shop/0"]["ip"] = `"elsewhere"`, `"10.1.0.5"`
			w.quiet()
			if got := w.published(); got != test.want {
				t.Errorf("%q is published; status %q", got, w.lastStatus())
			}
			w.run(updateStatus())
			if got := w.called("goal-state"); got != 0 {
				t.Errorf("asked for %d times in a later hook", got)
			}
		})
	}
}

// An older relation that asks for the place of a newer one of another model does not get it, also
// not in a hook of a leader that has never led. It gets it when the holder has no unit any more.
func TestHolderKeepsItsPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	abroad := func(number int, alias, ip string) {
		id := fmt.Sprintf("gateway:%d", number)
		w.relations["gateway"] = append(w.relations["gateway"], id)
		w.remotes[id], w.units[id] = alias, []string{alias + "/0"}
		w.bags[id] = map[string]map[string]string{
			own: {}, alias: {"model": `"far"`, "name": fmt.Sprintf("%q", "app-"+alias), "port": "8080"}, alias + "/0": {"host": `"a"`, "ip": fmt.Sprintf("%q", ip)},
		}
	}
	w.models = map[string]string{"gateway:2": "another", "gateway:3": "a third"}
	abroad(2, "evil", "10.1.0.66")
	abroad(3, "victim", "10.1.0.5")
	w.quiet()
	w.bags["gateway:2"]["evil"]["name"] = `"app-victim"`
	told := func(id string) string { return w.bags[id][own]["ingress"] }
	const url = `{"url": "http://web.example.com/far-app-victim"}`
	for name, event := range map[string]gocharm.Event{"later": updateStatus(), "another leader": {Kind: gocharm.LeaderElected}} {
		if name == "another leader" {
			clear(w.state)
		}
		w.run(event)
		w.quiet()
		if told("gateway:2") != "" || told("gateway:3") != url {
			t.Errorf("%s: told %q and %q", name, told("gateway:2"), told("gateway:3"))
		}
	}
	w.units["gateway:3"] = nil
	w.quiet()
	if told("gateway:2") != url || told("gateway:3") != "" {
		t.Errorf("without a unit: told %q and %q", told("gateway:2"), told("gateway:3"))
	}
	w.units["gateway:3"] = []string{"victim/0"}
	w.quiet()
	if told("gateway:2") != url || told("gateway:3") != "" {
		t.Errorf("with one again: told %q and %q", told("gateway:2"), told("gateway:3"))
	}
}

// Juju before 3.6 does not have this tool. It is tried once in a hook. An application that has the
// name of none of ours is not served, because nothing says where it is.
func TestModelsThatJujuCannotTellApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.before = func(call gocharm.Call) error {
		if call.Tool == "relation-model-get" {
			return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR bad request: unknown command: relation-model-get"}
		}
		return nil
	}
	w.relations["gateway"] = []string{"gateway:1", "gateway:2"}
	w.remotes["gateway:2"], w.units["gateway:2"] = "remote-1", []string{"remote-1/0"}
	w.bags["gateway:2"] = map[string]map[string]string{
		own: {}, "remote-1": {"model": `"prod"`, "name": `"web"`, "port": "8080"}, "remote-1/0": {"host": `"web-0"`, "ip": `"10.1.0.5"`},
	}
	w.quiet()
	if got := w.called("relation-model-get"); got != 1 {
		t.Errorf("%d calls", got)
	}
	if got := w.published(); got != urlOfShop {
		t.Errorf("%q is published", got)
	}
	if got := w.lastStatus(); !strings.Contains(got, "1 of 2 applications served; remote-1: it claims to be") {
		t.Errorf("status is %q", got)
	}
}

// Only those units of an application are read that have useful data.
func TestUnitsThatAreRead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		request map[string]string
		units   []map[string]string
		want    []string
	}{
		"of our model, the first": {nil, []map[string]string{{"host": `"shop-0"`}, {"host": `"shop-1"`}}, []string{"shop/0"}},
		"past those that have not written": {
			nil,
			[]map[string]string{{"ingress-address": "10.1.0.4"}, {"host": "raw"}, {"host": `"shop-2"`}, {"host": `"shop-3"`}},
			[]string{"shop/0", "shop/1", "shop/2"},
		},
		"of another model, each": {
			map[string]string{"model": `"elsewhere"`}, []map[string]string{{"host": `"shop-0"`}, {"host": `"shop-1"`}}, []string{"shop/0", "shop/1"},
		},
		"that speak TLS, each": {
			map[string]string{"scheme": `"https"`}, []map[string]string{{"host": `"shop-0"`}, {"host": `"shop-1"`}}, []string{"shop/0", "shop/1"},
		},
		"of a request that is not valid, none": {map[string]string{"port": "0"}, []map[string]string{{"host": `"shop-0"`}}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.units["gateway:1"] = nil
			for i, unit := range test.units {
				name := fmt.Sprintf("shop/%d", i)
				w.units["gateway:1"] = append(w.units["gateway:1"], name)
				w.bags["gateway:1"][name] = unit
			}
			for key, value := range test.request {
				w.bags["gateway:1"]["shop"][key] = value
			}
			w.run(updateStatus())
			var read []string
			for _, call := range w.calls {
				if unit, ok := strings.CutPrefix(call, "relation-get gateway:1 shop/"); ok {
					read = append(read, "shop/"+unit)
				}
			}
			if diff := cmp.Diff(test.want, read); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

// The names of units contain the application, also the alias that Juju uses across models. Without
// units Juju is asked for it.
func TestNameOfTheApplication(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.run(updateStatus())
	if got := w.called("relation-list gateway:1 --app"); got != 0 {
		t.Errorf("asked for %d times", got)
	}
	w.units["gateway:1"] = nil
	w.run(updateStatus())
	if !slices.Contains(w.calls, "relation-list gateway:1 --app") || !slices.Contains(w.calls, "relation-get gateway:1 shop") {
		t.Errorf("calls: %q", w.calls)
	}
	if got := w.published(); got != urlOfShop {
		t.Errorf("%q is published", got)
	}
}

// In a hook that changes nothing, the cost for each application does not grow with their number.
func TestCallsForEachApplication(t *testing.T) {
	t.Parallel()
	calls := map[int]int{}
	for _, count := range []int{1, 40} {
		w := newWorld(t)
		for i := 2; i <= count; i++ {
			id, name := fmt.Sprintf("gateway:%d", i), fmt.Sprintf("app-%da", i)
			w.relations["gateway"] = append(w.relations["gateway"], id)
			w.remotes[id], w.units[id] = name, []string{name + "/0", name + "/1"}
			w.bags[id] = map[string]map[string]string{
				own: {}, name: {"model": `"prod"`, "name": fmt.Sprintf("%q", name), "port": "8080"},
				name + "/0": {"host": `"a"`}, name + "/1": {"host": `"b"`},
			}
		}
		w.quiet()
		w.run(updateStatus())
		calls[count] = len(w.calls)
	}
	if calls[40] != calls[1]+39*3 {
		t.Errorf("%d calls for an application, %d for 40: not 3 for each more", calls[1], calls[40])
	}
}

// A unit of another model that publishes the address of the API server, of its Service or its own,
// gets no traffic.
func TestNobodyIsTheAPIServer(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.models = map[string]string{"gateway:1": "another"}
	w.objects["/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"] = map[string]any{
		"metadata":  map[string]any{"name": "kubernetes", "namespace": "default", "labels": map[string]any{"kubernetes.io/service-name": "kubernetes"}},
		"endpoints": []any{map[string]any{"addresses": []any{"10.7.0.4"}}},
	}
	for address, served := range map[string]bool{"10.7.0.4": false, "10.7.0.5": true} {
		w.bags["gateway:1"]["shop"]["model"], w.bags["gateway:1"]["shop/0"]["ip"] = `"elsewhere"`, fmt.Sprintf("%q", address)
		w.run(gocharm.Event{Kind: gocharm.LeaderElected})
		slice := fmt.Sprint(w.object("endpointslices", "gw-elsewhere-shop-service-ipv4")["endpoints"])
		if got := strings.Contains(slice, address); got != served {
			t.Errorf("endpoints with a unit at %s: %s", address, slice)
		}
		if got := w.lastStatus(); !served && !strings.Contains(got, "shop/0 is at 10.7.0.4, the API server") {
			t.Errorf("status is %q", got)
		}
	}
}
