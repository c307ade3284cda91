package kube

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// same says that applying the desired object would change nothing. The live
// object has fields of others in it (defaults, allocated addresses, other
// managers' annotations), so the two are not compared as a whole. What counts is
// the set of fields that the API server has on record as applied by our manager
// (metadata.managedFields): it must name exactly the fields of the desired
// object, and each must have the desired value.
//
// When in doubt the answer is false: the price is one request.
func same(desired, live *unstructured.Unstructured, manager string) bool {
	owned, ok := ownedFields(live, manager)
	if !ok {
		return false
	}
	return sameFields(withoutIdentity(desired.Object), live.Object, owned)
}

// ownedFields gives the record of the fields that the manager applied. A record
// of the same manager for another operation is what a client that did not apply
// left behind; it has to be taken over, so such an object is not the same.
func ownedFields(live *unstructured.Unstructured, manager string) (map[string]any, bool) {
	var owned map[string]any
	for _, entry := range live.GetManagedFields() {
		if entry.Manager != manager || entry.Subresource != "" {
			continue
		}
		if entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil {
			return nil, false
		}
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned) != nil {
			return nil, false
		}
	}
	return owned, owned != nil
}

// withoutIdentity drops what names the object; the record leaves it out.
func withoutIdentity(object map[string]any) map[string]any {
	rest := map[string]any{}
	for name, value := range object {
		switch name {
		case "apiVersion", "kind":
		case "metadata":
			metadata := map[string]any{}
			for name, value := range value.(map[string]any) {
				if name != "name" && name != "namespace" {
					metadata[name] = value
				}
			}
			rest[name] = metadata
		default:
			rest[name] = value
		}
	}
	return rest
}

// sameFields compares one level. The record is a tree: "f:NAME" is a field of a
// map, "k:{…}" an element of a list by its keys, "." the thing itself, and an
// empty subtree a value that is owned as a whole.
func sameFields(desired, live any, owned map[string]any) bool {
	if isWhole(owned) {
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

func isWhole(owned map[string]any) bool {
	for name := range owned {
		if name != "." {
			return false
		}
	}
	return true
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
	var wanted map[string]any
	if json.Unmarshal([]byte(keys), &wanted) != nil {
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
		// A number is an int64 in an object and a float64 in a record; both
		// print alike.
		if fmt.Sprint(item[name]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}
