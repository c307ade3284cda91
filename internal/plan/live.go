package plan

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// listenersOf returns the listeners of the live Gateway.
func listenersOf(s observed) []gatewayv1.Listener {
	if s.Cluster.Gateway == nil {
		return nil
	}
	return s.Cluster.Gateway.Spec.Listeners
}

// hostOf returns the host of a listener; empty for any host.
func hostOf(listener gatewayv1.Listener) string {
	if listener.Hostname == nil {
		return ""
	}
	return string(*listener.Hostname)
}

// hasListener reports whether the live Gateway has a listener.
func hasListener(s observed, name string) bool {
	return s.Cluster.Gateway != nil && slices.ContainsFunc(s.Cluster.Gateway.Spec.Listeners, func(l gatewayv1.Listener) bool {
		return string(l.Name) == name
	})
}

// secureListener returns the live HTTPS listener of a host; nil if there is none. The host "" is
// any host.
func secureListener(s observed, host string) *gatewayv1.Listener {
	if s.Cluster.Gateway == nil {
		return nil
	}
	listeners := s.Cluster.Gateway.Spec.Listeners
	i := slices.IndexFunc(listeners, func(l gatewayv1.Listener) bool {
		name := gatewayv1.Hostname("")
		if l.Hostname != nil {
			name = *l.Hostname
		}
		return l.Protocol == gatewayv1.HTTPSProtocolType && string(name) == host
	})
	if i < 0 {
		return nil
	}
	return &listeners[i]
}

// secretInUse returns the name of the Secret that the live HTTPS listener of a host refers to;
// empty if there is none.
func secretInUse(s observed, host string) string {
	listener := secureListener(s, host)
	if listener == nil || listener.TLS == nil || len(listener.TLS.CertificateRefs) == 0 {
		return ""
	}
	return string(listener.TLS.CertificateRefs[0].Name)
}

// labelNamespace is a label that every namespace has; its value is the namespace's name. The API
// server enforces that, so nobody can give the label to another namespace.
const labelNamespace = "kubernetes.io/metadata.name"

// admits reports whether a live listener accepts routes of a namespace. If the namespace is
// unknown, the listener must accept routes of all namespaces.
func admits(s observed, allowed gatewayv1.AllowedRoutes, namespace string) bool {
	if allowed.Namespaces == nil || allowed.Namespaces.From == nil {
		return namespace == s.InNamespace() // The default.
	}
	switch *allowed.Namespaces.From {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSelector:
		selector := allowed.Namespaces.Selector
		return namespace != "" && selector != nil && slices.ContainsFunc(selector.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
			return r.Key == labelNamespace && slices.Contains(r.Values, namespace)
		})
	default:
		return namespace == s.InNamespace()
	}
}

// isOpen reports whether applications may have attached routes of their own to a listener: it
// accepts routes of other namespaces, or an application on gateway-route has its host.
func isOpen(s observed, listener gatewayv1.Listener) bool {
	allowed := listener.AllowedRoutes
	if allowed != nil && allowed.Namespaces != nil && allowed.Namespaces.From != nil && *allowed.Namespaces.From != gatewayv1.NamespacesFromSame {
		return true
	}
	return listener.Hostname != nil && slices.ContainsFunc(s.RouteRequirers, func(r state.RouteRequirer) bool {
		return slices.Contains(r.Has, string(*listener.Hostname))
	})
}

// liveRoutes returns our routes in the cluster, by name.
func liveRoutes(s observed) map[string]*gatewayv1.HTTPRoute {
	live := make(map[string]*gatewayv1.HTTPRoute, len(s.Cluster.Routes))
	for i := range s.Cluster.Routes {
		live[s.Cluster.Routes[i].Name] = &s.Cluster.Routes[i]
	}
	return live
}

// pathOf returns the path of a route of ours. Our routes have one rule with one match.
func pathOf(route *gatewayv1.HTTPRoute) string {
	for _, rule := range route.Spec.Rules {
		for _, match := range rule.Matches {
			if match.Path != nil && match.Path.Value != nil {
				return *match.Path.Value
			}
		}
	}
	return ""
}

// isAttached reports whether a route refers to a listener of ours.
func isAttached(route *gatewayv1.HTTPRoute, listener string) bool {
	return slices.ContainsFunc(route.Spec.ParentRefs, func(ref gatewayv1.ParentReference) bool {
		return ref.SectionName != nil && string(*ref.SectionName) == listener
	})
}

// forwards reports whether a route of ours leads to an application.
func forwards(route *gatewayv1.HTTPRoute) bool {
	return slices.ContainsFunc(route.Spec.Rules, func(rule gatewayv1.HTTPRouteRule) bool { return len(rule.BackendRefs) > 0 })
}

// servicesOf returns the names of the Services that a route leads to.
func servicesOf(route *gatewayv1.HTTPRoute) []string {
	var all []string
	for _, rule := range route.Spec.Rules {
		for _, ref := range rule.BackendRefs {
			all = append(all, string(ref.Name))
		}
	}
	return all
}

// policyHosts returns the names for which the live policy of a Service verifies certificates.
func policyHosts(s observed, service string) []string {
	for _, policy := range s.Cluster.Policies {
		if policy.Name != service {
			continue
		}
		hosts := []string{string(policy.Spec.Validation.Hostname)}
		for _, name := range policy.Spec.Validation.SubjectAltNames {
			if host := string(name.Hostname); !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
		return hosts
	}
	return nil
}

// gatewayWasRefused reports whether the API server refused our change of the Gateway. The Gateway
// is then as before, and may lack planned listeners.
func gatewayWasRefused(s observed) bool {
	return slices.ContainsFunc(s.Cluster.Refusals, func(one state.Refusal) bool { return one.Kind == "Gateway" })
}

// isOurGateway reports whether a reference is to our Gateway. Gateways of the same name may exist
// in other namespaces.
func isOurGateway(s observed, ref gatewayv1.ParentReference) bool {
	return ref.Name == gatewayv1.ObjectName(s.Application) && (ref.Namespace == nil || string(*ref.Namespace) == s.InNamespace()) &&
		(ref.Group == nil || *ref.Group == gatewayv1.GroupName) && (ref.Kind == nil || *ref.Kind == "Gateway")
}
