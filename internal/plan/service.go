package plan

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// labelJujuApplication is what Juju puts on the pods of an application.
const labelJujuApplication = "app.kubernetes.io/name"

// maxEndpoints is the API server's bound for one EndpointSlice.
const maxEndpoints = 1000

// services gives every target its Service and, where no selector can reach the
// pods, the EndpointSlices that stand in for it.
func services(s state.State, routing routing) []Object {
	var all []Object
	for _, t := range routing.targets {
		all = append(all, service(s, t))
		if t.remote {
			all = append(all, endpointSlices(s, t)...)
		}
	}
	return all
}

func service(s state.State, t target) *corev1.Service {
	port := corev1.ServicePort{
		Name:       portName(t),
		Protocol:   corev1.ProtocolTCP,
		Port:       servicePort(t),
		TargetPort: intstr.FromInt32(t.Port),
	}
	if t.Scheme == "h2c" {
		port.AppProtocol = ptr("kubernetes.io/h2c")
	}
	service := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: objectMeta(s, t.service),
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{port}},
	}
	if !t.remote {
		service.Spec.Selector = map[string]string{labelJujuApplication: t.Name}
	}
	return service
}

// servicePort is the port of the Service, which is the application's own save for
// 443: without another word Traefik takes that one to speak TLS.
func servicePort(t target) int32 {
	if t.Port == 443 {
		return 80
	}
	return t.Port
}

// portName is the Python charm's. A name beginning with "https" would make
// Traefik speak TLS to the application.
func portName(t target) string { return fmt.Sprintf("tcp-%d", t.Port) }

// endpointSlices gives one slice for each address family of the units.
func endpointSlices(s state.State, t target) []Object {
	families := map[discoveryv1.AddressType][]discoveryv1.Endpoint{}
	for _, address := range t.Addresses {
		family := discoveryv1.AddressTypeIPv6
		if address.Is4() {
			family = discoveryv1.AddressTypeIPv4
		}
		if len(families[family]) == maxEndpoints {
			continue
		}
		families[family] = append(families[family], discoveryv1.Endpoint{
			Addresses: []string{address.String()},
			// Traefik takes an endpoint that does not say so for not ready.
			Conditions: discoveryv1.EndpointConditions{Ready: ptr(true)},
		})
	}
	var all []Object
	for _, family := range []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6} {
		if len(families[family]) > 0 {
			all = append(all, endpointSlice(s, t, family, families[family]))
		}
	}
	return all
}

func endpointSlice(s state.State, t target, family discoveryv1.AddressType, endpoints []discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	suffix := map[discoveryv1.AddressType]string{
		discoveryv1.AddressTypeIPv4: "-ipv4",
		discoveryv1.AddressTypeIPv6: "-ipv6",
	}
	meta := objectMeta(s, t.service+suffix[family])
	meta.Labels[discoveryv1.LabelServiceName] = t.service
	// Kubernetes' own controller then leaves the slice to us.
	meta.Labels[discoveryv1.LabelManagedBy] = s.Application
	return &discoveryv1.EndpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: discoveryv1.SchemeGroupVersion.String(), Kind: "EndpointSlice"},
		ObjectMeta:  meta,
		AddressType: family,
		Endpoints:   endpoints,
		Ports: []discoveryv1.EndpointPort{{
			Name:     ptr(portName(t)),
			Protocol: ptr(corev1.ProtocolTCP),
			Port:     ptr(t.Port),
		}},
	}
}
