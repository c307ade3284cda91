package e2e_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

var endpointSlices = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}

// ourSlices selects the EndpointSlices that the charm keeps.
const ourSlices = "endpointslice.kubernetes.io/managed-by=" + charm

// addressesIn returns the addresses in the charm's EndpointSlices by the slice's name,
// without the charm's own.
func (f *fixture) addressesIn() map[string][]string {
	f.t.Helper()
	list, err := shared.Dynamic().Resource(endpointSlices).Namespace(f.Model).List(f.ctx, metav1.ListOptions{LabelSelector: ourSlices})
	f.must(err)
	all := map[string][]string{}
	for _, item := range list.Items {
		all[strings.TrimPrefix(item.GetName(), charm+"-")] = addressesOf(&item)
	}
	return all
}

func addressesOf(slice *unstructured.Unstructured) []string {
	var all []string
	endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
	for _, endpoint := range endpoints {
		addresses, _, _ := unstructured.NestedStringSlice(endpoint.(map[string]any), "addresses")
		all = append(all, addresses...)
	}
	return all
}

// neverEmpty watches the charm's EndpointSlices, which are there: at no moment may they
// have no address. The function it gives ends that, and reports.
func (f *fixture) neverEmpty() func() {
	f.t.Helper()
	client := shared.Dynamic().Resource(endpointSlices).Namespace(f.Model)
	list, err := client.List(f.ctx, metav1.ListOptions{LabelSelector: ourSlices})
	f.must(err)
	held := map[string]int{}
	for _, item := range list.Items {
		held[item.GetName()] = len(addressesOf(&item))
	}
	events, err := client.Watch(f.ctx, metav1.ListOptions{LabelSelector: ourSlices, ResourceVersion: list.GetResourceVersion()})
	f.must(err)
	var done sync.WaitGroup
	seen, empty := 0, ""
	done.Go(func() {
		for event := range events.ResultChan() {
			slice, ok := event.Object.(*unstructured.Unstructured)
			if !ok {
				continue
			}
			if held[slice.GetName()] = len(addressesOf(slice)); event.Type == "DELETED" {
				delete(held, slice.GetName())
			}
			seen++
			sum := 0
			for _, n := range held {
				sum += n
			}
			if sum == 0 {
				empty = fmt.Sprintf("%s of %s", event.Type, slice.GetName())
			}
		}
	})
	return func() {
		f.t.Helper()
		events.Stop()
		done.Wait()
		f.t.Logf("%d changes of EndpointSlices", seen)
		if empty != "" || seen == 0 {
			f.t.Errorf("of %d changes of the EndpointSlices this one left no address: %q", seen, empty)
		}
	}
}

// overseas is an application of another model, its pods by what they answer, and its
// only client.
type overseas struct {
	*fixture
	remote *lab.Remote
	url    string
	client *turns
	pods   map[string]*cluster.RunningPod
}

// unit adds a unit that has written nothing yet.
func (o *overseas) unit() string {
	o.t.Helper()
	unit, err := o.remote.AddUnit(o.ctx)
	o.must(err)
	o.must(o.Settle(o.ctx))
	return unit
}

// pod starts a pod that answers by that name.
func (o *overseas) pod(answers string) *cluster.RunningPod {
	o.t.Helper()
	pod, err := o.remote.StartPod(o.ctx, answers, cluster.HasIPv6())
	o.must(err)
	o.pods[answers] = pod
	return pod
}

// write has a unit write its address.
func (o *overseas) write(unit, address string) {
	o.t.Helper()
	o.must(o.remote.Write(unit, address))
	o.must(o.Settle(o.ctx))
}

// remove removes a unit.
func (o *overseas) remove(unit string) {
	o.t.Helper()
	o.must(o.remote.RemoveUnit(o.ctx, unit))
	o.must(o.Settle(o.ctx))
}

// listed checks the addresses in the EndpointSlices, waits until exactly the pods of
// those names answer, and ends the others: a request that still went there would fail.
func (o *overseas) listed(ipv4, ipv6 []string, answering ...string) {
	o.t.Helper()
	want := map[string][]string{}
	const service = "overseas-web-service-"
	for family, addresses := range map[string][]string{"ipv4": ipv4, "ipv6": ipv6} {
		if len(addresses) > 0 {
			want[service+family] = slices.Sorted(slices.Values(addresses))
		}
	}
	got := o.addressesIn()
	for _, addresses := range got {
		slices.Sort(addresses)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		o.t.Errorf("EndpointSlices (-want +got):\n%s", diff)
	}
	o.client.await(answering...)
	for name, pod := range o.pods {
		if !slices.Contains(answering, name) {
			o.must(o.remote.StopPod(o.ctx, pod))
			delete(o.pods, name)
		}
	}
}

