package kube

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// requestTimeout bounds one API request. An API server that does not answer is
// an outage: the hook fails and Juju retries it.
const requestTimeout = 20 * time.Second

// parallel bounds the API requests in flight; they share one connection.
const parallel = 16

// Options says whose objects a Client handles.
type Options struct {
	// Namespace holds the objects.
	Namespace string
	// Manager is the field manager, and the value of Label on every object.
	Manager string
	// Label is the key of the label that marks the objects.
	Label string
}

// A Client reads and writes the objects of one application.
type Client struct {
	api     dynamic.Interface
	options Options
}

// NewClient makes a client. It sends no request.
func NewClient(config *rest.Config, options Options) (*Client, error) {
	config = rest.CopyConfig(config)
	config.Timeout = requestTimeout
	// Requests are bounded by what is in flight, not by a rate.
	config.QPS = -1
	config.UserAgent = "gateway-api-integrator"
	api, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("cannot make a Kubernetes client: %w", err)
	}
	return &Client{api: api, options: options}, nil
}

// Config finds the cluster: inside a pod by its service account, elsewhere by
// the file that KUBECONFIG names.
func Config(getenv func(string) string) (*rest.Config, error) {
	if path := getenv("KUBECONFIG"); path != "" && getenv("KUBERNETES_SERVICE_HOST") == "" {
		config, err := clientcmd.BuildConfigFromFlags("", path)
		if err != nil {
			return nil, fmt.Errorf("cannot read the kubeconfig: %w", err)
		}
		return config, nil
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("cannot find the cluster: %w", err)
	}
	return config, nil
}

// A resource is one kind of object that the charm handles.
type resource struct {
	kind string
	schema.GroupVersionResource
}

// The kinds of objects an application can have, in the order in which they are
// made: what is referred to before what refers to it. Pruning goes backwards.
// The gatewayv1 and v1 versions are served by every bundle since 1.2.
var resources = []resource{
	{"Secret", schema.GroupVersionResource{Version: "v1", Resource: "secrets"}},
	{"Gateway", gatewayResource("gateways")},
	{"Service", schema.GroupVersionResource{Version: "v1", Resource: "services"}},
	{"EndpointSlice", schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}},
	{"HTTPRoute", gatewayResource("httproutes")},
}

var (
	gatewayClasses = gatewayResource("gatewayclasses")
	statefulSets   = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}
)

func gatewayResource(name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: name}
}
