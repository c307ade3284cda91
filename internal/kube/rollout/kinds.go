package rollout

// The kinds of objects that an application can have.
const (
	KindSecret        = "Secret"
	KindGateway       = "Gateway"
	KindConfigMap     = "ConfigMap"
	KindPolicy        = "BackendTLSPolicy"
	KindService       = "Service"
	KindEndpointSlice = "EndpointSlice"
	KindRoute         = "HTTPRoute"
)

// Kinds returns the kinds in the order in which their objects are written: what is referred
// to before what refers to it. A BackendTLSPolicy comes before the Service that it is for,
// which is thus never there without it. Objects are deleted in the reverse order.
func Kinds() []string {
	return []string{KindSecret, KindGateway, KindConfigMap, KindPolicy, KindService, KindEndpointSlice, KindRoute}
}

// referrers are the kinds that may refer to an object of a kind.
var referrers = map[string][]string{
	KindSecret:        {KindGateway},
	KindConfigMap:     {KindPolicy, KindService, KindRoute},
	KindPolicy:        {KindService, KindRoute},
	KindService:       {KindRoute},
	KindEndpointSlice: {KindRoute},
}

// The labels and annotations that the rules know of.
const (
	// LabelServiceName names the Service that an EndpointSlice stands in for (Kubernetes
	// API, discovery/v1, LabelServiceName).
	LabelServiceName = "kubernetes.io/service-name"
	// LabelSliceManager names who keeps an EndpointSlice (Kubernetes API, discovery/v1,
	// LabelManagedBy).
	LabelSliceManager = "endpointslice.kubernetes.io/managed-by"
	// AnnotationBackends notes, on a route, which Services were there when its controller
	// still said that it had no backend. It is written for the sake of the change.
	AnnotationBackends = "gateway-api-integrator.charm.juju.is/backends"
)

// TLSPort begins the name of a Service's port behind which TLS is spoken. Controllers know
// it by that, too.
const TLSPort = "https"
