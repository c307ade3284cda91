package stress_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// Others are in the model: a second instance of the charm whose names come to the same as ours,
// and objects that somebody made by hand.

const (
	// second is the other instance: with requirer "x" its objects have the names of ours with "web0-x".
	second   = charm + "-web0"
	theirs   = "x"
	twin     = "web0-x"
	theirURL = "http://" + model + "-" + theirs + ".second.example.net"
)

// An otherInstance serves one application in clear.
type otherInstance struct {
	app     *lab.App
	related bool
}

// addOther deploys the second instance. Where a Gateway has an address of its own it
// is not there: the test asks at one.
func (w *world) addOther() {
	if cluster.DataPlane(*dataPlane).Traits().OwnAddresses {
		return
	}
	w.must(w.Deploy(w.ctx, second, map[string]any{
		"external-hostname": "second.example.net", "routing-mode": "subdomain", "enforce-https": false,
	}, true))
	app, err := w.AddApp(w.ctx, theirs, 8080, 1)
	w.must(err)
	w.other = &otherInstance{app: app}
	w.otherStep()
}

// otherStep relates the other instance's application, or no longer.
func (w *world) otherStep() string {
	if w.other.related = !w.other.related; w.other.related {
		w.must(w.Relate(w.ctx, theirs+":ingress", second))
	} else {
		w.must(w.Unrelate(w.ctx, theirs+":ingress", second))
	}
	return fmt.Sprintf("%s: %t", second, w.other.related)
}

// settledOther wants the other instance's application served, by its own objects.
func (w *world) settledOther(ctx context.Context) error {
	if w.other == nil {
		return nil
	}
	want, objects := "", []string{"Gateway/" + second}
	if w.other.related {
		want = theirURL
		objects = append(objects, "HTTPRoute/"+second+"-"+model+"-"+theirs+"-http", "Service/"+second+"-"+theirs+"-service")
	}
	if got := strings.TrimSuffix(w.other.app.URL(second), "/"); got != want {
		return fmt.Errorf("%s is told %q, not %q", theirs, got, want)
	}
	got, err := w.Objects(ctx, second)
	if err != nil {
		return err
	}
	if err := differ("objects of "+second, w.plain(objects), w.plain(got)); err != nil {
		return err
	}
	if !w.other.related {
		return nil
	}
	response, err := w.Get(ctx, theirURL+"/", nil)
	if err != nil {
		return err
	}
	if response.Code != 200 || response.Echo.Unit != theirs+"/0" {
		return fmt.Errorf("%s answers %+v", theirURL, response)
	}
	return nil
}

// A stranger is an object made by hand.
type stranger struct {
	kind schema.GroupVersionResource
	uid  string
}

// strangerStep makes an object by hand under a name that one of ours could have.
func (w *world) strangerStep() string {
	name := one(w, w.apps).Name
	objects := []struct {
		kind           schema.GroupVersionResource
		version, named string
		spec           map[string]any
	}{
		{serviceKind, "v1", charm + "-" + name + "-service", map[string]any{"ports": []any{map[string]any{"port": int64(80)}}}},
		{routeKind, "gateway.networking.k8s.io/v1", charm + "-" + model + "-" + name, map[string]any{"hostnames": []any{"by-hand.example.com"}}},
		{routeKind, "gateway.networking.k8s.io/v1", charm + "-" + model + "-" + name + "-http", map[string]any{"hostnames": []any{"by-hand.example.com"}}},
		{secretKind, "v1", charm + "-secret-" + w.host(name), nil},
	}
	object := one(w, objects)
	kind := map[string]string{"services": "Service", "httproutes": "HTTPRoute", "secrets": "Secret"}[object.kind.Resource]
	content := map[string]any{"apiVersion": object.version, "kind": kind, "metadata": map[string]any{"name": object.named, "namespace": model}}
	if object.spec != nil {
		content["spec"] = object.spec
	}
	made, err := w.Cluster.Dynamic().Resource(object.kind).Namespace(model).Create(w.ctx, &unstructured.Unstructured{Object: content}, metav1.CreateOptions{FieldManager: "kubectl-create"})
	if apierrors.IsAlreadyExists(err) {
		return object.named + " is taken"
	}
	w.must(err)
	w.strangers[kind+"/"+object.named] = stranger{object.kind, string(made.GetUID())}
	w.hashed[kind+"/"+object.named] = true
	return kind + "/" + object.named
}

// farewellStep removes an object made by hand.
func (w *world) farewellStep() string {
	return w.farewell(one(w, slices.Sorted(maps.Keys(w.strangers))))
}

func (w *world) farewell(name string) string {
	_, named, _ := strings.Cut(name, "/")
	w.must(w.Cluster.Dynamic().Resource(w.strangers[name].kind).Namespace(model).Delete(w.ctx, named, metav1.DeleteOptions{}))
	delete(w.strangers, name)
	return name
}

// farewellSecrets removes the Secrets made by hand: a host cannot have another.
func (w *world) farewellSecrets() {
	for name := range w.strangers {
		if strings.HasPrefix(name, "Secret/") {
			w.farewell(name)
		}
	}
}

// checkStrangers ends the test when an object made by hand has been changed or deleted.
func (w *world) checkStrangers() {
	w.t.Helper()
	for name, made := range w.strangers {
		_, named, _ := strings.Cut(name, "/")
		object, err := w.Cluster.Dynamic().Resource(made.kind).Namespace(model).Get(w.ctx, named, metav1.GetOptions{})
		if err == nil && (string(object.GetUID()) != made.uid || len(object.GetLabels()) > 0 || len(object.GetOwnerReferences()) > 0) {
			err = errors.New("it is not what it was")
		}
		if err != nil {
			w.fatalf("%s, made by hand: %v", name, err)
		}
	}
}

// plain returns names in order, without the hash of those whose plain name is, or was, somebody else's.
func (w *world) plain(names []string) []string {
	const hash = len("-01234567")
	var all []string
	for _, name := range names {
		if cut := max(0, len(name)-hash); w.hashed[name[:cut]] {
			name = name[:cut]
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
