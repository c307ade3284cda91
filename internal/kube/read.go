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

// pageSize limits the number of objects in one answer of the API server.
const pageSize = 500

// Read takes a Snapshot. It sends its requests at the same time: one list for each kind of object,
// one for the classes, and one get for the StatefulSet. It reads ConfigMaps only if there is a
// BackendTLSPolicy, see ReadConfigMaps. The error is a *ForbiddenError or a *NoResourceError if a
// permission or a kind is missing, unless it is missing for BackendTLSPolicies only.
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
			case rollout.KindConfigMap: // Read with the policies.
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

// addOwn adds the application's own objects of a list to the snapshot.
func (c *Client) addOwn(snapshot *Snapshot, r resource, list []unstructured.Unstructured) {
	for i := range list {
		if c.isOwn(&list[i]) {
			snapshot.live[key{r.kind, list[i].GetName()}] = &list[i]
		}
	}
}

// readSelector returns the label selector with which a kind is read, to find the application's own
// objects. For routes it selects all: a route that has lost its label and is no longer wanted would
// go on serving for ever, perhaps without TLS. Other objects serve nothing by themselves.
func (c *Client) readSelector(r resource) string {
	if r.kind == rollout.KindRoute {
		return ""
	}
	return c.selector(r)
}

// selector returns the label selector for the application's own objects of a kind.
func (c *Client) selector(r resource) string {
	selector := c.options.Label + "=" + c.options.Manager
	if r.kind == rollout.KindEndpointSlice {
		// Kubernetes copies the labels of a Service, ours too, to the slices that it makes for it.
		// The charm must not prune those slices.
		selector += "," + rollout.LabelSliceManager + "=" + c.options.Manager
	}
	return selector
}

// list returns the objects, and the resourceVersion of the list.
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

// inParallel runs the jobs, a limited number at a time, waits for those that it has started, and
// joins their errors. After a job without an answer it starts no more: with a thousand jobs, each
// would wait for its timeout.
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
