package kube

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// A Snapshot is what an application had in the cluster at one moment.
type Snapshot struct {
	// Classes are all GatewayClasses.
	Classes []gatewayv1.GatewayClass
	// Gateway is the Gateway of the application's name, nil for none.
	Gateway *gatewayv1.Gateway
	// Routes are the application's HTTPRoutes, sorted by name.
	Routes []gatewayv1.HTTPRoute
	// Policies are the application's BackendTLSPolicies, sorted by name.
	Policies []gatewayv1.BackendTLSPolicy
	// NoBackendTLS is why there can be no BackendTLSPolicies, or no ConfigMaps for them: a
	// *NoResourceError or a *ForbiddenError; nil if there can be.
	NoBackendTLS error
	// OwnerUID is the UID of the application's StatefulSet; empty if there is none.
	OwnerUID string

	live       map[key]*unstructured.Unstructured
	versions   map[string]string // resourceVersion of each kind's list, for watches to begin at
	foreign    map[key]Foreign   // found by FindForeign
	searched   map[key]bool      // names that FindForeign has looked for
	configMaps bool              // whether ConfigMaps have been asked for
}

// key names an object within the application's namespace.
type key struct{ Kind, Name string }

func newSnapshot() *Snapshot {
	return &Snapshot{live: map[key]*unstructured.Unstructured{}, versions: map[string]string{}, foreign: map[key]Foreign{}, searched: map[key]bool{}}
}

// convert fills Gateway, Routes and Policies from the live objects.
func (s *Snapshot) convert(gateway string) error {
	s.Gateway, s.Routes, s.Policies = nil, nil, nil
	if object := s.live[key{rollout.KindGateway, gateway}]; object != nil {
		s.Gateway = &gatewayv1.Gateway{}
		if err := fromUnstructured(object, s.Gateway); err != nil {
			return err
		}
	}
	for _, name := range s.names(rollout.KindRoute) {
		var route gatewayv1.HTTPRoute
		if err := fromUnstructured(s.live[key{rollout.KindRoute, name}], &route); err != nil {
			return err
		}
		s.Routes = append(s.Routes, route)
	}
	for _, name := range s.names(rollout.KindPolicy) {
		var policy gatewayv1.BackendTLSPolicy
		if err := fromUnstructured(s.live[key{rollout.KindPolicy, name}], &policy); err != nil {
			return err
		}
		s.Policies = append(s.Policies, policy)
	}
	return nil
}

// A TLSSecret is the content of one of the application's Secrets, in PEM.
type TLSSecret struct {
	Name             string
	Certificate, Key []byte
}

// TLSSecrets returns the application's Secrets as they were read, sorted by name. If the data of
// one cannot be decoded, they are empty here. There is no error, which could show them.
func (s *Snapshot) TLSSecrets() []TLSSecret {
	var secrets []TLSSecret
	for _, name := range s.names(rollout.KindSecret) {
		data, _, _ := unstructured.NestedStringMap(s.live[key{rollout.KindSecret, name}].Object, "data")
		secrets = append(secrets, TLSSecret{
			Name: name, Certificate: decoded(data["tls.crt"]), Key: decoded(data["tls.key"]),
		})
	}
	return secrets
}

// Services returns the application's Services by name, each with the sorted addresses in the
// application's EndpointSlices, which replace a selector.
func (s *Snapshot) Services() map[string][]netip.Addr {
	all := map[string][]netip.Addr{}
	for _, name := range s.names(rollout.KindService) {
		all[name] = nil
	}
	for _, name := range s.names(rollout.KindEndpointSlice) {
		slice := s.live[key{rollout.KindEndpointSlice, name}]
		service := slice.GetLabels()[rollout.LabelServiceName]
		all[service] = append(all[service], addressesIn(slice)...)
	}
	for _, addresses := range all {
		slices.SortFunc(addresses, netip.Addr.Compare)
	}
	return all
}

// ServiceAddresses returns the cluster IPs of the application's Services, sorted.
func (s *Snapshot) ServiceAddresses() []netip.Addr {
	var all []netip.Addr
	for _, name := range s.names(rollout.KindService) {
		texts, _, _ := unstructured.NestedStringSlice(s.live[key{rollout.KindService, name}].Object, "spec", "clusterIPs")
		for _, text := range texts {
			if address, err := netip.ParseAddr(text); err == nil { // Otherwise it is "None".
				all = append(all, address)
			}
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

func decoded(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}

// names returns the names of the live objects of a kind, sorted.
func (s *Snapshot) names(kind string) []string {
	var names []string
	for k := range s.live {
		if k.Kind == kind {
			names = append(names, k.Name)
		}
	}
	slices.Sort(names)
	return names
}

func fromUnstructured(object *unstructured.Unstructured, typed any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		return fmt.Errorf("cannot understand %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}
