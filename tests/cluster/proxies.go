package cluster

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// proxies stand in for those who carry out what Envoy Gateway orders: for each
// Gateway it makes a Deployment of Envoy and a Service of type LoadBalancer. In a
// real cluster the kubelet starts the pod and a load balancer gives the Service
// an address. Here both are a place: Envoy in a network of its own, with the
// arguments of the Deployment, and forwarders at an address of its own, for the
// ports of the Service.
//
//	client ── 10.43.45.1:443 ── forwarder in the test ── 10.1.255.2:10443 envoy
//
// They report what is so: replicas as available when Envoy says that it is
// ready, and the address.
type proxies struct {
	cluster *Cluster
	cancel  context.CancelFunc
	done    sync.WaitGroup
	wake    chan struct{} // there may be something to do
	log     *log.Logger

	mutex  sync.Mutex
	places map[string]*place // by the name that Deployment and Service share
}

// ownerLabel is on what Envoy Gateway makes, with the namespace of the Gateway.
const ownerLabel = "gateway.envoyproxy.io/owning-gateway-namespace"

// startProxies begins to look after Envoy Gateway's Deployments and Services.
func startProxies(c *Cluster) *proxies {
	ctx, cancel := context.WithCancel(context.Background())
	p := &proxies{cluster: c, cancel: cancel, wake: make(chan struct{}, 1), places: map[string]*place{}}
	file, err := os.OpenFile(filepath.Join(c.directory, "proxies.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		file = os.Stderr
	}
	p.log = log.New(file, "", log.LstdFlags|log.Lmicroseconds)
	p.follow(ctx, func(ctx context.Context) (watch.Interface, error) {
		return c.typed.AppsV1().Deployments(envoyNamespace).Watch(ctx, metav1.ListOptions{LabelSelector: ownerLabel})
	})
	p.follow(ctx, func(ctx context.Context) (watch.Interface, error) {
		return c.typed.CoreV1().Services(envoyNamespace).Watch(ctx, metav1.ListOptions{LabelSelector: ownerLabel})
	})
	p.done.Go(func() { p.run(ctx) })
	return p
}

// retryAfter is the pause after a failure.
const retryAfter = 200 * time.Millisecond

// follow wakes run at each event of a watch, which is begun anew whenever it ends.
func (p *proxies) follow(ctx context.Context, begin func(context.Context) (watch.Interface, error)) {
	p.done.Go(func() {
		for ctx.Err() == nil {
			events, err := begin(ctx)
			if err != nil {
				pause(ctx, retryAfter)
				continue
			}
			for range events.ResultChan() {
				p.poke()
			}
		}
	})
}

func (p *proxies) poke() {
	select {
	case p.wake <- struct{}{}:
	default: // It will look anyway.
	}
}

func (p *proxies) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		}
		if err := p.reconcile(ctx); err != nil && ctx.Err() == nil {
			p.log.Print(err)
			pause(ctx, retryAfter)
			p.poke()
		}
	}
}

func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}

// reconcile makes the places as the Deployments and Services want them.
func (p *proxies) reconcile(ctx context.Context) error {
	options := metav1.ListOptions{LabelSelector: ownerLabel}
	deployments, err := p.cluster.typed.AppsV1().Deployments(envoyNamespace).List(ctx, options)
	if err != nil {
		return err
	}
	services, err := p.cluster.typed.CoreV1().Services(envoyNamespace).List(ctx, options)
	if err != nil {
		return err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	wanted := map[string]bool{}
	var failures []error
	for i := range deployments.Items {
		deployment := &deployments.Items[i]
		wanted[deployment.Name] = true
		if err := p.place(deployment.Name, deployment.Labels[ownerLabel]).deploy(ctx, deployment); err != nil {
			failures = append(failures, fmt.Errorf("cannot run %s: %w", deployment.Name, err))
		}
	}
	for i := range services.Items {
		service := &services.Items[i]
		wanted[service.Name] = true
		if err := p.place(service.Name, service.Labels[ownerLabel]).publish(ctx, service); err != nil {
			failures = append(failures, fmt.Errorf("cannot publish %s: %w", service.Name, err))
		}
	}
	p.leave(wanted, deployments.Items, services.Items)
	return errors.Join(failures...)
}

// leave ends what is wanted no more.
func (p *proxies) leave(wanted map[string]bool, deployments []appsv1.Deployment, services []corev1.Service) {
	deployed, published := map[string]bool{}, map[string]bool{}
	for i := range deployments {
		deployed[deployments[i].Name] = true
	}
	for i := range services {
		published[services[i].Name] = true
	}
	for name, place := range p.places {
		if !deployed[name] {
			place.undeploy()
		}
		if !published[name] {
			place.unpublish()
		}
		if !wanted[name] {
			delete(p.places, name)
		}
	}
}

// place is the place of that name, with the first number that is free if it is
// a new one.
func (p *proxies) place(name, model string) *place {
	if found := p.places[name]; found != nil {
		return found
	}
	number := 1
	for taken := true; taken; {
		taken = false
		for _, other := range p.places {
			taken = taken || other.number == number
		}
		if taken {
			number++
		}
	}
	p.places[name] = &place{proxies: p, name: name, model: model, number: number}
	return p.places[name]
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
	defer p.mutex.Unlock()
	p.leave(nil, nil, nil)
}
