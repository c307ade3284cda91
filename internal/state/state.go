package state

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// State is everything that a decision may depend on. It is built once per event (and refreshed once
// after the charm has written to the cluster), and package plan never changes it. The JSON names
// are those of the planner's golden files.
type State struct {
	// Application is the charm's own application name in its model. Objects are named after it.
	Application string `json:"application"`
	// Model is the charm's model.
	Model string `json:"model"`
	// Namespace is where the objects of the model, and ours, are; empty if it has the model's name.
	// See InNamespace.
	Namespace string `json:"namespace,omitempty"`
	// PodAddresses are the addresses of the charm's own pod.
	PodAddresses []netip.Addr `json:"podAddresses,omitempty"`
	// Now is the time of the run.
	Now time.Time `json:"now"`
	// Config holds the valid options.
	Config Config `json:"config"`
	// Problems are the options that are not valid, in the order of Config.
	Problems []Problem `json:"problems,omitempty"`
	// Requirers are the applications on the gateway endpoint, oldest relation first.
	Requirers []Requirer `json:"requirers,omitempty"`
	// RouteRequirers are the applications on the gateway-route endpoint, and DNSProviders those on
	// the dns-record endpoint, in the same order.
	RouteRequirers []RouteRequirer `json:"routeRequirers,omitempty"`
	DNSProviders   []DNSProvider   `json:"dnsProviders,omitempty"`
	// CAProviders are the applications on the receive-ca-cert endpoint, in the same order.
	CAProviders []CAProvider `json:"caProviders,omitempty"`
	// Certificates is what the charm has on the certificates endpoint.
	Certificates Certificates `json:"certificates"`
	// Allowance is what earlier hooks have kept about what applications had.
	Allowance Allowance `json:"allowance,omitzero"`
	// Record is what Juju stores about what the charm has put into the cluster; nil if it stores
	// nothing, and the cluster has to be trusted.
	Record *Record `json:"record,omitempty"`
	// Cluster is what was read from the cluster.
	Cluster Cluster `json:"cluster"`
}

// InNamespace returns the namespace of every object.
func (s State) InNamespace() string { return cmp.Or(s.Namespace, s.Model) }

// A Problem is an option that only the operator can correct.
type Problem struct {
	// Option is the name of the option, as in config.yaml.
	Option string `json:"option"`
	// Message says what is wrong with the option, in the operator's words, without its name.
	Message string `json:"message"`
}

