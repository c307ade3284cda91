package kube

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/kube/kubetest"
)

// testKey is a private key that must never be seen outside a Secret.
const testKey = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"

func asError[T error](err error, target *T) bool { return errors.As(err, target) }

func meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: "shop", Labels: map[string]string{testLabel: "gw"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "gw", UID: "uid-gw"}},
	}
}

func secret(name string) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: meta(name),
		Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: []byte("certificate"), corev1.TLSPrivateKeyKey: []byte(testKey)},
	}
}

func gateway(name string, hosts ...string) *gatewayv1.Gateway {
	object := &gatewayv1.Gateway{
		TypeMeta: metav1.TypeMeta{APIVersion: "gateway.networking.k8s.io/v1", Kind: "Gateway"}, ObjectMeta: meta(name),
		Spec: gatewayv1.GatewaySpec{GatewayClassName: "class"},
	}
	for _, host := range hosts {
		object.Spec.Listeners = append(object.Spec.Listeners, gatewayv1.Listener{
			Name: gatewayv1.SectionName(name + "-" + host), Hostname: ptr.To(gatewayv1.Hostname(host)),
			Port: 80, Protocol: gatewayv1.HTTPProtocolType,
		})
	}
	return object
}

func service(name string, ports ...int32) *corev1.Service {
	object := &corev1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: meta(name),
		Spec: corev1.ServiceSpec{Selector: map[string]string{"app.kubernetes.io/name": name}},
	}
	for _, port := range ports {
		object.Spec.Ports = append(object.Spec.Ports, corev1.ServicePort{
			Name: "tcp", Port: port, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(port),
		})
	}
	return object
}

func endpointSlice(name string, addresses ...string) *discoveryv1.EndpointSlice {
	object := &discoveryv1.EndpointSlice{
		TypeMeta: metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"}, ObjectMeta: meta(name),
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	for _, address := range addresses {
		object.Endpoints = append(object.Endpoints, discoveryv1.Endpoint{Addresses: []string{address}})
	}
	return object
}

func httpRoute(name string, hosts ...gatewayv1.Hostname) *gatewayv1.HTTPRoute {
	return &gatewayv1.HTTPRoute{
		TypeMeta: metav1.TypeMeta{APIVersion: "gateway.networking.k8s.io/v1", Kind: "HTTPRoute"}, ObjectMeta: meta(name),
		Spec: gatewayv1.HTTPRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: "gw"}}},
			Hostnames:       hosts,
			Rules:           []gatewayv1.HTTPRouteRule{{}},
		},
	}
}

// all has one object of each kind, in no good order.
func all() []Object {
	return []Object{httpRoute("r"), endpointSlice("e", "10.1.0.5"), service("v", 80), gateway("gw", "a.example.com"), secret("s")}
}

// applied returns the object as the API server has it after the application
// applied it, but for the defaults: with the record of whose fields they are,
// and out of the wire's JSON.
func applied(t *testing.T, object Object) *unstructured.Unstructured {
	t.Helper()
	converted, err := toUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	live := fromJSON(t, converted)
	live.Object["metadata"].(map[string]any)["managedFields"] = []any{applyRecord(live.Object)}
	return fromJSON(t, live)
}

func fromJSON(t *testing.T, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	content, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	decoded := &unstructured.Unstructured{}
	if err := decoded.UnmarshalJSON(content); err != nil {
		t.Fatal(err)
	}
	return decoded
}

// applyRecord is the entry of metadata.managedFields for an object that we have applied.
func applyRecord(object map[string]any) map[string]any { return kubetest.Record("gw", object) }
