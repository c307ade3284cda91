package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

var statefulSets = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}

// TestTwoInstances: two applications of the charm in one model derive the same names. Each serves
// its own, while hooks run and an object that both had in turn is given back; also beside objects
// that somebody has made by hand.
func TestTwoInstances(t *testing.T) {
	t.Parallel()
	const inner = charm + "-inner"
	f := newFixture(t, "pair", map[string]any{"external-hostname": "pair.example.com", "enforce-https": false})
	f.must(f.Deploy(f.ctx, inner, map[string]any{"external-hostname": "inner.example.com", "enforce-https": false}, true))
	f.must(f.Settle(f.ctx))
	// Both Services would be gateway-api-integrator-inner-web-service.
	first := f.app("inner-web", 8080, nil)
	second, err := f.AddApp(f.ctx, "web", 8081, 1)
	f.must(err)
	f.must(f.Relate(f.ctx, "web:ingress", inner))
	f.must(f.Settle(f.ctx))
	urls := map[string]*lab.App{first.URL(charm): first, second.URL(inner): second}
	probes := &lab.Probes{}
	t.Cleanup(probes.Stop)
	for url, app := range urls {
		f.awaitAnswer(url, 200)
		probes.All = append(probes.All, f.ProbeWith(url, nil, by(app.Name+"/0")))
	}
	hooks := func() {
		t.Helper()
		for range 2 {
			f.must(f.Juju.UpdateStatus(f.ctx, charm))
			f.must(f.Juju.UpdateStatus(f.ctx, inner))
			f.must(f.Settle(f.ctx))
		}
		f.must(probes.AwaitMore(f.ctx, 3))
	}
	hooks()

	// A release of before has written over the other's Service: the port and the owner of
	// both are in it. Who has the label keeps it, and nothing of the other stays.
	const name = charm + "-inner-web-service"
	services := shared.Dynamic().Resource(ourServices).Namespace(f.Model)
	live, err := services.Get(f.ctx, name, metav1.GetOptions{})
	f.must(err)
	owner, err := shared.Dynamic().Resource(statefulSets).Namespace(f.Model).Get(f.ctx, inner, metav1.GetOptions{})
	f.must(err)
	theirs := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": name, "ownerReferences": []any{map[string]any{
			"apiVersion": "apps/v1", "kind": "StatefulSet", "name": inner, "uid": string(owner.GetUID()),
		}}},
		"spec": map[string]any{"ports": []any{map[string]any{"name": "tcp-8081", "port": int64(8081), "protocol": "TCP"}}},
	}}
	_, err = services.Apply(f.ctx, name, theirs, metav1.ApplyOptions{FieldManager: inner})
	f.must(err)
	hooks()
	after, err := services.Get(f.ctx, name, metav1.GetOptions{})
	f.must(err)
	ports, _, _ := unstructured.NestedSlice(after.Object, "spec", "ports")
	if len(ports) != 1 || len(after.GetOwnerReferences()) != 1 || after.GetUID() != live.GetUID() {
		t.Errorf("the Service has the ports %v and the owners %v", ports, after.GetOwnerReferences())
	}

	// Somebody has made the Service of an application that comes then.
	byHand := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": charm + "-third-service"},
		"spec":     map[string]any{"ports": []any{map[string]any{"port": int64(80)}}, "selector": map[string]any{"app": "mine"}},
	}}
	byHand, err = services.Create(f.ctx, byHand, metav1.CreateOptions{FieldManager: "kubectl-create"})
	f.must(err)
	third := f.app("third", 8080, nil)
	f.awaitAnswer(third.URL(charm), 200)
	hooks()
	probes.Stop()
	if failed := probes.Failed(); failed > 0 {
		t.Errorf("%d of %d requests failed, the first: %v", failed, probes.Sent(), probes.First())
	}
	t.Logf("two instances: %d requests, %d failed", probes.Sent(), probes.Failed())

	f.must(f.Remove(f.ctx, inner))
	f.must(f.Unrelate(f.ctx, "third:ingress", charm))
	f.must(f.Settle(f.ctx))
	same, err := services.Get(f.ctx, byHand.GetName(), metav1.GetOptions{})
	f.must(err)
	if same.GetResourceVersion() != byHand.GetResourceVersion() {
		t.Error("what was made by hand was written")
	}
	f.awaitAnswer(first.URL(charm), 200)
}

// by accepts what a certain unit answers.
func by(unit string) func(lab.Response) error {
	return func(response lab.Response) error {
		if err := lab.Succeeds(response); err != nil {
			return err
		}
		if response.Echo.Unit != unit {
			return fmt.Errorf("%s answers in place of %s", response.Echo.Unit, unit)
		}
		return nil
	}
}

// TestRefreshLongHost refreshes from the Python charm, whose Secret has a name that Cilium does not
// accept. The Secret gets another name while it is served, and the old one is removed after that.
// On Cilium the host is served from then on.
func TestRefreshLongHost(t *testing.T) {
	t.Parallel()
	const host = "a-host-with-a-name-that-is-rather-long.example.com"
	f := newRefresh(t, "refreshlong", map[string]any{"external-hostname": host})
	f.withAuthority()
	before := f.everything()
	app := f.related("web", nil)
	var watched *watch
	if traits().RefusesLongSecrets {
		f.awaitRefused(app.URL(charm))
	} else {
		watched = f.watchReplaced("a long host, refreshed", app.URL(charm))
	}
	f.refresh()
	f.awaitStatus("active", active)
	f.must(eventually(f.ctx, func(context.Context) error {
		f.updateStatus()
		var secrets []string
		for _, name := range f.added(before) {
			if name, ok := strings.CutPrefix(name, "Secret/"); ok {
				secrets = append(secrets, name)
			}
		}
		if len(secrets) != 1 || len(secrets[0]) > 63 {
			return fmt.Errorf("the Secrets are %v", secrets)
		}
		return nil
	}))
	if watched == nil {
		watched = f.watchReplaced("a long host, served at last", app.URL(charm))
	}
	watched.more()
	f.oneCertificate(watched, host)
	watched.end()
}
