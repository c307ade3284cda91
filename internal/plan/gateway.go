package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Everything the API server would fill in by itself is written out, here and in
// the other builders: an object can then be compared with the live one as it
// is, and one that is already as planned costs no request.

// gateway is the one Gateway of the application. It is named after it and never
// made anew, because a new one would get another address.
func gateway(s state.State, set settings) *gatewayv1.Gateway {
	meta := objectMeta(s, s.Application)
	meta.Annotations = map[string]string{annotationSettings: set.annotation()}
	planned := &gatewayv1.Gateway{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "Gateway"},
		ObjectMeta: meta,
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: gatewayv1.ObjectName(set.class),
			Listeners:        listeners(s, set),
		},
	}
	noteUnjudged(s, planned)
	return planned
}

// listeners gives each host an HTTP listener, and an HTTPS one once it has a
// certificate: a listener that refers to a Secret that is not there can stop a
// controller from taking any change of the Gateway. Where there is no host yet, one
// HTTP listener stands for any, so that the Gateway can have its address early.
func listeners(s state.State, set settings) []gatewayv1.Listener {
	if len(set.hosts) == 0 {
		return []gatewayv1.Listener{httpListener(s, host{})}
	}
	var all []gatewayv1.Listener
	for _, h := range set.hosts {
		if h.http {
			all = append(all, httpListener(s, h))
		}
		if h.secure() {
			all = append(all, httpsListener(s, h))
		}
	}
	return all
}

func httpListener(s state.State, h host) gatewayv1.Listener {
	listener := gatewayv1.Listener{
		Name:          gatewayv1.SectionName(httpListenerName(s, h.name)),
		Port:          80,
		Protocol:      gatewayv1.HTTPProtocolType,
		AllowedRoutes: allowedRoutes(h),
	}
	if h.name != "" {
		listener.Hostname = ptr(gatewayv1.Hostname(h.name))
	}
	return listener
}

func httpsListener(s state.State, h host) gatewayv1.Listener {
	listener := gatewayv1.Listener{
		Name:          gatewayv1.SectionName(httpsListenerName(s, h.name)),
		Port:          443,
		Protocol:      gatewayv1.HTTPSProtocolType,
		AllowedRoutes: allowedRoutes(h),
		TLS: &gatewayv1.ListenerTLSConfig{
			Mode: ptr(gatewayv1.TLSModeTerminate),
			CertificateRefs: []gatewayv1.SecretObjectReference{{
				Group: ptr(gatewayv1.Group("")),
				Kind:  ptr(gatewayv1.Kind("Secret")),
				Name:  gatewayv1.ObjectName(h.secret),
			}},
		},
	}
	if h.name != "" {
		listener.Hostname = ptr(gatewayv1.Hostname(h.name))
	}
	return listener
}

// allowedRoutes admits the routes of our own model and, where applications write their
// own, those of any: whoever may attach a route may take a host's traffic.
func allowedRoutes(h host) *gatewayv1.AllowedRoutes {
	from := gatewayv1.NamespacesFromSame
	if h.open {
		from = gatewayv1.NamespacesFromAll
	}
	return &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: ptr(from)}}
}

// secrets holds the key and the certificate of every host served over HTTPS.
func secrets(s state.State, set settings) []Object {
	var all []Object
	for _, h := range set.secureHosts() {
		all = append(all, &secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: groupVersionCore, Kind: "Secret"},
			ObjectMeta: objectMeta(s, h.secret),
			Type:       secretTypeTLS,
			Data: map[string][]byte{
				secretTLSCert: []byte(h.chain),
				secretTLSKey:  []byte(h.key.PEM()),
			},
		})
	}
	return all
}

func ptr[T any](value T) *T { return &value }
