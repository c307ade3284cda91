package plan

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// listenersOf are those that the Gateway has.
func listenersOf(s observed) []gatewayv1.Listener {
	if s.Cluster.Gateway == nil {
		return nil
	}
	return s.Cluster.Gateway.Spec.Listeners
}

// hostOf is the host that a listener is for; empty for any.
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

// secureListener returns the live HTTPS listener of a host, "" for any; nil for none.
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

// secretInUse returns the name of the Secret that the live HTTPS listener of a host refers
// to; empty for none.
func secretInUse(s observed, host string) string {
	listener := secureListener(s, host)
	if listener == nil || listener.TLS == nil || len(listener.TLS.CertificateRefs) == 0 {
		return ""
	}
	return string(listener.TLS.CertificateRefs[0].Name)
}

// labelNamespace is on every namespace, with its name, and the API server sees to that:
// nobody can give it to another.
const labelNamespace = "kubernetes.io/metadata.name"

// admits reports whether routes of a namespace may be attached to a listener as it stands; of an
// unknown one only if those of all may.
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

// isOpen reports whether applications may have attached routes of their own to a listener: it takes
// routes of other namespaces, or an application that is told of the Gateway names its host.
func isOpen(s observed, listener gatewayv1.Listener) bool {
	allowed := listener.AllowedRoutes
	if allowed != nil && allowed.Namespaces != nil && allowed.Namespaces.From != nil && *allowed.Namespaces.From != gatewayv1.NamespacesFromSame {
		return true
	}
	return listener.Hostname != nil && slices.ContainsFunc(s.RouteRequirers, func(r state.RouteRequirer) bool {
		return (r.Told || r.Holds) && slices.Contains(r.Hostnames, string(*listener.Hostname))
	})
}

// liveRoutes returns the application's routes as they are, by name.
func liveRoutes(s observed) map[string]*gatewayv1.HTTPRoute {
	live := make(map[string]*gatewayv1.HTTPRoute, len(s.Cluster.Routes))
	for i := range s.Cluster.Routes {
		live[s.Cluster.Routes[i].Name] = &s.Cluster.Routes[i]
	}
	return live
}

// pathOf returns the path of a route of ours, which has one rule with one match.
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

// isAttached reports whether a route names a listener of ours.
func isAttached(route *gatewayv1.HTTPRoute, listener string) bool {
	return slices.ContainsFunc(route.Spec.ParentRefs, func(ref gatewayv1.ParentReference) bool {
		return ref.SectionName != nil && string(*ref.SectionName) == listener
	})
}

// forwards reports whether a route of ours leads to an application.
func forwards(route *gatewayv1.HTTPRoute) bool {
	return slices.ContainsFunc(route.Spec.Rules, func(rule gatewayv1.HTTPRouteRule) bool { return len(rule.BackendRefs) > 0 })
}

// servicesOf are the names of the Services that a route leads to.
func servicesOf(route *gatewayv1.HTTPRoute) []string {
	var all []string
	for _, rule := range route.Spec.Rules {
		for _, ref := range rule.BackendRefs {
			all = append(all, string(ref.Name))
		}
	}
	return all
}

// policyHosts returns the names by which what stands behind a Service is verified now.
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

// gatewayStays reports whether the Gateway was refused: it is as it was, and may lack listeners
// that are planned.
func gatewayWasRefused(s observed) bool {
	return slices.ContainsFunc(s.Cluster.Refusals, func(one state.Refusal) bool { return one.Kind == "Gateway" })
}

// isOurGateway reports whether a reference is to our Gateway. Others may have its name, in
// other namespaces.
func isOurGateway(s observed, ref gatewayv1.ParentReference) bool {
	return ref.Name == gatewayv1.ObjectName(s.Application) && (ref.Namespace == nil || string(*ref.Namespace) == s.InNamespace()) &&
		(ref.Group == nil || *ref.Group == gatewayv1.GroupName) && (ref.Kind == nil || *ref.Kind == "Gateway")
}
