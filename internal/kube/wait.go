package kube

import (
	"context"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// judgedKinds are the kinds of objects that a Gateway's controller judges: it writes their status.
var judgedKinds = []string{rollout.KindGateway, rollout.KindPolicy, rollout.KindRoute}

// Await watches the changed objects until their controller has judged each at its present
// generation, or the time is over. It also waits for the address of a Gateway that was created. It
// does not wait for the address of an older Gateway, which may never get one. The snapshot is
// updated with what is seen. Await returns no error, because the next event looks again. If a watch
// fails or breaks, Await no longer waits for it.
func (c *Client) Await(ctx context.Context, snapshot *Snapshot, changes []Change, limit time.Duration) {
	pending := map[key]Action{}
	for _, change := range changes {
		if change.Action != Deleted && slices.Contains(judgedKinds, change.Kind) {
			pending[key{change.Kind, change.Name}] = change.Action
		}
	}
	snapshot.dropSettled(pending)
	if len(pending) == 0 {
		return
	}
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	for event := range c.watchKinds(ctx, snapshot, pending) {
		if snapshot.update(event) && snapshot.dropSettled(pending) {
			stop() // This ends all watches, and the channel is then closed.
		}
	}
	// Watches send complete objects. One that cannot be converted stays as it was.
	_ = snapshot.convert(c.options.Manager)
}

// watchKinds sends the changes of objects of the pending kinds, from the resourceVersion at which
// they were read, until the context ends or all watches have ended.
func (c *Client) watchKinds(ctx context.Context, snapshot *Snapshot, pending map[key]Action) <-chan *unstructured.Unstructured {
	events := make(chan *unstructured.Unstructured)
	var jobs []func() error
	for _, r := range resources {
		if !slices.ContainsFunc(pendingOf(pending), func(k key) bool { return k.Kind == r.kind }) {
			continue
		}
		jobs = append(jobs, func() error {
			watcher, err := c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).Watch(ctx, metav1.ListOptions{
				LabelSelector: c.selector(r), ResourceVersion: snapshot.versions[r.kind],
			})
			if err != nil {
				return err
			}
			defer watcher.Stop()
			for event := range watcher.ResultChan() {
				// An error is an object of another kind.
				object, ok := event.Object.(*unstructured.Unstructured)
				if !ok || event.Type == watch.Error {
					return nil
				}
				if event.Type == watch.Deleted {
					continue
				}
				select {
				case events <- object:
				case <-ctx.Done():
					return nil
				}
			}
			return nil
		})
	}
	go func() {
		defer close(events)
		_ = inParallel(jobs)
	}()
	return events
}

func pendingOf(pending map[key]Action) []key {
	var all []key
	for k := range pending {
		all = append(all, k)
	}
	return all
}

// update replaces an object by its new version, unless the snapshot has a later one: a watch starts
// with changes from before our own writes. It reports whether it replaced the object.
func (s *Snapshot) update(object *unstructured.Unstructured) bool {
	k := key{object.GetKind(), object.GetName()}
	live := s.live[k]
	if live == nil || live.GetUID() != object.GetUID() || object.GetGeneration() < live.GetGeneration() {
		return false
	}
	before, errBefore := strconv.ParseUint(live.GetResourceVersion(), 10, 64)
	after, errAfter := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	if errBefore == nil && errAfter == nil && after < before {
		return false
	}
	s.live[k] = object
	return true
}

// dropSettled removes from pending the objects that are settled, and reports whether none is left.
func (s *Snapshot) dropSettled(pending map[key]Action) bool {
	for k, action := range pending {
		if object := s.live[k]; object == nil || settled(object, action == Created) {
			delete(pending, k)
		}
	}
	return len(pending) == 0
}

// settled reports whether a controller has judged an object at its present generation and, if
// address is set, whether a Gateway has an address.
func settled(object *unstructured.Unstructured, address bool) bool {
	switch object.GetKind() {
	case rollout.KindGateway:
		var gateway gatewayv1.Gateway
		return fromUnstructured(object, &gateway) == nil && (gatewaySettled(&gateway) && (!address || len(gateway.Status.Addresses) > 0))
	case rollout.KindRoute:
		var route gatewayv1.HTTPRoute
		return fromUnstructured(object, &route) == nil && routeSettled(&route)
	case rollout.KindPolicy:
		var policy gatewayv1.BackendTLSPolicy
		return fromUnstructured(object, &policy) == nil && slices.ContainsFunc(policy.Status.Ancestors, func(a gatewayv1.PolicyAncestorStatus) bool {
			return allJudged(a.Conditions, policy.Generation)
		})
	default:
		return true
	}
}

func gatewaySettled(gateway *gatewayv1.Gateway) bool {
	for _, listener := range gateway.Spec.Listeners {
		i := slices.IndexFunc(gateway.Status.Listeners, func(l gatewayv1.ListenerStatus) bool { return l.Name == listener.Name })
		if i < 0 || !allJudged(gateway.Status.Listeners[i].Conditions, gateway.Generation) {
			return false
		}
	}
	return allJudged(gateway.Status.Conditions, gateway.Generation)
}

// routeSettled reports whether every listener that a route names has been judged. There may be
// older entries for one listener: Cilium up to 1.19 never removes any.
func routeSettled(route *gatewayv1.HTTPRoute) bool {
	return !slices.ContainsFunc(route.Spec.ParentRefs, func(parent gatewayv1.ParentReference) bool {
		return !slices.ContainsFunc(route.Status.Parents, func(p gatewayv1.RouteParentStatus) bool {
			return ptr.Deref(p.ParentRef.SectionName, "") == ptr.Deref(parent.SectionName, "") && allJudged(p.Conditions, route.Generation)
		})
	})
}

func allJudged(conditions []metav1.Condition, generation int64) bool {
	return len(conditions) > 0 && !slices.ContainsFunc(conditions, func(c metav1.Condition) bool { return !judges(c, generation) })
}
