package cluster

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
)

var envoyConfigs = schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumenvoyconfigs"}

// ciliumAgent stands in for cilium-agent, as far as Gateways go: it completes what the operator
// has written into CiliumEnvoyConfigs, finds the endpoints of their clusters and the Secrets
// of the operator's namespace, and serves Envoy with all of it. It never looks at a Gateway, a
// route, or a Secret of somebody else.
//
//	client ── 10.43.45.1:443 ── forwarder in the test ── 10.0.0.4:10001 envoy
//
// The forwarders stand in for BPF, which leads what arrives for the Gateway's Service to the
// Envoy of the node. See the package documentation for what a real agent does besides.
type ciliumAgent struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	log    *log.Logger
	wake   chan struct{} // there may be something to do
	xds    *discovery
	server *http.Server

	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
	secrets  corelisters.SecretLister
	configs  cache.GenericLister

	// Of run alone.
	ports map[string]int // by listener
	open  forwarders
}

// owningGateway is the label by which the operator's Service tells its Gateway.
const owningGateway = "io.cilium.gateway/owning-gateway"

// startCiliumAgent returns when the agent knows the cluster, and serves Envoy.
func startCiliumAgent(c *Cluster) (*ciliumAgent, error) {
	file, err := os.OpenFile(filepath.Join(c.directory, "cilium-agent.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log of Cilium's agent: %w", err)
	}
	c.listeners.add(file)
	ctx, cancel := context.WithCancel(context.Background())
	a := &ciliumAgent{
		cancel: cancel, log: log.New(file, "", log.LstdFlags|log.Lmicroseconds),
		wake: make(chan struct{}, 1), ports: map[string]int{},
	}
	a.xds = newDiscovery(a.log)
	a.server = &http.Server{Handler: a.xds}
	if err := a.watch(ctx, c); err != nil {
		a.stop()
		return nil, fmt.Errorf("cannot watch for Cilium's agent: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ciliumXDS)
	if err != nil {
		a.stop()
		return nil, fmt.Errorf("cannot serve Envoy: %w", err)
	}
	a.done.Go(func() { _ = a.server.Serve(listener) })
	a.done.Go(func() { a.run(ctx) })
	poke(a.wake)
	return a, nil
}

// watch keeps what the agent looks at up to date, and wakes it at every change.
func (a *ciliumAgent) watch(ctx context.Context, c *Cluster) error {
	typed := informers.NewSharedInformerFactory(c.typed, 0)
	secrets := informers.NewSharedInformerFactoryWithOptions(c.typed, 0, informers.WithNamespace(ciliumSecrets))
	configs := dynamicinformer.NewDynamicSharedInformerFactory(c.dynamic, 0)
	a.services, a.slices = typed.Core().V1().Services().Lister(), typed.Discovery().V1().EndpointSlices().Lister()
	a.secrets, a.configs = secrets.Core().V1().Secrets().Lister(), configs.ForResource(envoyConfigs).Lister()
	changed := func() { poke(a.wake) }
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { changed() }, UpdateFunc: func(any, any) { changed() }, DeleteFunc: func(any) { changed() },
	}
	all := []cache.SharedIndexInformer{
		typed.Core().V1().Services().Informer(), typed.Discovery().V1().EndpointSlices().Informer(),
		secrets.Core().V1().Secrets().Informer(), configs.ForResource(envoyConfigs).Informer(),
	}
	for _, informer := range all {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
		a.done.Go(func() { informer.RunWithContext(ctx) })
	}
	patience, cancel := context.WithTimeout(ctx, c.timeouts.Start)
	defer cancel()
	for _, informer := range all {
		if !cache.WaitForCacheSync(patience.Done(), informer.HasSynced) {
			return errors.New("the API server does not tell what there is")
		}
	}
	return nil
}

func (a *ciliumAgent) stop() {
	if a == nil {
		return
	}
	a.cancel()
	_ = a.server.Close()
	a.done.Wait()
	_ = a.open.lead(context.Background(), nil, a.note)
}

// gathers is how long the agent gathers changes before it does something (processLoop in its
// pkg/ciliumenvoyconfig): two of a shorter time are one to Envoy.
const gathers = 100 * time.Millisecond

// run serves Envoy anew at every change. The addresses follow when Envoy has the listeners, as
// an agent sets the redirection of the Service when they are acknowledged.
func (a *ciliumAgent) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		pause(ctx, gathers)
		select {
		case <-a.wake:
		default:
		}
		next, addresses, err := a.read()
		if err != nil {
			a.log.Printf("not served: %v", err)
		}
		a.xds.publish(ctx, next)
		if err := a.open.lead(ctx, addresses, a.note); err != nil && ctx.Err() == nil {
			a.log.Print(err)
			pause(ctx, retryAfter)
			poke(a.wake)
		}
	}
}

