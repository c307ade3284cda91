package stress_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

var (
	secretKind  = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	gatewayKind = schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: "v1", Resource: "gateways"}
	routeKind   = schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: "v1", Resource: "httproutes"}
)

// maxListeners is how many a Gateway can have (Gateway API, GatewaySpec.listeners).
const maxListeners = 64

// live is what there is in the cluster that can be unsafe.
type live struct {
	secrets map[string]corev1.Secret // those of TLS
	gateway *gatewayv1.Gateway       // nil for none
	routes  []gatewayv1.HTTPRoute
}

// look reads the API server. What the charm has made bears its label.
func (w *world) look() live {
	l := live{secrets: map[string]corev1.Secret{}}
	for _, secret := range list[corev1.Secret](w, secretKind) {
		if secret.Type == corev1.SecretTypeTLS {
			l.secrets[secret.Name] = secret
		}
	}
	for _, gateway := range list[gatewayv1.Gateway](w, gatewayKind) {
		l.gateway = &gateway
	}
	l.routes = list[gatewayv1.HTTPRoute](w, routeKind)
	return l
}

func list[T any](w *world, kind schema.GroupVersionResource) []T {
	found, err := w.Cluster.Dynamic().Resource(kind).Namespace(model).List(w.ctx, metav1.ListOptions{})
	w.must(err)
	all := make([]T, len(found.Items))
	for i, item := range found.Items {
		w.must(runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &all[i]))
	}
	return all
}

func (l live) listener(name gatewayv1.SectionName) *gatewayv1.Listener {
	if l.gateway == nil {
		return nil
	}
	i := slices.IndexFunc(l.gateway.Spec.Listeners, func(listener gatewayv1.Listener) bool { return listener.Name == name })
	if i < 0 {
		return nil
	}
	return &l.gateway.Spec.Listeners[i]
}

// secretOf is the Secret of an HTTPS listener, nil when it is not there.
func (l live) secretOf(listener gatewayv1.Listener) *corev1.Secret {
	if listener.TLS == nil || len(listener.TLS.CertificateRefs) != 1 {
		return nil
	}
	secret, ok := l.secrets[string(listener.TLS.CertificateRefs[0].Name)]
	if !ok {
		return nil
	}
	return &secret
}

// checkSafe ends the test unless everything is safe that has to be at any time.
// Between two hooks the cluster lags behind what the provider and the operator want,
// and a hook that is killed leaves some of its work undone. So what is wrong has to
// be wrong by all that the charm knew in the last hook that it carried through, and
// by all that it knew in each one since.
func (w *world) checkSafe() {
	w.t.Helper()
	l := w.look()
	for name, secret := range l.secrets {
		if _, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]); err != nil {
			w.fatalf("Secret %s has no key of its certificate: %v", name, err)
		}
	}
	if l.gateway != nil {
		w.checkListeners(l)
	}
	for _, route := range l.routes {
		w.checkRoute(l, route)
	}
	w.checkActive(l)
	w.log.check(w, l)
}

func (w *world) checkListeners(l live) {
	w.t.Helper()
	if n := len(l.gateway.Spec.Listeners); n > maxListeners {
		w.fatalf("the Gateway has %d listeners", n)
	}
	for _, listener := range l.gateway.Spec.Listeners {
		if listener.Protocol != gatewayv1.HTTPSProtocolType {
			continue
		}
		secret := l.secretOf(listener)
		switch {
		case secret != nil:
			w.wrongByAll(fmt.Sprintf("listener %s is served", listener.Name), func(v view) error {
				return w.rules(*secret, string(*listener.Hostname), v)
			})
		case !w.tampered:
			w.fatalf("listener %s has no Secret", listener.Name)
		}
	}
}

// wrongByAll ends the test when something is wrong by every view of the charm.
func (w *world) wrongByAll(what string, wrong func(view) error) {
	w.t.Helper()
	var first error
	for _, v := range w.views() {
		err := wrong(v)
		if err == nil {
			return
		}
		if first == nil {
			first = err
		}
	}
	if first != nil {
		w.fatalf("%s, but %v", what, first)
	}
}

