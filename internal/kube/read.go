package kube

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// pageSize bounds one answer of the API server.
const pageSize = 500

// Read takes a Snapshot. The requests go out at once: one list for each kind of
// object, one for the classes, and one get for the StatefulSet. ConfigMaps are only
// asked for once there is a BackendTLSPolicy, see ReadConfigMaps. The error is a
// *ForbiddenError or a *NoResourceError where it is one of these and not only about
// BackendTLSPolicies.
func (c *Client) Read(ctx context.Context) (*Snapshot, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	lists, versions := make([][]unstructured.Unstructured, len(resources)), make([]string, len(resources))
	var classes []unstructured.Unstructured
	var owner *unstructured.Unstructured
	jobs := []func() error{
		func() (err error) { classes, _, err = c.list(ctx, gatewayClasses, "", ""); return err },
		func() (err error) { owner, err = c.owner(ctx); return err },
	}
	snapshot := newSnapshot()
	for i, r := range resources {
		jobs = append(jobs, func() (err error) {
			switch r.kind {
			case rollout.KindConfigMap: // With the policies.
			case rollout.KindPolicy:
				lists[i], versions[i], err = c.listPolicies(ctx, r, snapshot)
			default:
				lists[i], versions[i], err = c.list(ctx, r.GroupVersionResource, c.options.Namespace, c.readSelector(r))
			}
			return err
		})
	}
	if err := inParallel(jobs); err != nil {
		return nil, err
	}

	for _, object := range classes {
		var class gatewayv1.GatewayClass
		if err := fromUnstructured(&object, &class); err != nil {
			return nil, err
		}
		snapshot.Classes = append(snapshot.Classes, class)
	}
	for i, r := range resources {
		snapshot.versions[r.kind] = versions[i]
		c.addOwn(snapshot, r, lists[i])
	}
	if owner != nil {
		snapshot.OwnerUID = string(owner.GetUID())
	}
	if err := snapshot.convert(c.options.Manager); err != nil {
		return nil, err
	}
	return snapshot, nil
}

// keep adds to the snapshot what is ours of what was listed.
func (c *Client) addOwn(snapshot *Snapshot, r resource, list []unstructured.Unstructured) {
	for i := range list {
		if c.isOwn(&list[i]) {
			snapshot.live[key{r.kind, list[i].GetName()}] = &list[i]
		}
	}
}

// listed picks the objects of a kind that are read, to find the application's own among
// them. Of routes these are all: one that has lost its label, and is not wanted any more,
// would go on serving for good, in clear perhaps. Other objects serve nothing by themselves.
func (c *Client) readSelector(r resource) string {
	if r.kind == rollout.KindRoute {
		return ""
	}
	return c.selector(r)
}

// selector picks the application's own objects of a kind by their label.
func (c *Client) selector(r resource) string {
	selector := c.options.Label + "=" + c.options.Manager
	if r.kind == rollout.KindEndpointSlice {
		// Kubernetes copies the labels of a Service to the slices that it makes
		// for it, ours too. Its slices are not ours to prune.
		selector += "," + rollout.LabelSliceManager + "=" + c.options.Manager
	}
	return selector
}

// list returns the objects, and the resourceVersion at which they stood so.
func (c *Client) list(ctx context.Context, r schema.GroupVersionResource, namespace, selector string) (items []unstructured.Unstructured, version string, err error) {
	options := metav1.ListOptions{LabelSelector: selector, Limit: pageSize}
	for {
		list, err := c.api.Resource(r).Namespace(namespace).List(ctx, options)
		if err != nil {
			return nil, "", classify(err, "list", r, "")
		}
		items = append(items, list.Items...)
		if options.Continue = list.GetContinue(); options.Continue == "" {
			return items, list.GetResourceVersion(), nil
		}
	}
}

// owner reads the StatefulSet that Juju made for the application.
func (c *Client) owner(ctx context.Context) (*unstructured.Unstructured, error) {
	owner, err := c.api.Resource(statefulSets).Namespace(c.options.Namespace).Get(ctx, c.options.Manager, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return owner, classify(err, "get", statefulSets, c.options.Manager)
}

// inParallel runs the jobs, a bounded number at a time, waits for those begun,
// and joins what went wrong. After one that got no answer it begins no more:
// with a thousand to do, each would wait for its timeout.
func inParallel(jobs []func() error) error {
	errs := make([]error, len(jobs))
	slots := make(chan struct{}, parallel)
	var wait sync.WaitGroup
	var outage atomic.Bool
	for i, job := range jobs {
		slots <- struct{}{}
		if outage.Load() {
			break
		}
		wait.Go(func() {
			defer func() { <-slots }()
			if errs[i] = job(); isOutage(errs[i]) {
				outage.Store(true)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