func (a *ciliumAgent) note(from, state string) { a.log.Printf("%s is %s", from, state) }

// read makes all that Envoy is to be served with out of what the cluster has, and gives the
// addresses that lead to Envoy's listeners. The error tells of what is left out.
func (a *ciliumAgent) read() (next resources, addresses map[string]string, err error) {
	next, addresses = resources{}, map[string]string{}
	put := func(kind, name string, resource object) {
		encoded, failure := encode(resource)
		err = errors.Join(err, failure)
		next.put(kind, name, encoded)
	}
	secrets, failure := a.secrets.List(labels.Everything())
	err = errors.Join(err, failure)
	for _, secret := range secrets {
		if name, made := envoySecret(secret); made != nil {
			put(typeSecret, name, made)
		}
	}
	configs, failure := a.configs.List(labels.Everything())
	err = errors.Join(err, failure)
	for _, one := range configs {
		config := one.(*unstructured.Unstructured).DeepCopy()
		spec, prefix := objectIn(config.Object, "spec"), config.GetNamespace()+"/"+config.GetName()+"/"
		for _, resource := range objectsIn(spec, "resources") {
			name, kind := prefix+textIn(resource, "name"), textIn(resource, "@type")
			switch kind {
			case typeListener:
				port := a.portOf(name)
				completeListener(prefix, port, resource)
				a.address(addresses, config.GetNamespace(), objectsIn(spec, "services"), port)
			case typeRoute:
				completeRoutes(prefix, resource)
			case typeCluster:
				completeCluster(prefix, resource)
				service := textIn(objectIn(resource, "edsClusterConfig"), "serviceName")
				if endpoints := a.endpoints(service); endpoints != nil {
					put(typeEndpoint, service, endpoints)
				}
			default:
				err = errors.Join(err, fmt.Errorf("%s has a resource %s that nothing is known of", prefix, kind))
				continue
			}
			put(kind, name, resource)
		}
	}
	return next, addresses, err
}

// portOf returns a listener a port of its own, which it keeps.
func (a *ciliumAgent) portOf(listener string) int {
	if a.ports[listener] == 0 {
		a.ports[listener] = 10001 + len(a.ports)
	}
	return a.ports[listener]
}

// address notes where clients reach a listener on this port: the addresses of the Services
// that the operator names for it, at the ports that it names.
func (a *ciliumAgent) address(addresses map[string]string, namespace string, services []object, port int) {
	for _, one := range services {
		service, err := a.services.Services(namespace).Get(textIn(one, "name"))
		if err != nil {
			continue // It is not there yet, and wakes us when it is.
		}
		ports, _ := one["ports"].([]any)
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			for _, outside := range ports {
				if ingress.IP != "" {
					addresses[net.JoinHostPort(ingress.IP, fmt.Sprint(outside))] = net.JoinHostPort(ciliumNode, strconv.Itoa(port))
				}
			}
		}
	}
}

// endpoints are those of what the operator names "namespace/service:port", nil if there are none.
func (a *ciliumAgent) endpoints(name string) object {
	namespace, rest, _ := strings.Cut(name, "/")
	serviceName, port, _ := strings.Cut(rest, ":")
	service, err := a.services.Services(namespace).Get(serviceName)
	if err != nil {
		return nil
	}
	ofService := labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: serviceName})
	found, err := a.slices.EndpointSlices(namespace).List(ofService)
	if err != nil {
		return nil
	}
	return endpointsOf(name, port, service, found)
}

// addressOf is the address of the Gateway in a model, empty if it has none. Where there are
// several it is that of the first by name.
func (a *ciliumAgent) addressOf(model string) string {
	if a == nil {
		return ""
	}
	services, err := a.services.Services(Namespace(model)).List(labels.Everything())
	if err != nil {
		return ""
	}
	first, address := "", ""
	for _, service := range services {
		if service.Labels[owningGateway] == "" || first != "" && service.Name > first {
			continue
		}
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			first, address = service.Name, ingress.IP
		}
	}
	return address
}
