package plan

import (
	"encoding/json"
	"reflect"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// The builders, here and in the other files, write out everything that the API server would fill in
// by itself. An object can then be compared with the live one as it is, and an object that is
// already as planned costs no request.

// gateway returns the one Gateway of the application. It has the application's name and is never
// created anew, because a new Gateway would get another address.
func (d *decision) gateway() *gatewayv1.Gateway {
	meta := objectMeta(d.observed, d.Application)
	meta.Annotations = map[string]string{annotationSettings: d.Config.Note(!d.unsure)}
	planned := &gatewayv1.Gateway{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "Gateway"},
		ObjectMeta: meta,
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: gatewayv1.ObjectName(d.class.name),
			Listeners:        d.listenerObjects(),
		},
	}
	noteUnjudged(d.observed, planned)
	return planned
}

// listenerObjects returns the listeners of all hosts. If there is no host yet, it returns one HTTP
// listener for any host, so that the Gateway can get its address early.
func (d *decision) listenerObjects() []gatewayv1.Listener {
	if len(d.hosts) == 0 {
		return []gatewayv1.Listener{listenerObject(d.observed, host{}, newListener(d.observed, "", false))}
	}
	var all []gatewayv1.Listener
	for _, h := range d.hosts {
		for _, l := range h.listeners {
			all = append(all, listenerObject(d.observed, h, l))
		}
	}
	return all
}

func listenerObject(s observed, h host, l listener) gatewayv1.Listener {
	object := gatewayv1.Listener{
		Name:          gatewayv1.SectionName(l.name),
		Port:          80,
		Protocol:      gatewayv1.HTTPProtocolType,
		AllowedRoutes: allowedRoutes(s, h),
	}
	if l.secure {
		object.Port, object.Protocol = 443, gatewayv1.HTTPSProtocolType
		object.TLS = &gatewayv1.ListenerTLSConfig{
			Mode: ptr(gatewayv1.TLSModeTerminate),
			CertificateRefs: []gatewayv1.SecretObjectReference{{
				Group: ptr(gatewayv1.Group("")),
				Kind:  ptr(gatewayv1.Kind("Secret")),
				Name:  gatewayv1.ObjectName(h.secret),
			}},
		}
	}
	if h.name != "" {
		object.Hostname = ptr(gatewayv1.Hostname(h.name))
	}
	return object
}

// allowedRoutes accepts the routes of our own model. If applications write routes of their own, it
// also accepts those of their models, and of no others if we know these: whoever may attach a route
// may take a host's traffic.
func allowedRoutes(s observed, h host) *gatewayv1.AllowedRoutes {
	namespaces := &gatewayv1.RouteNamespaces{From: ptr(gatewayv1.NamespacesFromSame)}
	others := slices.DeleteFunc(slices.Clone(h.from), func(name string) bool { return name == s.InNamespace() })
	switch {
	case h.open && len(h.from) == 0:
		namespaces.From = ptr(gatewayv1.NamespacesFromAll)
	case h.open && len(others) > 0:
		namespaces.From = ptr(gatewayv1.NamespacesFromSelector)
		namespaces.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: labelNamespace, Operator: metav1.LabelSelectorOpIn, Values: slices.Sorted(slices.Values(append(others, s.InNamespace()))),
		}}}
	}
	return &gatewayv1.AllowedRoutes{Namespaces: namespaces}
}

// noteUnjudged adds the note to a planned Gateway. If nothing else changes, the existing note
// stays, current or not: it is not worth a request of its own.
func noteUnjudged(s observed, planned *gatewayv1.Gateway) {
	live := s.Cluster.Gateway
	if live == nil {
		return
	}
	note := noteOf(live)
	if live.Annotations[annotationSettings] != planned.Annotations[annotationSettings] ||
		live.Spec.GatewayClassName != planned.Spec.GatewayClassName || !reflect.DeepEqual(live.Spec.Listeners, planned.Spec.Listeners) {
		note = unjudgedNote{Since: unjudgedSince(live), Observed: newestGeneration(live)}
		if s.Now.Sub(note.Since) < unjudgedGrace {
			return
		}
	}
	if note.Since.IsZero() {
		return
	}
	note.Since = note.Since.UTC()
	text, err := json.Marshal(note)
	if err != nil {
		return // The charm has not noted a year that JSON cannot hold.
	}
	planned.Annotations[annotationUnjudged] = string(text)
}

// secrets returns a Secret with the key and the certificate of every host that is served over
// HTTPS.
func (d *decision) secrets() []Object {
	var all []Object
	for _, h := range d.certified() {
		if !h.secure() {
			continue
		}
		all = append(all, &secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: groupVersionCore, Kind: "Secret"},
			ObjectMeta: objectMeta(d.observed, h.secret),
			Type:       secretTypeTLS,
			Data: map[string][]byte{
				secretTLSCert: []byte(h.chain),
				secretTLSKey:  []byte(h.key.PEM()),
			},
		})
	}
	return all
}
