package kube

import (
	"maps"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
)

// same reports whether applying the desired object would change nothing. The live object also has
// fields of others (defaults, allocated addresses, other managers' annotations), so the two are not
// compared as a whole. What counts is the set of fields that the API server has recorded as applied
// by our manager (metadata.managedFields). It must name exactly the fields of the desired object,
// and each must have the desired value.
//
// If in doubt the answer is false: that costs one request.
func same(desired, live *unstructured.Unstructured, manager string) bool {
	owned, ok := ownedFields(desired, live, manager)
	if !ok || len(otherInstances(live, manager)) > 0 || hasOtherOwners(desired, live) || len(additions(desired, live)) > 0 {
		return false
	}
	return sameFields(withoutIdentity(desired.Object), live.Object, owned)
}

// ownedFields returns the recorded fields that the manager applied. A record of the same manager
// for another operation comes from a client that did not use apply. Its fields have to be taken
// over, so such an object is not the same. The same holds for an object that was applied in another
// API version, whose fields may have other names.
func ownedFields(desired, live *unstructured.Unstructured, manager string) (map[string]any, bool) {
	metadata, _ := live.Object["metadata"].(map[string]any)
	entries, _ := metadata["managedFields"].([]any)
	var owned map[string]any
	for _, entry := range entries {
		entry, _ := entry.(map[string]any)
		if subresource, _ := entry["subresource"].(string); subresource != "" || entry["manager"] != manager {
			continue
		}
		fields, ok := entry["fieldsV1"].(map[string]any)
		if !ok || owned != nil || entry["operation"] != "Apply" || entry["apiVersion"] != desired.GetAPIVersion() {
			return nil, false
		}
		owned = fields
	}
	return owned, owned != nil
}

// withoutIdentity removes the fields that name the object. The record does not have them.
func withoutIdentity(object map[string]any) map[string]any {
	rest := maps.Clone(object)
	delete(rest, "apiVersion")
	delete(rest, "kind")
	if metadata, ok := rest["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		delete(metadata, "name")
		delete(metadata, "namespace")
		rest["metadata"] = metadata
	}
	return rest
}

// sameFields compares one level. The record is a tree: "f:NAME" is a field of a map, "k:{…}" an
// element of a list by its keys, "." the map or list itself, and an empty subtree a value that is
// owned as a whole.
func sameFields(desired, live any, owned map[string]any) bool {
	if len(owned) == 0 {
		return reflect.DeepEqual(desired, live)
	}
	switch desired := desired.(type) {
	case map[string]any:
		live, ok := live.(map[string]any)
		return ok && sameMap(desired, live, owned)
	case []any:
		live, ok := live.([]any)
		return ok && sameList(desired, live, owned)
	default:
		return false
	}
}

func sameMap(desired, live map[string]any, owned map[string]any) bool {
	for name := range owned {
		field, isField := strings.CutPrefix(name, "f:")
		if _, ok := desired[field]; name != "." && (!isField || !ok) {
			return false
		}
	}
	for field, value := range desired {
		record, ok := owned["f:"+field].(map[string]any)
		if !ok || !sameFields(value, live[field], record) {
			return false
		}
	}
	return true
}

func sameList(desired, live []any, owned map[string]any) bool {
	found := 0
	for name, record := range owned {
		if name == "." {
			continue
		}
		keys, isElement := strings.CutPrefix(name, "k:")
		record, ok := record.(map[string]any)
		if !isElement || !ok {
			return false
		}
		wanted, present := element(desired, keys), element(live, keys)
		if wanted == nil || present == nil || !sameFields(wanted, present, record) {
			return false
		}
		found++
	}
	return found == len(desired)
}

// element finds the element of a list whose keys are those of the record, such
// as {"name":"gateway-http"}; nil for none.
func element(list []any, keys string) map[string]any {
	// This is not encoding/json: numbers must be int64, as they are in the objects.
	var wanted map[string]any
	if json.Unmarshal([]byte(keys), &wanted) != nil || len(wanted) == 0 {
		return nil
	}
	for _, item := range list {
		item, ok := item.(map[string]any)
		if ok && hasKeys(item, wanted) {
			return item
		}
	}
	return nil
}

func hasKeys(item, wanted map[string]any) bool {
	for name, value := range wanted {
		if has, ok := item[name]; !ok || !reflect.DeepEqual(has, value) {
			return false
		}
	}
	return true
}