// Cluster holds the facts of the cluster that decisions depend on.
type Cluster struct {
	// Forbidden is what the charm may not do, such as "list gatewayclasses"; empty if everything
	// that it asked for was granted. If set, nothing else is known.
	Forbidden string `json:"forbidden,omitempty"`
	// WithoutGatewayAPI says that the Gateway API's resource definitions are not installed. If set,
	// nothing else is known.
	WithoutGatewayAPI bool `json:"withoutGatewayAPI,omitempty"`
	// Owner is the StatefulSet that Juju made for the application. It owns all objects: they are
	// garbage-collected when the application is removed, and not when it is scaled to zero. Nil if
	// there is none.
	Owner *Owner `json:"owner,omitempty"`
	// Classes are all GatewayClasses of the cluster.
	Classes []gatewayv1.GatewayClass `json:"classes,omitempty"`
	// Gateway is the application's Gateway in the cluster; nil before there is one.
	Gateway *gatewayv1.Gateway `json:"gateway,omitempty"`
	// Served are the certificates in the application's Secrets that may still be served.
	Served []Served `json:"served,omitempty"`
	// Refused are the names of Secrets that cannot be created, as found in this run.
	Refused []string `json:"refused,omitempty"`
	// Refusals are the objects that the API server has refused in this run. What is planned with
	// them is not written any more: it only tells applications and the operator what is served.
	Refusals []Refusal `json:"refusals,omitempty"`
	// Foreign are the objects, found in this run, that have names which the application would use,
	// but do not belong to it. They are neither written nor deleted.
	Foreign []Foreign `json:"foreign,omitempty"`
	// Written reports whether this run has written to the cluster. What the controller has reported
	// since then counts, but nothing is removed because of it before the next run: applications are
	// told of it only at the end of this run.
	Written bool `json:"written,omitempty"`
	// Routes are the application's HTTPRoutes in the cluster.
	Routes []gatewayv1.HTTPRoute `json:"routes,omitempty"`
	// Policies are the application's BackendTLSPolicies in the cluster.
	Policies []gatewayv1.BackendTLSPolicy `json:"policies,omitempty"`
	// Authorities is what the application's ConfigMap holds; read only if a provider of authorities
	// has written nothing.
	Authorities Authorities `json:"authorities,omitzero"`
	// WithoutBackendTLS says that the cluster has no BackendTLSPolicy, version v1: its Gateway API
	// is older than 1.4. ForbiddenBackendTLS is what the charm may not do of everything that
	// applications which speak TLS need, such as "list backendtlspolicies"; empty if it may do all.
	// Neither affects anything else. With the latter, there may be policies that the charm cannot
	// see.
	WithoutBackendTLS   bool   `json:"withoutBackendTLS,omitempty"`
	ForbiddenBackendTLS string `json:"forbiddenBackendTLS,omitempty"`
	// Services are the names of the application's Services, each with the addresses in the
	// EndpointSlices that we wrote for it, sorted.
	Services map[string][]netip.Addr `json:"services,omitempty"`
	// ServiceAddresses are the Services' own addresses (clusterIP). APIServer are the addresses at
	// which the API server answers the charm, as far as they are IP addresses.
	ServiceAddresses []netip.Addr `json:"serviceAddresses,omitempty"`
	APIServer        []netip.Addr `json:"apiServer,omitempty"`
	// CiliumAppProtocol says that Cilium is configured to use the protocol that a Service names
	// when it connects to an application; read only if Cilium is the controller and it matters.
	CiliumAppProtocol bool `json:"ciliumAppProtocol,omitempty"`
	// TLSServices are the names of the Services with a port whose name says that the application
	// speaks TLS.
	TLSServices []string `json:"tlsServices,omitempty"`
}

// A Foreign object is one that does not belong to the application.
type Foreign struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Instance is the other application of this charm that it belongs to; empty for none.
	Instance string `json:"instance,omitempty"`
	// Maker is what created it, such as "kubectl-create"; empty if unknown.
	Maker string `json:"maker,omitempty"`
}

// A Refusal is one object that the API server has refused to store.
type Refusal struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Action is what was refused, such as "apply httproutes" or "delete services".
	Action string `json:"action"`
	// Permission says that the charm may not do that at all. If false, a quota, an admission
	// webhook or the validation of the kind rejects this one object.
	Permission bool `json:"permission,omitempty"`
	// Stands says that the object exists in its earlier form.
	Stands bool `json:"stands,omitempty"`
	// Reason is what the API server says, in one line.
	Reason string `json:"reason"`
}

// ForeignOf returns the object of that kind and name that does not belong to the application; nil
// for none.
func (c Cluster) ForeignOf(kind, name string) *Foreign {
	i := slices.IndexFunc(c.Foreign, func(one Foreign) bool { return one.Kind == kind && one.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Foreign[i]
}

// ServedIn returns the certificate in a Secret of ours, if it may be served; nil for none.
func (c Cluster) ServedIn(secret string) *Served {
	i := slices.IndexFunc(c.Served, func(one Served) bool { return one.Secret == secret })
	if i < 0 {
		return nil
	}
	return &c.Served[i]
}

// Usable reports whether the charm can write to the cluster at all.
func (c Cluster) Usable() bool { return c.Forbidden == "" && !c.WithoutGatewayAPI }

// Owner names the StatefulSet of the application.
type Owner struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}
