package plan

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// labelJujuApplication is what Juju puts on the pods of an application.
const labelJujuApplication = "app.kubernetes.io/name"

// labelPodName is what Kubernetes puts on the pods of a StatefulSet, which those of an
// application are: unit web/1 is pod web-1.
const labelPodName = "statefulset.kubernetes.io/pod-name"

// maxEndpoints is the API server's bound for one EndpointSlice.
const maxEndpoints = 1000

// services returns every target its Services and, where no selector can reach the
// pods, the EndpointSlices that stand in for it.
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

// portOf is the port of the Service, which is the application's own save for plain HTTP
// on 443: without another word Traefik takes that one to speak TLS.
func portOf(t target) int32 {
	if t.Port == 443 && !speaksTLS(t.Requirer) {
		return 80
	}
	return t.Port
}

// portName is the Python charm's, save for applications that speak TLS. A name
// beginning with "https" makes Traefik speak TLS to the application even while it does
// not see the BackendTLSPolicy: it refuses the certificate then, and sends nothing.
func portName(t target) string {
	if speaksTLS(t.Requirer) {
		return fmt.Sprintf("https-%d", t.Port)
	}
	return fmt.Sprintf("tcp-%d", t.Port)
}

// endpointSlices returns one slice for each address family of a backend's units, and more where
// one cannot hold them. Whatever road an address has come: here it is judged once more.
func endpointSlices(s observed, t target, b backend, judges judges) []Object {
	families := map[string][]endpoint{}
	for _, address := range judges.allowed(t.Port, b.addresses) {
		family := addressTypeIPv6
		if address.Is4() {
			family = addressTypeIPv4
		}
		families[family] = append(families[family], endpoint{
			Addresses: []string{address.String()},
			// Traefik takes an endpoint that does not say so for not ready.
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
	// Kubernetes' own controller then leaves the slice to us.
	meta.Labels[labelSliceManagedBy] = s.Application
	return &endpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: groupVersionDiscovery, Kind: "EndpointSlice"},
		ObjectMeta:  meta,
		AddressType: family,
		Endpoints:   endpoints,
		Ports:       []endpointPort{{Name: portName(t), Protocol: protocolTCP, Port: t.Port}},
	}
}