// TestUnitsOfAnotherModel adds, moves and removes units of an application of another model under
// load: their addresses are listed, always at least one, and no request fails.
func TestUnitsOfAnotherModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "harbour", map[string]any{"external-hostname": "harbour.example.com"}).withAuthority()
	f.model("overseas")
	remote, err := f.AddRemote("web", "overseas", "overseas", 8080)
	f.must(err)
	f.must(f.Relate(f.ctx, remote.Alias+":ingress", charm))
	f.must(f.Settle(f.ctx))
	o := &overseas{fixture: f, remote: remote, url: "https://harbour.example.com/overseas-web", pods: map[string]*cluster.RunningPod{}}
	f.awaitStatus("waiting", "Waiting for ingress relation data from "+remote.Alias+": it has no unit")
	first := o.unit()
	f.awaitStatus("waiting", "Waiting for ingress relation data from "+remote.Alias)
	o.write(first, "")
	f.awaitStatus("waiting", "Waiting for ingress relation data from "+remote.Alias+": no unit says its address (ip)")

	// An old library writes no address. Juju has one.
	y := o.pod("y")
	f.must(f.Juju.SetUnitAddress(f.ctx, first, y.IP))
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	o.client = f.turns(o.url, lab.Succeeds)
	full := f.neverEmpty()
	o.listed([]string{y.IP}, nil, "y")

	// Its application is refreshed, and writes another one.
	a := o.pod("a")
	o.write(first, a.IP)
	o.listed([]string{a.IP}, nil, "a")

	// To three units, one of them at an IPv6 address where the machine has any. A unit
	// that has written nothing, or no address, changes nothing.
	written := f.counting()
	second, third, silent, nowhere := o.unit(), o.unit(), o.unit(), o.unit()
	o.write(nowhere, "")
	if got := written(); len(got) > 0 {
		t.Errorf("units without an address: written %v", got)
	}
	b, c := o.pod("b"), o.pod("c")
	o.write(second, b.IP)
	if diff := cmp.Diff([]string{"patch endpointslices/-overseas-web-service-ipv4"}, written()); diff != "" {
		t.Errorf("another unit: written (-want +got):\n%s", diff)
	}
	if cluster.HasIPv6() {
		o.write(third, c.IPv6)
		o.listed([]string{a.IP, b.IP}, []string{netip.MustParseAddr(c.IPv6).String()}, "a", "b", "c")
	} else {
		o.write(third, c.IP)
		o.listed([]string{a.IP, b.IP, c.IP}, nil, "a", "b", "c")
	}

	// A pod is replaced: its unit has another address.
	d := o.pod("d")
	o.write(first, d.IP)
	o.remove(third)
	o.listed([]string{b.IP, d.IP}, nil, "b", "d")

	// The last units with addresses go. Those that are left have none: the last one
	// known is kept until one has.
	o.remove(second)
	o.listed([]string{d.IP}, nil, "d")
	o.remove(first)
	f.logged(fmt.Sprintf("%s (relation %d): none of its units says its address: still served at the last ones known", remote.Alias, remote.Relation))
	o.listed([]string{d.IP}, nil, "d")
	f.awaitStatus("active", active)
	e := o.pod("e")
	if cluster.HasIPv6() {
		o.write(silent, e.IPv6)
		o.listed(nil, []string{netip.MustParseAddr(e.IPv6).String()}, "e")
	} else {
		o.write(silent, e.IP)
		o.listed([]string{e.IP}, nil, "e")
	}
	if got := remote.URL(charm); got != o.url {
		t.Errorf("published %q", got)
	}
	f.ending("units of another model come, move and go", o.client.Probe)()
	full()

	// No unit is left: whoever has the addresses next is not to be sent its traffic.
	o.remove(silent)
	o.remove(nowhere)
	if got := f.addressesIn(); len(got) > 0 || remote.URL(charm) != "" {
		t.Errorf("without a unit: %v, and %q is published", got, remote.URL(charm))
	}
	f.awaitAnswer(o.url, 404)
	f.awaitStatus("waiting", "Waiting for ingress relation data from "+remote.Alias+": it has no unit")
}

// TestUnitsOfOurModel replaces the only unit of an application of our own model, and scales the
// application to zero and up again. Kubernetes keeps its endpoints: there is a selector, and the
// charm has nothing to write.
func TestUnitsOfOurModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "quay", map[string]any{"external-hostname": "quay.example.com"}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	service, err := shared.Typed().CoreV1().Services(f.Model).Get(f.ctx, charm+"-web-service", metav1.GetOptions{})
	f.must(err)
	if diff := cmp.Diff(map[string]string{"app.kubernetes.io/name": "web"}, service.Spec.Selector); diff != "" {
		t.Errorf("selector (-want +got):\n%s", diff)
	}
	watched := f.watch("units of our model come and go", app.URL(charm))
	written := f.counting()
	pod, err := shared.AddPod(f.ctx, f.Model, "web", 1, cluster.Pod{Port: 8080, Handler: lab.EchoHandler("web/1")})
	f.must(err)
	t.Cleanup(func() { _ = pod.Stop(context.Background()) })
	next, err := f.Juju.AddUnit(f.ctx, "web")
	f.must(err)
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.RemoveUnit(f.ctx, "web/0"))
	f.must(f.Settle(f.ctx)) // It is alone now, and has not written.
	f.must(f.Juju.RemoveUnit(f.ctx, next))
	f.must(f.Settle(f.ctx))
	last, err := f.Juju.AddUnit(f.ctx, "web")
	f.must(err)
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.SetUnitData(app.Relation, last, map[string]string{"host": `"web-2"`, "ip": fmt.Sprintf("%q", pod.IP)}))
	f.must(f.Settle(f.ctx))
	if got := written(); len(got) > 0 {
		t.Errorf("written: %v", got)
	}
	if got := f.addressesIn(); len(got) > 0 {
		t.Errorf("EndpointSlices of the charm: %v", got)
	}
	watched.end()
}
