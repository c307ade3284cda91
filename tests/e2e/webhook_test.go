package e2e_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// orphanedWebhook has the API server ask a Service that is not there about one HTTPRoute of
// a model, as what somebody has uninstalled by halves does. It
// returns what removes it.
func (f *fixture) orphanedWebhook(model, route string) (remove func()) {
	f.t.Helper()
	kind := schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations"}
	name := model + "-orphan"
	configuration := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
		"metadata": map[string]any{"name": name},
		"webhooks": []any{map[string]any{
			"name": "routes.example.com", "sideEffects": "None", "admissionReviewVersions": []any{"v1"}, "failurePolicy": "Fail", "timeoutSeconds": int64(1),
			"clientConfig":      map[string]any{"service": map[string]any{"namespace": model, "name": "uninstalled"}},
			"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": model}},
			"matchConditions":   []any{map[string]any{"name": "route", "expression": `request.name == "` + route + `"`}},
			"rules": []any{map[string]any{
				"apiGroups": []any{"gateway.networking.k8s.io"}, "apiVersions": []any{"*"}, "resources": []any{"httproutes"},
				"operations": []any{"CREATE", "UPDATE"},
			}},
		}},
	}}
	configurations := shared.Dynamic().Resource(kind)
	_, err := configurations.Create(f.ctx, configuration, metav1.CreateOptions{})
	f.must(err)
	remove = func() { _ = configurations.Delete(f.ctx, name, metav1.DeleteOptions{}) }
	f.t.Cleanup(remove)
	return remove
}

// TestOrphanedWebhook leaves a webhook behind that fails for the route of one application. An
// application that comes after that gets its certificate, its route and its URL, and others are not
// affected.
func TestOrphanedWebhook(t *testing.T) {
	t.Parallel()
	f := newSubdomains(t, "orphaned")
	one := f.app("one", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch("a webhook is left behind", one.URL(charm))
	remove := f.orphanedWebhook("orphaned", charm+"-orphaned-late")

	late, next := f.app("late", 8080, nil), f.app("next", 8080, nil)
	f.awaitAnswer("https://"+f.host("next")+"/", 200)
	f.awaitStatusBeginning("active 2 of 3 applications served; late: refused by the API server: \"failed calling webhook ")
	if got := next.URL(charm); got != "https://"+f.host("next")+"/" {
		t.Errorf("the next application is told %q", got)
	}
	if got := late.URL(charm); got != "" {
		t.Errorf("the application without a route is told %q", got)
	}
	watched.more()
	remove()
	f.updateStatus()
	f.awaitStatus("active", active)
	if got := late.URL(charm); !strings.HasPrefix(got, "https://") {
		t.Errorf("the application is told %q", got)
	}
	f.awaitAnswer(late.URL(charm), 200)
	watched.end()
}
