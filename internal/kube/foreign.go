package kube

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
)

// An object with the name of one of ours need not be ours: another application of this charm can
// derive the same name, and anybody can make an object. What is not ours is neither written nor
// deleted.

// A Foreign object has a name that the application needs, and does not belong to the application.
type Foreign struct {
	Kind, Name string
	// Instance is the other application of this charm that owns the object, by its label; empty if
	// there is none.
	Instance string
	// Maker is the field manager that made the object, such as "kubectl-create"; empty if not
	// known.
	Maker string
}

// maxNameQueries is how many names are looked for one by one. For more names, all names of the kind
// are listed.
const maxNameQueries = 4

// FindForeign looks for objects that have the names of the given ones and are not the
// application's. It returns those that it had not found before, in the order of kinds and names. It
// looks for each name once, and not at all if the snapshot has the object: if nothing is to be
// made, there is no request. It reads only the metadata.
//
// If an object turns out to be the application's own, because somebody has removed its label,
// FindForeign adds it to the snapshot and returns own as true. The object will be taken over.
func (c *Client) FindForeign(ctx context.Context, snapshot *Snapshot, objects []Object) (foreign []Foreign, own bool, err error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	unknown := map[string][]string{}
	for _, object := range objects {
		k := key{object.GetObjectKind().GroupVersionKind().Kind, object.GetName()}
		if snapshot.live[k] == nil && !snapshot.searched[k] {
			snapshot.searched[k] = true
			unknown[k.Kind] = append(unknown[k.Kind], k.Name)
		}
	}
	if len(unknown) == 0 {
		return nil, false, nil
	}
	found := make([][]metav1.PartialObjectMetadata, len(resources))
	var jobs []func() error
	for i, r := range resources {
		names := unknown[r.kind]
		if len(names) == 0 {
			continue
		}
		jobs = append(jobs, func() (err error) {
			found[i], err = c.findByName(ctx, r, names)
			return err
		})
	}
	if err := inParallel(jobs); err != nil {
		return nil, false, err
	}
	for i, r := range resources {
		for _, object := range found[i] {
			if c.isOwn(&object) {
				if err := c.readOwn(ctx, r, snapshot, object.Name); err != nil {
					return nil, false, err
				}
				own = true
				continue
			}
			one := Foreign{Kind: r.kind, Name: object.Name, Maker: makerOf(&object)}
			if instance := object.Labels[c.options.Label]; instance != c.options.Manager {
				one.Instance = instance
			}
			snapshot.foreign[key{r.kind, object.Name}] = one
			foreign = append(foreign, one)
		}
	}
	if own {
		err = snapshot.convert(c.options.Manager)
	}
	return foreign, own, err
}

// findByName returns the objects of a kind that have one of the names, sorted by name. If the charm
// may not read the kind, or the kind does not exist, there are none: new objects are not forced in
// any case.
func (c *Client) findByName(ctx context.Context, r resource, names []string) ([]metav1.PartialObjectMetadata, error) {
	var selectors []string // field selectors
	if len(names) <= maxNameQueries {
		for _, name := range names {
			selectors = append(selectors, byName(name))
		}
	} else {
		selectors = []string{""}
	}
	lists := make([][]metav1.PartialObjectMetadata, len(selectors))
	for i, selector := range selectors {
		var err error
		if lists[i], err = c.listMetadata(ctx, r, selector); err != nil {
			if isRefused(err) {
				return nil, nil
			}
			return nil, err
		}
	}
	all := slices.DeleteFunc(slices.Concat(lists...), func(object metav1.PartialObjectMetadata) bool { return !slices.Contains(names, object.Name) })
	slices.SortFunc(all, func(a, b metav1.PartialObjectMetadata) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (c *Client) listMetadata(ctx context.Context, r resource, selector string) ([]metav1.PartialObjectMetadata, error) {
	var items []metav1.PartialObjectMetadata
	options := metav1.ListOptions{FieldSelector: selector, Limit: pageSize}
	for {
		list, err := c.metadata.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).List(ctx, options)
		if err != nil {
			return nil, classify(err, "list", r.GroupVersionResource, "")
		}
		items = append(items, list.Items...)
		if options.Continue = list.GetContinue(); options.Continue == "" {
			return items, nil
		}
	}
}

// readOwn adds to the snapshot an object of the application that the label selector did not find.
func (c *Client) readOwn(ctx context.Context, r resource, snapshot *Snapshot, name string) error {
	list, err := c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).List(ctx, metav1.ListOptions{FieldSelector: byName(name)})
	if err != nil {
		return classify(err, "list", r.GroupVersionResource, "")
	}
	for i := range list.Items {
		if object := &list.Items[i]; object.GetName() == name && c.isOwn(object) {
			snapshot.live[key{r.kind, name}] = object
		}
	}
	return nil
}

