package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The kinds of Kubernetes' own API groups that the charm makes, with only the fields that it sets.
// The packages k8s.io/api/core/v1 and discovery/v1 register all their kinds, so the linker can drop
// none of them: that is a sixth of the binary. Field names are those of the API reference.

const (
	groupVersionCore      = "v1"
	groupVersionDiscovery = "discovery.k8s.io/v1"
	protocolTCP           = "TCP"

	// An EndpointSlice holds addresses of one type.
	addressTypeIPv4 = "IPv4"
	addressTypeIPv6 = "IPv6"

	// labelServiceName names the Service of an EndpointSlice, labelSliceManagedBy the party that
	// manages it.
	labelServiceName    = "kubernetes.io/service-name"
	labelSliceManagedBy = "endpointslice.kubernetes.io/managed-by"
)

// LabelManagedBy marks every object of an application; its value is the application's name. An
// object that carries it and is not planned is pruned.
const LabelManagedBy = "gateway-api-integrator.charm.juju.is/managed-by"

// Object is a Kubernetes object in the Go types of its API.
type Object interface {
	metav1.Object
	GetObjectKind() schema.ObjectKind
}

// objectMeta returns the metadata that all objects share.
func objectMeta(s observed, name string) metav1.ObjectMeta {
	meta := metav1.ObjectMeta{
		Name:      name,
		Namespace: s.InNamespace(),
		Labels:    map[string]string{LabelManagedBy: s.Application},
	}
	if owner := s.Cluster.Owner; owner != nil {
		meta.OwnerReferences = []metav1.OwnerReference{ownerReference(*owner)}
	}
	return meta
}

func ownerReference(owner state.Owner) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: "apps/v1",
		Kind:       "StatefulSet",
		Name:       owner.Name,
		UID:        types.UID(owner.UID),
	}
}

func ptr[T any](value T) *T { return &value }

// secret is a Secret, group "", version v1.
type secret struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Type              string            `json:"type"`
	Data              map[string][]byte `json:"data"`
}

// For a Secret of this type, the API server checks that both keys are there.
const (
	secretTypeTLS = "kubernetes.io/tls"
	secretTLSCert = "tls.crt"
	secretTLSKey  = "tls.key"
)

// configMap is a ConfigMap, group "", version v1.
type configMap struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Data              map[string]string `json:"data"`
}

// service is a Service, group "", version v1.
type service struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              serviceSpec `json:"spec"`
}

type serviceSpec struct {
	Ports    []servicePort     `json:"ports"`
	Selector map[string]string `json:"selector,omitempty"`
}

type servicePort struct {
	Name        string  `json:"name"`
	Protocol    string  `json:"protocol"`
	AppProtocol *string `json:"appProtocol,omitempty"`
	Port        int32   `json:"port"`
	TargetPort  int32   `json:"targetPort"`
}

// endpointSlice is an EndpointSlice, group discovery.k8s.io, version v1.
type endpointSlice struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	AddressType       string         `json:"addressType"`
	Endpoints         []endpoint     `json:"endpoints"`
	Ports             []endpointPort `json:"ports"`
}

type endpoint struct {
	Addresses  []string           `json:"addresses"`
	Conditions endpointConditions `json:"conditions"`
}

type endpointConditions struct {
	Ready bool `json:"ready"`
}

type endpointPort struct {
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
	Port     int32  `json:"port"`
}
