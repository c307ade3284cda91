package stress_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
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
	serviceKind = schema.GroupVersionResource{Version: "v1", Resource: "services"}
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
	// services are the names of all Services.
	services map[string]bool
}

// look reads the API server.
func (w *world) look() (live, error) {
	l := live{secrets: map[string]corev1.Secret{}, services: map[string]bool{}}
	secrets, err := list[corev1.Secret](w, secretKind, ours)
	if err != nil {
		return l, err
	}
	for _, secret := range secrets {
		if secret.Type == corev1.SecretTypeTLS {
			l.secrets[secret.Name] = secret
		}
	}
	gateways, err := list[gatewayv1.Gateway](w, gatewayKind, ours)
	if err != nil {
		return l, err
	}
	for _, gateway := range gateways {
		l.gateway = &gateway
	}
	if l.routes, err = list[gatewayv1.HTTPRoute](w, routeKind, ours); err != nil {
		return l, err
	}
	services, err := list[corev1.Service](w, serviceKind, "")
	for _, service := range services {
		l.services[service.Name] = true
	}
	return l, err
}

// ours selects what this instance of the charm has made.
const ours = "gateway-api-integrator.charm.juju.is/managed-by=" + charm

func list[T any](w *world, kind schema.GroupVersionResource, selector string) ([]T, error) {
	found, err := w.Cluster.Dynamic().Resource(kind).Namespace(model).List(w.ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	all := make([]T, len(found.Items))
	for i, item := range found.Items {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
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

// checkSafe ends the test unless everything is safe, and no private key can be read
// where it should not.
func (w *world) checkSafe() {
	w.t.Helper()
	l, err := w.look()
	w.must(err)
	w.must(w.unsafe(l, w.views()))
	w.must(w.notActive(l))
	w.checkStrangers()
	w.log.check(w, l)
}

// unsafe tells of what may not be at any time, not even between two writes of a hook.
//
// Between two hooks the cluster lags behind what the provider and the operator want,
// and a hook that is killed leaves some of its work undone. So what is wrong has to
// be wrong by each view: by what the charm knew in the last hook that it carried
// through, and by what it knew in each one since.
func (w *world) unsafe(l live, views []view) error {
	for name, secret := range l.secrets {
		if _, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]); err != nil {
			return fmt.Errorf("Secret %s has no key of its certificate: %w", name, err)
		}
	}
	if l.gateway != nil {
		if err := w.unsafeListener(l, views); err != nil {
			return err
		}
	}
	for _, route := range l.routes {
		if err := w.unsafeRoute(l, route, views); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) unsafeListener(l live, views []view) error {
	if n := len(l.gateway.Spec.Listeners); n > maxListeners {
		return fmt.Errorf("the Gateway has %d listeners", n)
	}
	for _, listener := range l.gateway.Spec.Listeners {
		if listener.Protocol != gatewayv1.HTTPSProtocolType {
			continue
		}
		secret := l.secretOf(listener)
		if secret == nil && !w.tampered {
			return fmt.Errorf("listener %s has no Secret", listener.Name)
		}
		if secret == nil {
			continue
		}
		err := wrongByAll(views, func(v view) error { return w.rules(*secret, string(*listener.Hostname), v) })
		if err != nil {
			return fmt.Errorf("listener %s is served, but %w", listener.Name, err)
		}
	}
	return nil
}

// wrongByAll returns an error when something is wrong by every view of the charm.
func wrongByAll(views []view, wrong func(view) error) error {
	var first error
	for _, v := range views {
		err := wrong(v)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
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
		return errors.New("the certificate is revoked")
	case !slices.ContainsFunc(v.relations, func(id int) bool { return w.issued[id][string(leaf.Raw)] }):
		return fmt.Errorf("the certificate (of %s) was not issued on relation %v", leaf.Issuer, v.relations)
	}
	return nil
}

// unsafeRoute looks for what goes to an application in clear, or nowhere.
func (w *world) unsafeRoute(l live, route gatewayv1.HTTPRoute, views []view) error {
	forwards := false
	for _, rule := range route.Spec.Rules {
		for _, backend := range rule.BackendRefs {
			forwards = true
			if !l.services[string(backend.Name)] && !w.tampered && !w.middle.isRefused() {
				return fmt.Errorf("HTTPRoute %s forwards to Service %s, which is not there", route.Name, backend.Name)
			}
		}
	}
	for _, parent := range route.Spec.ParentRefs {
		listener := l.listener(*parent.SectionName)
		if listener == nil || !forwards || listener.Protocol != gatewayv1.HTTPProtocolType {
			continue
		}
		if err := wrongByAll(views, enforced); err != nil {
			return fmt.Errorf("HTTPRoute %s forwards in clear, but %w", route.Name, err)
		}
	}
	return nil
}

func enforced(v view) error {
	if v.enforce {
		return errors.New("HTTPS is enforced")
	}
	return nil
}

// notActive tells of what must not be missing when a hook was carried through and
// nobody has changed the cluster since: the listeners of routes and, when the charm
// calls itself active and has somebody to certify it, an HTTPS listener with a valid
// certificate for every application that it knew of.
func (w *world) notActive(l live) error {
	if w.last == nil || len(w.tried) > 0 || w.tampered {
		return nil
	}
	for _, route := range l.routes {
		for _, parent := range route.Spec.ParentRefs {
			// The hook before may have been killed between the Gateway and its routes. Which of them go is
			// for the hook after the one that waits until the Gateway is judged.
			if l.listener(*parent.SectionName) == nil && !w.unjudged {
				return fmt.Errorf("HTTPRoute %s is attached to listener %s, which is not there", route.Name, *parent.SectionName)
			}
		}
	}
	if !w.active || slices.Contains(w.last.relations, unrelated) {
		return nil
	}
	for _, app := range w.last.apps {
		host := model + "-" + app + "." + w.last.hostname
		i := slices.IndexFunc(l.gateway.Spec.Listeners, func(listener gatewayv1.Listener) bool {
			return listener.Protocol == gatewayv1.HTTPSProtocolType && string(*listener.Hostname) == host
		})
		if i < 0 {
			return fmt.Errorf("the charm is active although %s has no HTTPS listener", host)
		}
		if err := w.rules(*l.secretOf(l.gateway.Spec.Listeners[i]), host, *w.last); err != nil {
			return fmt.Errorf("the charm is active although %s is not served: %w", host, err)
		}
	}
	return nil
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
