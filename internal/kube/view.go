package kube

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// What package rollout sees of the objects, live and desired.

// A desiredSet is what is desired: as it is sent to the API server, and as the rollout sees it.
type desiredSet struct {
	bodies  map[key]*unstructured.Unstructured
	objects []rollout.Object
}

// compare converts the desired objects and compares them with the snapshot. It is an error if one
// has a kind that the charm does not write, or is desired twice.
func (c *Client) compare(snapshot *Snapshot, desired []Object) (*desiredSet, error) {
	all := &desiredSet{bodies: map[key]*unstructured.Unstructured{}}
	for _, object := range desired {
		body, err := toUnstructured(object)
		if err != nil {
			return nil, err
		}
		k := key{body.GetKind(), body.GetName()}
		if !slices.Contains(rollout.Kinds(), k.Kind) {
			return nil, fmt.Errorf("cannot apply %s %s: not a kind that is handled here", k.Kind, k.Name)
		}
		if all.bodies[k] != nil {
			return nil, fmt.Errorf("cannot apply %s %s: desired twice", k.Kind, k.Name)
		}
		all.bodies[k] = body
		o := viewOf(k, body, object)
		if live := snapshot.live[k]; live != nil {
			o.Differs = !same(asWritten(body, live, withLiveFields(o, live)), live, c.options.Manager)
			o.Taken = o.Differs && c.hasFieldsToTakeOver(live)
		}
		all.objects = append(all.objects, o)
	}
	return all, nil
}

// withLiveFields returns a desired route with what the rollout decides about it, as it is live: all
// other parents of the live route, and its note. Other objects are returned as they are.
func withLiveFields(o rollout.Object, live *unstructured.Unstructured) rollout.Object {
	if o.Kind != rollout.KindRoute {
		return o
	}
	for _, parent := range parentsOf(live) {
		o.Parents = append(slices.Clip(o.Parents), section(parent))
	}
	if note := live.GetAnnotations()[rollout.AnnotationBackends]; rollout.IsNote(note) {
		o.Note = note
	}
	return o
}

// live returns what the rollout sees of what is in the cluster.
func (c *Client) live(snapshot *Snapshot) rollout.Live {
	live := rollout.Live{Hidden: isForbidden(snapshot.NoBackendTLS)}
	typed := snapshot.typed()
	for k, object := range snapshot.live {
		if k.Kind == rollout.KindGateway && k.Name != c.options.Manager {
			continue // The application must not change it.
		}
		o := viewOf(k, object, typed[k])
		o.UID = string(object.GetUID())
		o.Deleting, o.Finalizers = object.GetDeletionTimestamp() != nil, len(object.GetFinalizers()) > 0
		o.Note = object.GetAnnotations()[rollout.AnnotationBackends]
		live.Objects = append(live.Objects, o)
	}
	for k := range snapshot.foreign {
		live.Foreign = append(live.Foreign, rollout.Ref(k))
	}
	return live
}

// typed returns the live objects of the Gateway API.
func (s *Snapshot) typed() map[key]Object {
	all := make(map[key]Object, len(s.Routes)+len(s.Policies)+1)
	if s.Gateway != nil {
		all[key{rollout.KindGateway, s.Gateway.Name}] = s.Gateway
	}
	for i := range s.Routes {
		all[key{rollout.KindRoute, s.Routes[i].Name}] = &s.Routes[i]
	}
	for i := range s.Policies {
		all[key{rollout.KindPolicy, s.Policies[i].Name}] = &s.Policies[i]
	}
	return all
}

// viewOf returns what the rollout sees of an object. It reads objects of the Gateway API by their
// Go types, and others as they are sent to the API server.
func viewOf(k key, body *unstructured.Unstructured, typed Object) rollout.Object {
	o := rollout.Object{Ref: rollout.Ref(k)}
	switch object := typed.(type) {
	case *gatewayv1.Gateway:
		o.Class = string(object.Spec.GatewayClassName)
		for _, listener := range object.Spec.Listeners {
			o.Listeners = append(o.Listeners, viewOfListener(listener))
		}
		o.Behind = rollout.Behind(object.Generation, object.Status.Conditions)
	case *gatewayv1.HTTPRoute:
		viewOfRoute(&o, object)
	case *gatewayv1.BackendTLSPolicy:
		for _, target := range object.Spec.TargetRefs {
			o.Targets = append(o.Targets, string(target.Name))
		}
	}
	switch o.Kind {
	case rollout.KindService:
		o.TLS = speaksTLS(body)
	case rollout.KindEndpointSlice:
		o.Service = body.GetLabels()[rollout.LabelServiceName]
	}
	return o
}

func viewOfListener(listener gatewayv1.Listener) rollout.Listener {
	l := rollout.Listener{Name: string(listener.Name), Port: int32(listener.Port), Host: string(ptr.Deref(listener.Hostname, ""))}
	if listener.TLS != nil {
		for _, reference := range listener.TLS.CertificateRefs {
			l.Secrets = append(l.Secrets, string(reference.Name))
		}
	}
	return l
}

func viewOfRoute(o *rollout.Object, route *gatewayv1.HTTPRoute) {
	for _, parent := range route.Spec.ParentRefs {
		o.Parents = append(o.Parents, string(ptr.Deref(parent.SectionName, "")))
	}
	for _, rule := range route.Spec.Rules {
		for _, backend := range rule.BackendRefs {
			o.Backends = append(o.Backends, string(backend.Name))
		}
	}
	var reports [][]metav1.Condition
	for _, parent := range route.Status.Parents {
		reports = append(reports, parent.Conditions)
		if slices.ContainsFunc(parent.Conditions, func(c metav1.Condition) bool {
			return c.Type == string(gatewayv1.RouteConditionResolvedRefs) && c.Status == metav1.ConditionFalse && c.Reason == string(gatewayv1.RouteReasonBackendNotFound)
		}) {
			o.NoBackend = append(o.NoBackend, string(parent.ControllerName))
		}
	}
	o.Behind = rollout.Behind(route.Generation, reports...)
}

// speaksTLS reports whether a Service has a port behind which the application speaks TLS.
func speaksTLS(service *unstructured.Unstructured) bool {
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	return slices.ContainsFunc(ports, func(port any) bool {
		fields, _ := port.(map[string]any)
		name, _ := fields["name"].(string)
		return strings.HasPrefix(name, rollout.TLSPort)
	})
}
