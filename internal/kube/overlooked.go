package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
)

// annotationBackends notes, on a route, which Services were there when its controller still
// said that it had no backend. It is written for the sake of the change.
const annotationBackends = "gateway-api-integrator.charm.juju.is/backends"

// backendsNoted is what the annotation holds.
var backendsNoted = regexp.MustCompile(`^[0-9a-f]{16}$`)

// shownAgain returns the routes as they are to be written: one of which a controller that does
// not see Services come says that it has no backend, while all that it leads to is there, is
// changed once, so that the controller looks again. Others say the same for a while, or for
// long, of a Service without endpoints, and look again by themselves.
func shownAgain(snapshot *Snapshot, routes []*unstructured.Unstructured) []*unstructured.Unstructured {
	shown := make([]*unstructured.Unstructured, len(routes))
	for i, route := range routes {
		shown[i] = route
		live := snapshot.live[key{"HTTPRoute", route.GetName()}]
		if live == nil {
			continue
		}
		note := live.GetAnnotations()[annotationBackends]
		if digest := snapshot.digestOf(backends(route)); digest != "" && overlooksBackend(live) {
			note = digest
		}
		if backendsNoted.MatchString(note) {
			shown[i] = route.DeepCopy()
			annotations := shown[i].GetAnnotations()
			if annotations == nil {
				annotations = map[string]string{}
			}
			annotations[annotationBackends] = note
			shown[i].SetAnnotations(annotations)
		}
	}
	return shown
}

// digestOf tells Services apart from those that had their names before. It is empty unless
// all are there.
func (s *Snapshot) digestOf(services []string) string {
	hash := sha256.New()
	for _, name := range services {
		live := s.live[key{"Service", name}]
		if live == nil {
			return ""
		}
		hash.Write([]byte(live.GetUID() + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// overlooksBackend reports whether a controller that does not see Services come says that a
// route leads to what is not there.
func overlooksBackend(route *unstructured.Unstructured) bool {
	parents, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
	for _, parent := range parents {
		fields, _ := parent.(map[string]any)
		id, _ := fields["controllerName"].(string)
		if c := controller.ByID(gatewayv1.GatewayController(id)); c == nil || c.Facts[controller.NoticesServices].Does != controller.No {
			continue
		}
		conditions, _, _ := unstructured.NestedSlice(fields, "conditions")
		for _, one := range conditions {
			condition, _ := one.(map[string]any)
			if condition["type"] == string(gatewayv1.RouteConditionResolvedRefs) && condition["status"] == "False" &&
				condition["reason"] == string(gatewayv1.RouteReasonBackendNotFound) {
				return true
			}
		}
	}
	return false
}
