package state

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// State is everything a decision may depend on. It is built once per event
// (and refreshed once after the cluster was written) and never changed by
// package plan. The JSON names are those of the planner's golden files.
type State struct {
	// Application is the charm's own application name in its model; objects
	// are named after it.
	Application string `json:"application"`
	// Model is the charm's model.
	Model string `json:"model"`
	// Namespace is where the model has its objects, and we have ours; empty when it has
	// the model's name. See InNamespace.
	Namespace string `json:"namespace,omitempty"`
	// PodAddresses are those of the charm's own pod.
	PodAddresses []netip.Addr `json:"podAddresses,omitempty"`
	// Now is the time of the run.
	Now time.Time `json:"now"`
	// Config holds the options that are valid.
	Config Config `json:"config"`
	// Problems are the options that are not, in the order of Config.
	Problems []Problem `json:"problems,omitempty"`
	// Requirers are the applications on the gateway endpoint, oldest relation
	// first.
	Requirers []Requirer `json:"requirers,omitempty"`
	// RouteRequirers are the applications on the gateway-route endpoint, and
	// DNSProviders those on the dns-record endpoint; likewise.
	RouteRequirers []RouteRequirer `json:"routeRequirers,omitempty"`
	DNSProviders   []DNSProvider   `json:"dnsProviders,omitempty"`
	// CAProviders are the applications on the receive-ca-cert endpoint; likewise.
	CAProviders []CAProvider `json:"caProviders,omitempty"`
	// Certificates is what the certificates endpoint holds.
	Certificates Certificates `json:"certificates"`
	// Allowance is what the hooks before have kept of what applications had.
	Allowance Allowance `json:"allowance,omitzero"`
	// Record is what Juju holds of what was put into the cluster; nil when it holds nothing,
	// and the cluster has to be believed.
	Record *Record `json:"record,omitempty"`
	// Cluster is what the cluster says.
	Cluster Cluster `json:"cluster"`
}

// InNamespace is the namespace of every object.
func (s State) InNamespace() string { return cmp.Or(s.Namespace, s.Model) }

// A Problem is a setting that only the operator can mend.
type Problem struct {
	// Option is the name of the option, as in config.yaml.
	Option string `json:"option"`
	// Message says what is wrong with it, in the operator's words, without the
	// option's name.
	Message string `json:"message"`
}

// Cluster holds the facts of the cluster that decisions depend on.
type Cluster struct {
	// Forbidden is what the charm may not do, such as "list gatewayclasses";
	// empty when all it asked for was granted. Nothing else is known then.
	Forbidden string `json:"forbidden,omitempty"`
	// WithoutGatewayAPI says that the Gateway API's resource definitions are
	// not installed. Nothing else is known then.
	WithoutGatewayAPI bool `json:"withoutGatewayAPI,omitempty"`
	// Owner is the StatefulSet that Juju made for the application. Objects
	// are owned by it, so that removing the application collects them and
	// scaling it to zero does not. Nil when there is none.
	Owner *Owner `json:"owner,omitempty"`
	// Classes are all GatewayClasses of the cluster.
	Classes []gatewayv1.GatewayClass `json:"classes,omitempty"`
	// Gateway is the application's Gateway as it is, nil before the first.
	Gateway *gatewayv1.Gateway `json:"gateway,omitempty"`
	// Served are the certificates in the application's Secrets that are still
	// good to serve.
	Served []Served `json:"served,omitempty"`
	// Refused are the names of Secrets that cannot be made, as this run has found.
	Refused []string `json:"refused,omitempty"`
	// Refusals are the objects that the API server has refused to have written in this
	// run. What is planned with them is not written any more: it is for what the
	// applications and the operator are told.
	Refusals []Refusal `json:"refusals,omitempty"`
	// Foreign are the objects that have names which the application would use, and are not
	// its own, as this run has found. They are neither written nor deleted.
	Foreign []Foreign `json:"foreign,omitempty"`
	// Written reports whether this run has written to the cluster. What its controller says
	// since is believed, but nothing is taken away because of that before the next run:
	// applications are told of it at the end of this one.
	Written bool `json:"written,omitempty"`
	// Routes are the application's HTTPRoutes as they are.
	Routes []gatewayv1.HTTPRoute `json:"routes,omitempty"`
	// Policies are the application's BackendTLSPolicies as they are.
	Policies []gatewayv1.BackendTLSPolicy `json:"policies,omitempty"`
	// Authorities is what the application's ConfigMap holds; read only where a
	// provider of authorities is silent.
	Authorities Authorities `json:"authorities,omitzero"`
	// WithoutBackendTLS says that the cluster has no BackendTLSPolicy, version v1:
	// its Gateway API is older than 1.4. ForbiddenBackendTLS is what the charm may
	// not do of all that applications which speak TLS need, such as "list
	// backendtlspolicies"; empty when it may. Neither touches anything else. With the
	// latter, policies may be there that cannot be seen.
	WithoutBackendTLS   bool   `json:"withoutBackendTLS,omitempty"`
	ForbiddenBackendTLS string `json:"forbiddenBackendTLS,omitempty"`
	// Services are the names of the application's Services as they were read, each
	// with the addresses in the EndpointSlices that we wrote for it, sorted.
	Services map[string][]netip.Addr `json:"services,omitempty"`
	// ServiceAddresses are the Services' own addresses (clusterIP), and APIServer those at
	// which the API server answers the charm, as far as they are addresses.
	ServiceAddresses []netip.Addr `json:"serviceAddresses,omitempty"`
	APIServer        []netip.Addr `json:"apiServer,omitempty"`
	// CiliumAppProtocol says that Cilium's settings have it speak to applications what their
	// Services name; read only where Cilium is the controller and it matters.
	CiliumAppProtocol bool `json:"ciliumAppProtocol,omitempty"`
	// TLSServices are the names of those of which a port's name says that TLS is spoken
	// behind it.
	TLSServices []string `json:"tlsServices,omitempty"`
}

// A Foreign object is one that is not the application's.
type Foreign struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Instance is the other application of this charm that it belongs to; empty for none.
	Instance string `json:"instance,omitempty"`
	// Maker is what made it, such as "kubectl-create"; empty if that is not known.
	Maker string `json:"maker,omitempty"`
}

// A Refusal is one object that the API server has refused to have written.
type Refusal struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Action is what was refused, such as "apply httproutes" or "delete services".
	Action string `json:"action"`
	// Permission says that the charm may not do that at all. Else a quota, an admission
	// webhook or the validation of the kind is in the way of this one object.
	Permission bool `json:"permission,omitempty"`
	// Stands says that the object is there as it was before.
	Stands bool `json:"stands,omitempty"`
	// Reason is what the API server says, in a line.
	Reason string `json:"reason"`
}

// ForeignOf returns the object that is not the application's of a kind and name, nil for none.
func (c Cluster) ForeignOf(kind, name string) *Foreign {
	i := slices.IndexFunc(c.Foreign, func(one Foreign) bool { return one.Kind == kind && one.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Foreign[i]
}

// ServedIn returns what stands in a Secret of ours and is good to serve, nil for nothing.
func (c Cluster) ServedIn(secret string) *Served {
	i := slices.IndexFunc(c.Served, func(one Served) bool { return one.Secret == secret })
	if i < 0 {
		return nil
	}
	return &c.Served[i]
}

// Usable reports whether the cluster can be written at all.
func (c Cluster) Usable() bool { return c.Forbidden == "" && !c.WithoutGatewayAPI }

// Owner names the StatefulSet of the application.
type Owner struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}
