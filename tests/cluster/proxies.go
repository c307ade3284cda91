package cluster

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// proxies replaces what would carry out the objects of Envoy Gateway. For each Gateway that makes a
// Deployment of Envoy and a Service of type LoadBalancer. In a real cluster the kubelet starts the
// pod and a load balancer gives the Service an address. Here both are a place: Envoy in a network
// of its own, with the arguments of the Deployment, and forwarders at an address of its own, for
// the ports of the Service.
//
//	client ── 10.43.45.1:443 ── forwarder in the test ── 10.1.255.2:10443 envoy
//
// They report only what is true: replicas as available when Envoy says that it is ready, and the
// address.
//
// One loop each deploys and publishes places, as in a cluster: an Envoy that is starting does not
// delay a port of another one. A loop must not act on what it has read earlier: it would close a
// port that is wanted again meanwhile.
type proxies struct {
	cluster     *Cluster
	cancel      context.CancelFunc
	done        sync.WaitGroup
	deployments chan struct{} // there may be something to do with them
	services    chan struct{}
	log         *log.Logger

	mutex  sync.Mutex
	places map[string]*place // by the name that Deployment and Service share

	deploying  sync.Mutex // over what of each place a Deployment orders
	publishing sync.Mutex // over what a Service orders
}

// ownerLabel is on what Envoy Gateway makes, with the namespace of the Gateway.
const ownerLabel = "gateway.envoyproxy.io/owning-gateway-namespace"

// startProxies begins to look after Envoy Gateway's Deployments and Services.
func startProxies(c *Cluster) *proxies {
	ctx, cancel := context.WithCancel(context.Background())
	p := &proxies{
		cluster: c, cancel: cancel, places: map[string]*place{},
		deployments: make(chan struct{}, 1), services: make(chan struct{}, 1),
	}
	file, err := os.OpenFile(filepath.Join(c.directory, "proxies.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		file = os.Stderr
	}
	p.log = log.New(file, "", log.LstdFlags|log.Lmicroseconds)
	p.follow(ctx, p.deployments, func(ctx context.Context) (watch.Interface, error) {
		return c.typed.AppsV1().Deployments(envoyNamespace).Watch(ctx, ofEnvoys)
	})
	p.follow(ctx, p.services, func(ctx context.Context) (watch.Interface, error) {
		return c.typed.CoreV1().Services(envoyNamespace).Watch(ctx, ofEnvoys)
	})
	p.done.Go(func() { p.run(ctx, p.deployments, p.deployAll) })
	p.done.Go(func() { p.run(ctx, p.services, p.publishAll) })
	return p
}

// ofEnvoys are Envoy Gateway's Deployments and Services.
var ofEnvoys = metav1.ListOptions{LabelSelector: ownerLabel}

// retryAfter is the pause after a failure.
const retryAfter = 200 * time.Millisecond

// follow wakes a loop at each event of a watch, which is begun anew whenever it ends.
func (p *proxies) follow(ctx context.Context, loop chan struct{}, begin func(context.Context) (watch.Interface, error)) {
	p.done.Go(func() {
		for ctx.Err() == nil {
			events, err := begin(ctx)
			if err != nil {
				pause(ctx, retryAfter)
				continue
			}
			for range events.ResultChan() {
				poke(loop)
			}
		}
	})
}

func poke(loop chan struct{}) {
	select {
	case loop <- struct{}{}:
	default: // It will look anyway.
	}
}

func (p *proxies) run(ctx context.Context, loop chan struct{}, all func(context.Context) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-loop:
		}
		if err := all(ctx); err != nil && ctx.Err() == nil {
			p.log.Print(err)
			pause(ctx, retryAfter)
			poke(loop)
		}
	}
}

func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}

// deployAll runs the Envoys that the Deployments want.
func (p *proxies) deployAll(ctx context.Context) error {
	p.deploying.Lock()
	defer p.deploying.Unlock()
	deployments := p.cluster.typed.AppsV1().Deployments(envoyNamespace)
	list, err := deployments.List(ctx, ofEnvoys)
	if err != nil {
		return err
	}
	var failures []error
	wanted := map[string]bool{}
	for i := range list.Items {
		name := list.Items[i].Name
		// Those before may have taken their time.
		deployment, err := deployments.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		wanted[name] = true
		if err == nil {
			err = p.place(name, deployment.Labels[ownerLabel], isDeployed).deploy(ctx, deployment)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("cannot run %s: %w", name, err))
		}
	}
	for _, place := range p.keep(wanted, isDeployed) {
		place.undeploy()
	}
	return errors.Join(failures...)
}

// publishAll takes connections for the ports that the Services want.
func (p *proxies) publishAll(ctx context.Context) error {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	list, err := p.cluster.typed.CoreV1().Services(envoyNamespace).List(ctx, ofEnvoys)
	if err != nil {
		return err
	}
	var failures []error
	wanted := map[string]bool{}
	for i := range list.Items {
		service := &list.Items[i]
		wanted[service.Name] = true
		if err := p.place(service.Name, service.Labels[ownerLabel], isPublished).publish(ctx, service); err != nil {
			failures = append(failures, fmt.Errorf("cannot publish %s: %w", service.Name, err))
		}
	}
	for _, place := range p.keep(wanted, isPublished) {
		place.unpublish()
	}
	return errors.Join(failures...)
}

// isDeployed and isPublished are what the two loops note of a place.
func isDeployed(place *place) *bool  { return &place.deployed }
func isPublished(place *place) *bool { return &place.published }

// keep notes which places are wanted, and gives those that are not any more. Places that
// nobody wants are forgotten.
func (p *proxies) keep(wanted map[string]bool, flag func(*place) *bool) []*place {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var others []*place
	for name, place := range p.places {
		if !wanted[name] && *flag(place) {
			others = append(others, place)
		}
		*flag(place) = wanted[name]
		if !place.deployed && !place.published {
			delete(p.places, name)
		}
	}
	return others
}

// place is the place of that name, with the first number that is free if it is a new one,
// and noted as wanted.
func (p *proxies) place(name, model string, flag func(*place) *bool) *place {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	found := p.places[name]
	if found == nil {
		number := 1
		for p.isTaken(number) {
			number++
		}
		found = &place{proxies: p, name: name, model: model, number: number}
		p.places[name] = found
	}
	*flag(found) = true
	return found
}

func (p *proxies) isTaken(number int) bool {
	for _, place := range p.places {
		if place.number == number {
			return true
		}
	}
	return false
}

// addressOf is the address of the Gateway in a model, empty if it has none.
func (p *proxies) addressOf(model string) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, place := range p.places {
		if place.model == Namespace(model) {
			return place.address()
		}
	}
	return ""
}

// stop ends every proxy.
func (p *proxies) stop() {
	p.cancel()
	p.done.Wait()
	p.mutex.Lock()
	all := slices.Collect(maps.Values(p.places))
	p.mutex.Unlock()
	for _, place := range all {
		p.deploying.Lock()
		place.undeploy()
		p.deploying.Unlock()
		place.unpublish()
	}
}
