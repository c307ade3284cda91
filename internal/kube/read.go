package kube

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// pageSize bounds one answer of the API server.
const pageSize = 500

// A Snapshot is what an application had in the cluster at one moment.
type Snapshot struct {
	// Classes are all GatewayClasses.
	Classes []gatewayv1.GatewayClass
	// Gateway is the Gateway of the application's name, nil for none.
	Gateway *gatewayv1.Gateway
	// Routes are the application's HTTPRoutes, sorted by name.
	Routes []gatewayv1.HTTPRoute
	// Policies are the application's BackendTLSPolicies, sorted by name.
	Policies []gatewayv1.BackendTLSPolicy
	// NoBackendTLS says why there can be no BackendTLSPolicies, or no ConfigMaps for
	// them: a *NoResourceError or a *ForbiddenError; nil when there can be.
	NoBackendTLS error
	// OwnerUID is the identity of the application's StatefulSet; empty when
	// there is none.
	OwnerUID string

	live       map[key]*unstructured.Unstructured
	versions   map[string]string // resourceVersion of each kind's list, for watches to begin at
	foreign    map[key]Foreign   // found by FindForeign
	looked     map[key]bool      // for names of ours
	configMaps bool              // that ConfigMaps were asked for
}

// key names an object within the application's namespace.
type key struct{ kind, name string }

// Read takes a Snapshot. The requests go out at once: one list for each kind of
// object, one for the classes, and one get for the StatefulSet. ConfigMaps are only
// asked for once there is a BackendTLSPolicy, see ReadConfigMaps. The error is a
// *ForbiddenError or a *NoResourceError where it is one of these and not only about
// BackendTLSPolicies.
func (c *Client) Read(ctx context.Context) (*Snapshot, error) {
	ctx, cancel := c.bound(ctx)
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
			case kindConfigMap: // With the policies.
			case kindPolicy:
				lists[i], versions[i], err = c.listPolicies(ctx, r, snapshot)
			default:
				lists[i], versions[i], err = c.list(ctx, r.GroupVersionResource, c.options.Namespace, c.listed(r))
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
		c.keep(snapshot, r, lists[i])
	}
	if owner != nil {
		snapshot.OwnerUID = string(owner.GetUID())
	}
	if err := snapshot.convert(c.options.Manager); err != nil {
		return nil, err
	}
	return snapshot, nil
}

func newSnapshot() *Snapshot {
	return &Snapshot{live: map[key]*unstructured.Unstructured{}, versions: map[string]string{}, foreign: map[key]Foreign{}, looked: map[key]bool{}}
}

// keep adds to the snapshot what is ours of what was listed.
func (c *Client) keep(snapshot *Snapshot, r resource, list []unstructured.Unstructured) {
	for i := range list {
		if c.ours(&list[i]) {
			snapshot.live[key{r.kind, list[i].GetName()}] = &list[i]
		}
	}
}

// convert fills Gateway, Routes and Policies from the live objects.
func (s *Snapshot) convert(gateway string) error {
	s.Gateway, s.Routes, s.Policies = nil, nil, nil
	if object := s.live[key{"Gateway", gateway}]; object != nil {
		s.Gateway = &gatewayv1.Gateway{}
		if err := fromUnstructured(object, s.Gateway); err != nil {
			return err
		}
	}
	for _, name := range s.names("HTTPRoute") {
		var route gatewayv1.HTTPRoute
		if err := fromUnstructured(s.live[key{"HTTPRoute", name}], &route); err != nil {
			return err
		}
		s.Routes = append(s.Routes, route)
	}
	for _, name := range s.names(kindPolicy) {
		var policy gatewayv1.BackendTLSPolicy
		if err := fromUnstructured(s.live[key{kindPolicy, name}], &policy); err != nil {
			return err
		}
		s.Policies = append(s.Policies, policy)
	}
	return nil
}

// A TLSSecret is what stands in one of the application's Secrets, in PEM.
type TLSSecret struct {
	Name             string
	Certificate, Key []byte
}

// TLSSecrets returns the application's Secrets as they were read, sorted by name.
// One whose data cannot be read has none here; there is no error that could show
// them.
func (s *Snapshot) TLSSecrets() []TLSSecret {
	var secrets []TLSSecret
	for _, name := range s.names("Secret") {
		data, _, _ := unstructured.NestedStringMap(s.live[key{"Secret", name}].Object, "data")
		secrets = append(secrets, TLSSecret{
			Name: name, Certificate: decoded(data["tls.crt"]), Key: decoded(data["tls.key"]),
		})
	}
	return secrets
}

// Services returns the names of the application's Services, each with the addresses in the
// EndpointSlices of the application that stand in for a selector, sorted.
func (s *Snapshot) Services() map[string][]netip.Addr {
	all := map[string][]netip.Addr{}
	for _, name := range s.names("Service") {
		all[name] = nil
	}
	for _, name := range s.names("EndpointSlice") {
		slice := s.live[key{"EndpointSlice", name}]
		service := slice.GetLabels()[labelServiceName]
		all[service] = append(all[service], addressesIn(slice)...)
	}
	for _, addresses := range all {
		slices.SortFunc(addresses, netip.Addr.Compare)
	}
	return all
}

// ServiceAddresses returns the addresses that the application's Services have themselves,
// sorted.
func (s *Snapshot) ServiceAddresses() []netip.Addr {
	var all []netip.Addr
	for _, name := range s.names("Service") {
		texts, _, _ := unstructured.NestedStringSlice(s.live[key{"Service", name}].Object, "spec", "clusterIPs")
		for _, text := range texts {
			if address, err := netip.ParseAddr(text); err == nil { // Else it is "None".
				all = append(all, address)
			}
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

func decoded(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}

// names returns the names of the live objects of a kind, sorted.
func (s *Snapshot) names(kind string) []string {
	var names []string
	for k := range s.live {
		if k.kind == kind {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	return names
}

func fromUnstructured(object *unstructured.Unstructured, typed any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		return fmt.Errorf("cannot understand %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

// listed picks the objects of a kind that are read, to find the application's own among
// them. Of routes these are all: one that has lost its label, and is not wanted any more,
// would go on serving for good, in clear perhaps. Other objects serve nothing by themselves.
func (c *Client) listed(r resource) string {
	if r.kind == "HTTPRoute" {
		return ""
	}
	return c.selector(r)
}

// selector picks the application's own objects of a kind by their label.
func (c *Client) selector(r resource) string {
	selector := c.options.Label + "=" + c.options.Manager
	if r.kind == "EndpointSlice" {
		// Kubernetes copies the labels of a Service to the slices that it makes
		// for it, ours too. Its slices are not ours to prune.
		selector += "," + labelSliceManager + "=" + c.options.Manager
	}
	return selector
}

// labelSliceManager names who keeps an EndpointSlice (Kubernetes API,
// discovery/v1, LabelManagedBy).
const labelSliceManager = "endpointslice.kubernetes.io/managed-by"

// labelServiceName names the Service that an EndpointSlice stands in for (Kubernetes
// API, discovery/v1, LabelServiceName).
const labelServiceName = "kubernetes.io/service-name"

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
			if errs[i] = job(); unanswered(errs[i]) {
				outage.Store(true)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