func byName(name string) string { return fields.OneTermEqualSelector("metadata.name", name).String() }

// isOwn reports whether an object is the application's. It has the application's label. If somebody
// has removed the label, the application or its predecessor, which has the same field manager, has
// written the object.
func (c *Client) isOwn(object metav1.Object) bool {
	instance, labelled := object.GetLabels()[c.options.Label]
	switch {
	case !labelled:
		return c.wrote(object)
	case instance != c.options.Manager:
		// Another application writes the objects that it labels. But anybody can put its name in a
		// label.
		return c.wrote(object) && !wrote(object, instance)
	default:
		return !c.ownedByOthers(object) || c.wrote(object)
	}
}

// wrote reports whether the application has written fields of an object, by managedFields.
// Subresources do not count: the application never writes a status.
func (c *Client) wrote(object metav1.Object) bool { return wrote(object, c.options.Manager) }

func wrote(object metav1.Object, manager string) bool {
	live, ok := object.(*unstructured.Unstructured)
	if !ok {
		return slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Manager == manager && entry.Subresource == ""
		})
	}
	// This reads the object as it was received: to decode the records of a thousand objects takes
	// long.
	metadata, _ := live.Object["metadata"].(map[string]any)
	entries, _ := metadata["managedFields"].([]any)
	return slices.ContainsFunc(entries, func(entry any) bool {
		fields, _ := entry.(map[string]any)
		subresource, _ := fields["subresource"].(string)
		return fields["manager"] == manager && subresource == ""
	})
}

// ownedByOthers reports whether the object has owners, and the application is not among them.
// Controllers that make an object for another one copy its labels: Kubernetes from a Service to its
// EndpointSlices, some Gateway controllers from a Gateway to the Service that has its address. Such
// an object has our label and is not ours. Anybody can set an owner, so that alone says nothing
// about an object that we wrote.
func (c *Client) ownedByOthers(object metav1.Object) bool {
	owners := object.GetOwnerReferences()
	return len(owners) > 0 && !slices.ContainsFunc(owners, func(owner metav1.OwnerReference) bool {
		return owner.Kind == statefulSet && owner.Name == c.options.Manager
	})
}

const statefulSet = "StatefulSet"

// makerOf returns the field manager of the oldest managedFields entry.
func makerOf(object metav1.Object) string {
	maker, first := "", (*metav1.Time)(nil)
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "" && (maker == "" || entry.Time != nil && entry.Time.Before(first)) {
			maker, first = entry.Manager, entry.Time
		}
	}
	return maker
}

// otherInstances returns the other applications of this charm that have written an object: a
// StatefulSet among its owners has the name of a field manager. Releases of this charm that did not
// check the label have overwritten each other's objects.
func otherInstances(object metav1.Object, manager string) []string {
	var all []string
	for _, owner := range object.GetOwnerReferences() {
		if owner.Kind == statefulSet && owner.Name != manager && wrote(object, owner.Name) {
			all = append(all, owner.Name)
		}
	}
	return all
}

// hasFieldsToTakeOver reports whether a live object has fields that takeOver would take over: those
// of the predecessor, or of another application of this charm.
func (c *Client) hasFieldsToTakeOver(live *unstructured.Unstructured) bool {
	managers := append(otherInstances(live, c.options.Manager), c.options.Manager)
	return slices.ContainsFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		applied := entry.Manager == c.options.Manager && entry.Operation == metav1.ManagedFieldsOperationApply
		return slices.Contains(managers, entry.Manager) && entry.Subresource == "" && !applied
	})
}
