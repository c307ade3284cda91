package plan

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// labelJujuApplication is the label that Juju puts on the pods of an application.
const labelJujuApplication = "app.kubernetes.io/name"

// labelPodName is the label that Kubernetes puts on the pods of a StatefulSet. The pods of an
// application belong to one: unit web/1 is pod web-1.
const labelPodName = "statefulset.kubernetes.io/pod-name"

// maxEndpoints is the API server's limit for one EndpointSlice.
const maxEndpoints = 1000

// services returns the Services of every target and, where no selector can reach the pods, the
// EndpointSlices that replace the selector.
func (d *decision) services() []Object {
	var all []Object
	for _, t := range d.targets {
		for _, b := range t.backends() {
			all = append(all, serviceOf(d.observed, t, b))
			if t.remote {
				all = append(all, endpointSlices(d.observed, t, b, d.judges)...)
			}
		}
	}
	return all
}

func serviceOf(s observed, t target, b backend) *service {
	port := servicePort{
		Name:       portName(t),
		Protocol:   protocolTCP,
		Port:       portOf(t),
		TargetPort: t.Port,
	}
	if t.Scheme == "h2c" {
		port.AppProtocol = ptr("kubernetes.io/h2c")
	}
	made := &service{
		TypeMeta:   metav1.TypeMeta{APIVersion: groupVersionCore, Kind: "Service"},
		ObjectMeta: objectMeta(s, b.service),
		Spec:       serviceSpec{Ports: []servicePort{port}},
	}
	if !t.remote {
		made.Spec.Selector = map[string]string{labelJujuApplication: t.Name}
		if b.pod != "" {
			made.Spec.Selector[labelPodName] = b.pod
		}
	}
	return made
}

// portOf returns the port of the Service. It is the application's own, except for plain HTTP on
// port 443: by default Traefik speaks TLS to that port.
func portOf(t target) int32 {
	if t.Port == 443 && !speaksTLS(t.Requirer) {
		return 80
	}
	return t.Port
}

// portName returns the name of the Service's port. It is the Python charm's, except for
// applications that speak TLS: a name that begins with "https" makes Traefik speak TLS to the
// application even while it does not see the BackendTLSPolicy. Traefik then refuses the
// certificate, and sends nothing.
func portName(t target) string {
	if speaksTLS(t.Requirer) {
		return fmt.Sprintf("https-%d", t.Port)
	}
	return fmt.Sprintf("tcp-%d", t.Port)
}

// endpointSlices returns one slice for each address family of a backend's units, and more if one
// slice cannot hold them. It judges each address once more, wherever the address comes from.
func endpointSlices(s observed, t target, b backend, judges judges) []Object {
	families := map[string][]endpoint{}
	for _, address := range judges.allowed(t.Port, b.addresses) {
		family := addressTypeIPv6
		if address.Is4() {
			family = addressTypeIPv4
		}
		families[family] = append(families[family], endpoint{
			Addresses: []string{address.String()},
			// Traefik treats an endpoint without this field as not ready.
			Conditions: endpointConditions{Ready: true},
		})
	}
	var all []Object
	for _, family := range []string{addressTypeIPv4, addressTypeIPv6} {
		for i, endpoints := range slices.Collect(slices.Chunk(families[family], maxEndpoints)) {
			name := b.service + "-" + strings.ToLower(family)
			if i > 0 {
				name += fmt.Sprintf("-%d", i+1)
			}
			all = append(all, endpointSliceOf(s, t, b, name, family, endpoints))
		}
	}
	return all
}

func endpointSliceOf(s observed, t target, b backend, name, family string, endpoints []endpoint) *endpointSlice {
	meta := objectMeta(s, name)
	meta.Labels[labelServiceName] = b.service
	// With this label, Kubernetes' own controller leaves the slice to us.
	meta.Labels[labelSliceManagedBy] = s.Application
	return &endpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: groupVersionDiscovery, Kind: "EndpointSlice"},
		ObjectMeta:  meta,
		AddressType: family,
		Endpoints:   endpoints,
		Ports:       []endpointPort{{Name: portName(t), Protocol: protocolTCP, Port: t.Port}},
	}
}
