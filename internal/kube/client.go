package kube

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// requestTimeout limits one API request. An API server that does not answer is an outage: the hook
// fails and Juju retries it.
const requestTimeout = 20 * time.Second

// parallel limits the number of API requests in flight. They share one connection.
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
	api      dynamic.Interface
	metadata metadata.Interface
	options  Options
	server   []netip.Addr
	deadline time.Time // of all requests; zero for none
}

// NewClient makes a client. It sends no request. A request fails after the config's timeout, or
// after 20 seconds if the config has none.
func NewClient(config *rest.Config, options Options) (*Client, error) {
	silenceClientGo()
	config = rest.CopyConfig(config)
	if config.Timeout == 0 {
		config.Timeout = requestTimeout
	}
	// Requests are limited by their number in flight, not by a rate.
	config.QPS = -1
	config.UserAgent = "gateway-api-integrator"
	// The default handler writes the API server's warnings to stderr, which Juju logs. The warnings
	// are for people who write objects by hand.
	config.WarningHandler = rest.NoWarnings{}
	client, err := httpClient(config)
	if err != nil {
		return nil, fmt.Errorf("cannot make an HTTP client for Kubernetes: %w", err)
	}
	api, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("cannot make a Kubernetes client: %w", err)
	}
	names, err := metadata.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("cannot make a Kubernetes client: %w", err)
	}
	return &Client{api: api, metadata: names, options: options, server: serverOf(config)}, nil
}

// serverOf returns the API server's address, if the config has an address and not a name.
func serverOf(config *rest.Config) []netip.Addr {
	at, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil
	}
	address, err := netip.ParseAddr(at.Hostname())
	if err != nil {
		return nil
	}
	return []netip.Addr{address.Unmap()}
}

// silenceClientGo keeps client-go from writing to stderr, which Juju logs as the charm's. For an
// answer that breaks off it writes a line of its own, beside the error, which the charm logs
// anyway.
var silenceClientGo = sync.OnceFunc(func() { klog.SetLogger(klog.Logger{}) })

// httpClient makes the HTTP client. It differs from client-go's in one thing. Read sends its
// requests before there is a connection. A transport without a limit of connections would make a
// TLS handshake for each request, and keep only the first connection. Over plain HTTP there is no
// such limit, because there requests do not share a connection.
func httpClient(config *rest.Config) (*http.Client, error) {
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:     tlsConfig,
		DialContext:         config.Dial,
		Proxy:               config.Proxy,
		DisableCompression:  config.DisableCompression,
		MaxIdleConnsPerHost: parallel,
	}
	if address, _, err := rest.DefaultServerUrlFor(config); err == nil && address.Scheme == "https" {
		transport.MaxConnsPerHost = 1
	}
	// This sets timeouts, HTTP/2 and its health checks. If there is no proxy so far, it sets that
	// of the environment, except for what NO_PROXY names.
	utilnet.SetTransportDefaults(transport)
	wrapped, err := rest.HTTPWrappersForConfig(config, &proxyTransport{transport})
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: wrapped, Timeout: config.Timeout}, nil
}

// Namespace returns the namespace of the client's objects.
func (c *Client) Namespace() string { return c.options.Namespace }

// Server returns the addresses at which the client reaches the API server; none if it knows only a
// name.
func (c *Client) Server() []netip.Addr { return c.server }

// SetTimeLimit sets one time limit for all requests that the client makes from now on together.
// Many answers that each come just in time would add up.
func (c *Client) SetTimeLimit(limit time.Duration) { c.deadline = time.Now().Add(limit) }

// withDeadline returns a context that ends at the client's time limit, for one request or several.
func (c *Client) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, c.deadline)
}

// Config finds the cluster: by the service account inside a pod, elsewhere by the file that
// KUBECONFIG names.
func Config(getenv func(string) string) (*rest.Config, error) {
	if path := getenv("KUBECONFIG"); path != "" && !inPod(getenv) {
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
	// The API server is in the same network as the pod. A proxy that the model has for the outside
	// may not reach it, or must not see what is sent there.
	config.Proxy = noProxy
	return config, nil
}

// namespaceFile is where a pod finds the name of its namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// Namespace finds the application's namespace: the pod's own or, outside a pod, that of the file
// that KUBECONFIG names. It can differ from the model's name: the namespace of the model
// "controller" contains the controller's name. If neither names one, it is the model's name.
func Namespace(getenv func(string) string, model string) (string, error) {
	if path := getenv("KUBECONFIG"); path != "" && !inPod(getenv) {
		config, err := clientcmd.LoadFromFile(path)
		if err != nil {
			return "", fmt.Errorf("cannot read the kubeconfig: %w", err)
		}
		if context := config.Contexts[config.CurrentContext]; context != nil && context.Namespace != "" {
			return context.Namespace, nil
		}
		return model, nil
	}
	return namespaceFrom(namespaceFile, model)
}

func inPod(getenv func(string) string) bool { return getenv("KUBERNETES_SERVICE_HOST") != "" }

func namespaceFrom(file, model string) (string, error) {
	text, err := os.ReadFile(file)
	switch namespace := strings.TrimSpace(string(text)); {
	case errors.Is(err, fs.ErrNotExist), err == nil && namespace == "":
		return model, nil
	case err != nil:
		return "", fmt.Errorf("cannot read the name of the namespace: %w", err)
	default:
		return namespace, nil
	}
}

// A resource is one kind of object that the charm writes.
type resource struct {
	kind string
	schema.GroupVersionResource
}

// The kinds of objects an application can have, in the order of rollout.Kinds. Every bundle of the
// Gateway API since 1.2 serves the v1 versions, except BackendTLSPolicy, which came with 1.4.
var resources = []resource{
	{rollout.KindSecret, schema.GroupVersionResource{Version: "v1", Resource: "secrets"}},
	{rollout.KindGateway, gatewayResource("gateways")},
	{rollout.KindConfigMap, configMaps},
	{rollout.KindPolicy, gatewayResource("backendtlspolicies")},
	{rollout.KindService, schema.GroupVersionResource{Version: "v1", Resource: "services"}},
	{rollout.KindEndpointSlice, schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}},
	{rollout.KindRoute, gatewayResource("httproutes")},
}

// resourceOf returns the resource of a kind in the table.
func resourceOf(kind string) resource {
	return resources[slices.IndexFunc(resources, func(r resource) bool { return r.kind == kind })]
}

var (
	gatewayClasses = gatewayResource("gatewayclasses")
	statefulSets   = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}
)

func gatewayResource(name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: name}
}
