package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// A refresh is a model in which the Python charm is deployed, to be refreshed to ours.
type refresh struct {
	*fixture
	python *lab.PythonCharm
	sets   []string // the calls of relation-set since the last refresh
}

// newRefresh deploys the Python charm in a new model.
func newRefresh(t *testing.T, model string, config map[string]any, options ...func(*lab.Options)) *refresh {
	t.Helper()
	f := &refresh{fixture: newModel(t, model, options...)}
	f.fixture.run = func(run jujutest.HookRun) {
		for _, call := range run.Calls {
			if call.Tool == "relation-set" {
				f.sets = append(f.sets, run.Name+": "+strings.Join(call.Args, " "))
			}
		}
	}
	// The Python charm has no class of its own choice.
	config["gateway-class"] = class()
	var err error
	f.python, err = f.DeployPython(f.ctx, charm, config)
	f.must(err)
	return f
}

// reconcile has the Python charm do its work: it asks for certificates, is answered,
// and serves. Its objects have been created, and patched after that.
func (f *refresh) reconcile() {
	f.t.Helper()
	for range 3 {
		f.must(f.python.Reconcile(f.ctx))
		f.must(f.Settle(f.ctx))
	}
}

// refresh is `juju refresh` to our charm, and gives the hooks that ran.
func (f *refresh) refresh() []string {
	f.t.Helper()
	f.sets = nil
	f.must(f.Juju.Refresh(f.ctx, charm, lab.CharmFile()))
	return f.settle()
}

// refreshed are the hooks of a refresh: the first is the old charm's.
func refreshed(unit string) []string {
	return []string{unit + " stop", unit + " upgrade-charm", unit + " config-changed", unit + " start"}
}

// rollBack is `juju refresh` to the Python charm.
func (f *refresh) rollBack() {
	f.t.Helper()
	dir, err := lab.PythonCharmDir(f.t.TempDir())
	f.must(err)
	f.must(f.Juju.Refresh(f.ctx, charm, dir))
	f.settle()
}

// bags are all databags of all relations: "3 web/0 host" to what stands there.
func (f *refresh) bags() map[string]string {
	f.t.Helper()
	all := map[string]string{}
	status := f.Juju.Status()
	for _, relation := range status.Relations {
		for _, side := range []string{relation.Provider, relation.Requirer} {
			app, _, _ := strings.Cut(side, ":")
			entities := []string{app}
			for _, unit := range status.Application(app).Units {
				entities = append(entities, unit.Name)
			}
			for _, entity := range entities {
				for key, value := range f.Juju.RelationData(relation.ID, entity) {
					all[fmt.Sprintf("%d %s %s", relation.ID, entity, key)] = value
				}
			}
		}
	}
	return all
}

// sameBags fails the test when a databag is not what it was, or was written to.
func (f *refresh) sameBags(before map[string]string) {
	f.t.Helper()
	if diff := cmp.Diff(before, f.bags()); diff != "" {
		f.t.Errorf("relation data (-before +after):\n%s", diff)
	}
	if len(f.sets) > 0 {
		f.t.Errorf("relation data were written: %v", f.sets)
	}
}

// everything lists all objects of the model but events, leases and what Kubernetes and
// Juju keep for themselves, and what the controller makes of a Gateway: "Kind/name".
func (f *refresh) everything() []string {
	f.t.Helper()
	var all []string
	for _, resource := range kindsOfModel {
		list, err := shared.Dynamic().Resource(resource).Namespace(f.Model).List(f.ctx, metav1.ListOptions{})
		f.must(err)
		for _, item := range list.Items {
			if made := traits().OwnObjects; made == "" || !strings.HasPrefix(item.GetName(), made) {
				all = append(all, item.GetKind()+"/"+item.GetName())
			}
		}
	}
	slices.Sort(all)
	return all
}