// rules are those of a certificate that may be served for a host.
func (w *world) rules(secret corev1.Secret, host string, v view) error {
	leaf := parseLeaf(secret.Data[corev1.TLSCertKey])
	switch {
	case leaf == nil:
		return fmt.Errorf("Secret %s has no certificate", secret.Name)
	case leaf.VerifyHostname(host) != nil:
		return fmt.Errorf("the certificate is for %v", leaf.DNSNames)
	case v.at.Before(leaf.NotBefore), v.at.After(leaf.NotAfter):
		return fmt.Errorf("at %s the certificate is out of its time, %s to %s", v.at, leaf.NotBefore, leaf.NotAfter)
	case v.revoked[string(leaf.Raw)]:
		return fmt.Errorf("the certificate is revoked")
	case !slices.ContainsFunc(v.relations, func(id int) bool { return w.issued[id][string(leaf.Raw)] }):
		return fmt.Errorf("the certificate (of %s) was not issued on relation %v", leaf.Issuer, v.relations)
	}
	return nil
}

// checkRoute looks for what goes to an application in clear, and, when the last hook
// was carried through, for listeners that are not there.
func (w *world) checkRoute(l live, route gatewayv1.HTTPRoute) {
	w.t.Helper()
	for _, parent := range route.Spec.ParentRefs {
		listener := l.listener(*parent.SectionName)
		if listener == nil {
			if len(w.tried) == 0 && !w.tampered {
				w.fatalf("HTTPRoute %s is attached to listener %s, which is not there", route.Name, *parent.SectionName)
			}
			continue
		}
		forwards := slices.ContainsFunc(route.Spec.Rules, func(rule gatewayv1.HTTPRouteRule) bool { return len(rule.BackendRefs) > 0 })
		if forwards && listener.Protocol == gatewayv1.HTTPProtocolType {
			w.wrongByAll("HTTPRoute "+route.Name+" forwards in clear", enforced)
		}
	}
}

func enforced(v view) error {
	if v.enforce {
		return fmt.Errorf("HTTPS is enforced")
	}
	return nil
}

// checkActive says that a charm which calls itself active serves every application
// that it knew of over HTTPS, if it had anybody to certify it.
func (w *world) checkActive(l live) {
	w.t.Helper()
	if w.last == nil || !w.active || len(w.tried) > 0 || w.tampered || slices.Contains(w.last.relations, unrelated) {
		return
	}
	for _, app := range w.last.apps {
		host := model + "-" + app + "." + w.last.hostname
		i := slices.IndexFunc(l.gateway.Spec.Listeners, func(listener gatewayv1.Listener) bool {
			return listener.Protocol == gatewayv1.HTTPSProtocolType && string(*listener.Hostname) == host
		})
		if i < 0 {
			w.fatalf("the charm is active although %s has no HTTPS listener", host)
		}
		if err := w.rules(*l.secretOf(l.gateway.Spec.Listeners[i]), host, *w.last); err != nil {
			w.fatalf("the charm is active although %s is not served: %v", host, err)
		}
	}
}

// checkPlain asks for every host there ever was in clear, while HTTPS is enforced.
// The gateway needs a moment to follow.
func (w *world) checkPlain() {
	w.t.Helper()
	if len(w.views()) == 0 || slices.ContainsFunc(w.views(), func(v view) bool { return !v.enforce }) {
		return
	}
	for _, host := range sorted(w.known) {
		err := cluster.Eventually(w.ctx, lab.Patience, func(ctx context.Context) error {
			response, err := w.Get(ctx, "http://"+host+"/", nil)
			if err == nil && response.Echo.Unit != "" {
				err = fmt.Errorf("%s answers in clear at %s", response.Echo.Unit, host)
			}
			return err
		})
		if err != nil {
			w.fatalf("%v", err)
		}
	}
}

// parseLeaf reads the first certificate of a PEM text, nil for none.
func parseLeaf(text []byte) *x509.Certificate {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return leaf
}
