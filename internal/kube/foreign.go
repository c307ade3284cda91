package kube

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
)

// An object that has the name of one of ours need not be ours: another application of
// this charm can come to the same name, and anybody can make an object. What is not ours
// is neither written nor deleted.

// A Foreign object has a name that the application wants, and is not the application's.
type Foreign struct {
	Kind, Name string
	// Instance is the other application of this charm that it belongs to, by its label;
	// empty for none.
	Instance string
	// Maker is what made it, such as "kubectl-create"; empty if that is not known.
	Maker string
}

// fewNames is how many names are looked for one by one. For more of them, all names of
// the kind are listed.
const maxNameQueries = 4

// FindForeign looks for objects that have the names of the given ones and are not the
// application's, and gives those that it had not found before, in the order of kinds and
// names. Names are looked for once, and not at all where the snapshot has the object: if
// nothing is to be made there is no request. Only the metadata are read.
//
// What turns out to be the application's own, since somebody has removed its label, comes
// into the snapshot, and own says so: it will be taken over.
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

// lookFor returns the objects of a kind that have one of the names, sorted by name. A kind
// that may not be read, or is not there, has none: what is made then is not forced.
func (c *Client) findByName(ctx context.Context, r resource, names []string) ([]metav1.PartialObjectMetadata, error) {
	var selectors []string // Fields.
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

// readOwn adds an object of the application that the selector did not find.
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

// ours reports whether an object is the application's. It has its label or, where somebody has
// removed that, was written by it or by its predecessor, which has the same field manager.
func (c *Client) isOwn(object metav1.Object) bool {
	instance, labelled := object.GetLabels()[c.options.Label]
	switch {
	case !labelled:
		return c.wrote(object)
	case instance != c.options.Manager:
		// Another application writes what it labels; anybody can put its name there.
		return c.wrote(object) && !wrote(object, instance)
	default:
		return !c.ownedByOthers(object) || c.wrote(object)
	}
}

// wrote reports whether the application has written some of an object, by the API server's
// record. It never writes a status.
func (c *Client) wrote(object metav1.Object) bool { return wrote(object, c.options.Manager) }

func wrote(object metav1.Object, manager string) bool {
	live, ok := object.(*unstructured.Unstructured)
	if !ok {
		return slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Manager == manager && entry.Subresource == ""
		})
	}
	// As it came over the wire: to decode the records of a thousand objects takes long.
	metadata, _ := live.Object["metadata"].(map[string]any)
	entries, _ := metadata["managedFields"].([]any)
	return slices.ContainsFunc(entries, func(entry any) bool {
		fields, _ := entry.(map[string]any)
		subresource, _ := fields["subresource"].(string)
		return fields["manager"] == manager && subresource == ""
	})
}

// madeForOther reports whether the object has owners, and the application is none of them.
// Controllers that make an object for another copy labels: Kubernetes those of a Service
// to its EndpointSlices, some Gateway controllers those of a Gateway to the Service that
// has its address. With our label on it, it still is not ours. Anybody can set an owner,
// so that alone says nothing of an object that we wrote.
func (c *Client) ownedByOthers(object metav1.Object) bool {
	owners := object.GetOwnerReferences()
	return len(owners) > 0 && !slices.ContainsFunc(owners, func(owner metav1.OwnerReference) bool {
		return owner.Kind == statefulSet && owner.Name == c.options.Manager
	})
}

const statefulSet = "StatefulSet"

// makerOf returns the field manager of the oldest record.
func makerOf(object metav1.Object) string {
	maker, first := "", (*metav1.Time)(nil)
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "" && (maker == "" || entry.Time != nil && entry.Time.Before(first)) {
			maker, first = entry.Manager, entry.Time
		}
	}
	return maker
}

// instancesIn returns the other applications of this charm that have written an object: a
// StatefulSet is among its owners whose name is that of a field manager. Releases of this
// charm that looked for no label have written over each other's objects.
func otherInstances(object metav1.Object, manager string) []string {
	var all []string
	for _, owner := range object.GetOwnerReferences() {
		if owner.Kind == statefulSet && owner.Name != manager && wrote(object, owner.Name) {
			all = append(all, owner.Name)
		}
	}
	return all
}

// othersWrote reports whether a live object has fields that count as another's than what the
// application applies: those of its predecessor, or of another application of this charm.
func (c *Client) hasFieldsToTakeOver(live *unstructured.Unstructured) bool {
	managers := append(otherInstances(live, c.options.Manager), c.options.Manager)
	return slices.ContainsFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		applied := entry.Manager == c.options.Manager && entry.Operation == metav1.ManagedFieldsOperationApply
		return slices.Contains(managers, entry.Manager) && entry.Subresource == "" && !applied
	})
}