var kindsOfModel = []schema.GroupVersionResource{
	gatewayAPI("gateways"), gatewayAPI("httproutes"),
	{Version: "v1", Resource: "services"},
	{Version: "v1", Resource: "secrets"},
	{Version: "v1", Resource: "configmaps"},
	{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
}

// ours reads the objects that have the charm's label and were made by it.
func (f *fixture) ours() []unstructured.Unstructured {
	f.t.Helper()
	var all []unstructured.Unstructured
	for _, resource := range kindsOfModel[:4] {
		list, err := shared.Dynamic().Resource(resource).Namespace(f.Model).List(f.ctx, metav1.ListOptions{
			LabelSelector: "gateway-api-integrator.charm.juju.is/managed-by=" + charm,
		})
		f.must(err)
		all = append(all, list.Items...)
	}
	return all
}

// owned sees that each object is the StatefulSet's, that all its fields but the
// controllers' were applied by us, and that nothing of the Python charm lingers in it.
func (f *refresh) owned() {
	f.t.Helper()
	for _, object := range f.ours() {
		name := object.GetKind() + "/" + object.GetName()
		owners := object.GetOwnerReferences()
		if len(owners) != 1 || owners[0].Kind != "StatefulSet" || owners[0].Name != charm {
			f.t.Errorf("%s is owned by %v", name, owners)
		}
		for _, entry := range object.GetManagedFields() {
			if entry.Manager == charm && entry.Operation != metav1.ManagedFieldsOperationApply {
				f.t.Errorf("%s has fields of %s %s: %s", name, entry.Manager, entry.Operation, entry.FieldsV1)
			}
		}
		if diff := cmp.Diff(map[string]string{"gateway-api-integrator.charm.juju.is/managed-by": charm}, object.GetLabels()); diff != "" {
			f.t.Errorf("labels of %s (-want +got):\n%s", name, diff)
		}
	}
}

// specs are the charm's objects, without what identifies them and what the cluster
// has allocated.
func (f *refresh) specs() map[string]any {
	f.t.Helper()
	all := map[string]any{}
	for _, object := range f.ours() {
		content := maps.Clone(object.Object)
		delete(content, "status")
		delete(content, "metadata")
		if spec, ok := content["spec"].(map[string]any); ok && object.GetKind() == "Service" {
			delete(spec, "clusterIP")
			delete(spec, "clusterIPs")
		}
		all[object.GetKind()+"/"+object.GetName()] = content
	}
	return all
}

// deployedAnew sees that the objects are what the charm makes where there was nothing:
// it deletes them all, and has the charm make them again.
func (f *refresh) deployedAnew() {
	f.t.Helper()
	f.awaitRedirectReplaced()
	want := f.specs()
	for i, resource := range kindsOfModel[:4] {
		if i == 0 {
			continue // A Gateway that is made anew has no address at first.
		}
		f.must(shared.Dynamic().Resource(resource).Namespace(f.Model).DeleteCollection(f.ctx, metav1.DeleteOptions{}, metav1.ListOptions{
			LabelSelector: "gateway-api-integrator.charm.juju.is/managed-by=" + charm,
		}))
	}
	f.must(shared.Dynamic().Resource(gatewayAPI("gateways")).Namespace(f.Model).Delete(f.ctx, charm, metav1.DeleteOptions{}))
	f.updateStatus()
	f.must(f.Await(f.ctx, charm, func() error {
		if is := f.Juju.Status().Unit(f.leader()); is.Status != "active" {
			return fmt.Errorf("status is %s %q", is.Status, is.Message)
		}
		return nil
	}))
	if diff := cmp.Diff(f.specs(), want); diff != "" {
		f.t.Errorf("objects (-deployed anew +refreshed):\n%s", diff)
	}
}

// leader is the charm's leader.
func (f *refresh) leader() string {
	for _, unit := range f.Juju.Status().Application(charm).Units {
		if unit.Leader {
			return unit.Name
		}
	}
	return ""
}

// unitIs returns an error when a unit's status is another.
func (f *refresh) unitIs(unit, kind, message string) error {
	if is := f.Juju.Status().Unit(unit); is.Status != kind || is.Message != message {
		return fmt.Errorf("status of %s is %s %q, not %s %q", unit, is.Status, is.Message, kind, message)
	}
	return nil
}

// redirected has a client ask for a URL by plain HTTP, which must be sent to HTTPS
// every time. What it gives ends that, and reports.
func (f *refresh) redirected(url string) func() {
	f.t.Helper()
	plain := strings.Replace(url, "https://", "http://", 1)
	f.awaitAnswer(plain, 301)
	return f.ending("redirect of "+plain, f.ProbeWith(plain, nil, func(response lab.Response) error {
		if response.Code != 301 || response.Location != url {
			return fmt.Errorf("answer %d to %q", response.Code, response.Location)
		}
		return nil
	}))
}

// oneCertificate sees that nothing was issued again for the hosts, and that clients met
// one certificate alone.
func (f *refresh) oneCertificate(w *watch, hosts ...string) {
	f.t.Helper()
	for _, host := range hosts {
		if n := len(f.ca.Issued(host)); n != 1 {
			f.t.Errorf("%d certificates were issued for %s", n, host)
		}
	}
	for _, probe := range w.All {
		if len(probe.Leaves) > 1 {
			f.t.Errorf("%s was served with %d certificates", probe.URL, len(probe.Leaves))
		}
	}
}

// related adds an application on ingress that the Python charm has to serve.
func (f *refresh) related(name string, request map[string]string) *lab.App {
	f.t.Helper()
	app := f.app(name, 8080, request)
	f.reconcile()
	return app
}

// TestRefresh refreshes from the Python charm as it is now, with one application, a
// certificate and a DNS record, under load; and goes on from there to the end.
func TestRefresh(t *testing.T) {
	t.Parallel()
	const host = "refresh.example.com"
	f := newRefresh(t, "refresh", map[string]any{"external-hostname": host})
	f.withAuthority()
	names, err := f.AddDNS("bind")
	f.must(err)
	f.must(f.Relate(f.ctx, charm, "bind"))
	before := f.everything()
	app := f.related("web", map[string]string{"strip-prefix": "true"})
	url := app.URL(charm)
	if url != "https://"+host+"/refresh-web" {
		t.Fatalf("the Python charm published %q", url)
	}
	bags := f.bags()
	watched, redirects := f.watchReplaced("refresh", url), f.redirected(url)
	if got := f.awaitAnswer(url, 200).HSTS; len(got) != 2 {
		t.Errorf("the Python charm adds a header to what the application sends: %v", got)
	}

	if ran := f.refresh(); !slices.Equal(ran, refreshed(charm+"/0")) {
		t.Errorf("ran %v", ran)
	}
	watched.more()
	f.sameBags(bags)
	f.awaitStatus("active", active)
	f.owned()
	want := []string{
		"EndpointSlice/", "Gateway/" + charm, "HTTPRoute/" + lab.RedirectRoute(charm, host), "HTTPRoute/" + charm + "-refresh-web",
		"Secret/" + charm + "-secret-" + host, "Service/" + charm + "-web-service",
	}
	f.awaitRedirectReplaced()
	if diff := cmp.Diff(want, f.added(before)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	f.writesNothing()
	f.awaitHSTS(url, "max-age=31536000")
	if got := f.awaitAnswer(url, 200); got.Echo.Path != "/" {
		t.Errorf("answer %+v", got)
	}
	f.oneCertificate(watched, host)
	if entries, err := names.Asked(); err != nil || len(entries) != 1 {
		t.Errorf("records %v, %v", entries, err)
	}

	t.Run("an application comes", func(t *testing.T) {
		second := f.app("second", 8080, nil)
		f.awaitAnswer(second.URL(charm), 200)
		f.oneCertificate(watched, host)
	})
	t.Run("the key is rotated", func(t *testing.T) {
		f.action(charm+"/0", "rotate-private-key")
		f.must(f.Settle(f.ctx))
		f.awaitLeaf(url, last(f.ca.Issued(host)))
		if n := len(f.ca.Issued(host)); n != 2 {
			t.Errorf("%d certificates were issued", n)
		}
	})
	watched.end()
	redirects()
	t.Run("the host changes", func(t *testing.T) {
		f.configure(map[string]any{"external-hostname": "new." + host})
		f.awaitAnswer("https://new."+host+"/refresh-web", 200)
		f.awaitLeft(url)
	})
	t.Run("the charm is removed", func(t *testing.T) {
		f.must(f.Remove(f.ctx, charm))
		f.awaitNothing()
		f.must(eventually(f.ctx, func(context.Context) error {
			if left := f.added(before); len(left) > 0 {
				return fmt.Errorf("left over: %v", left)
			}
			return nil
		}))
		for _, secret := range f.Juju.Secrets() {
			t.Errorf("left over in Juju: %s of %s", secret.Label, secret.Owner)
		}
	})
}

// added are the objects that were not there before, without what Kubernetes appends to
// the names of EndpointSlices, and without those of the applications.
func (f *refresh) added(before []string) []string {
	f.t.Helper()
	var added []string
	for _, object := range f.everything() {
		switch {
		case slices.Contains(before, object):
		case strings.HasPrefix(object, "EndpointSlice/"+charm):
			added = append(added, "EndpointSlice/")
		default:
			added = append(added, object)
		}
	}
	return added
}
