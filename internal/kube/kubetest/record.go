package kubetest

import (
	"encoding/json"
	"maps"
	"strings"
)

// elementKeys are the lists whose elements have keys; others are one value.
var elementKeys = map[string][]string{
	"metadata.ownerReferences": {"uid"},
	"spec.listeners":           {"name"},
	"spec.ports":               {"port", "protocol"},
}

// wholeField is a map that is one value.
const wholeField = "spec.selector"

// Record returns the entry of metadata.managedFields for an object that a manager has applied, as
// it was seen on a real API server: what names the object is left out.
func Record(manager string, object map[string]any) map[string]any {
	fields := maps.Clone(object)
	delete(fields, "apiVersion")
	delete(fields, "kind")
	if metadata, ok := fields["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		delete(metadata, "name")
		delete(metadata, "namespace")
		fields["metadata"] = metadata
	}
	return map[string]any{
		"manager": manager, "operation": "Apply", "apiVersion": object["apiVersion"],
		"fieldsType": "FieldsV1", "fieldsV1": fieldsOf(fields, ""),
	}
}

func fieldsOf(value any, path string) map[string]any {
	record := map[string]any{}
	switch value := value.(type) {
	case map[string]any:
		for name, child := range value {
			childPath := strings.TrimPrefix(path+"."+name, ".")
			if childPath == wholeField {
				record["f:"+name] = map[string]any{}
				continue
			}
			record["f:"+name] = fieldsOf(child, childPath)
		}
	case []any:
		for _, item := range value {
			keys := map[string]any{}
			for _, name := range elementKeys[path] {
				keys[name] = item.(map[string]any)[name]
			}
			if len(keys) == 0 {
				return record
			}
			content, err := json.Marshal(keys)
			if err != nil {
				panic(err)
			}
			element := map[string]any{}
			if path != "metadata.ownerReferences" { // Its elements are whole.
				element = fieldsOf(item, path+"[]")
				element["."] = map[string]any{}
			}
			record["k:"+string(content)] = element
		}
	}
	return record
}
