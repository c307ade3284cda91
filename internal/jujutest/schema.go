package jujutest

import (
	"fmt"
	"math"
	"reflect"
	"slices"
)

// parameters checks an action's parameters against its schema in actions.yaml and fills in defaults.
// Of JSON schema it knows what actions use: type, default, required, enum, properties,
// additionalProperties.
func (a charmAction) parameters(given map[string]any) (map[string]any, error) {
	schema := map[string]any{"type": "object", "properties": a.Params}
	if a.AdditionalProperties != nil {
		schema["additionalProperties"] = *a.AdditionalProperties
	}
	required := make([]any, len(a.Required))
	for i, name := range a.Required {
		required[i] = name
	}
	schema["required"] = required
	value, err := checkSchema("(root)", schema, copyObject(given))
	if err != nil {
		return nil, err
	}
	object, _ := value.(map[string]any)
	return object, nil
}

func copyObject(given map[string]any) map[string]any {
	object := make(map[string]any, len(given))
	for key, value := range given {
		if inner, ok := value.(map[string]any); ok {
			value = copyObject(inner)
		}
		object[key] = value
	}
	return object
}

func checkSchema(path string, schema map[string]any, value any) (any, error) {
	if name, ok := schema["type"].(string); ok && !hasType(name, value) {
		return nil, fmt.Errorf("validation failed: %s : must be of type %s, given %v", path, name, value)
	}
	if allowed, ok := schema["enum"].([]any); ok && !slices.ContainsFunc(allowed, func(a any) bool { return reflect.DeepEqual(a, value) }) {
		return nil, fmt.Errorf("validation failed: %s : must match one of the enum values %v, given %v", path, allowed, value)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return value, nil
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range sortedKeys(properties) {
		property, _ := properties[name].(map[string]any)
		if err := checkProperty(path, name, property, object); err != nil {
			return nil, err
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := object[fmt.Sprint(name)]; !ok {
			return nil, fmt.Errorf("validation failed: %s : %q property is missing and required", path, name)
		}
	}
	if closed, ok := schema["additionalProperties"].(bool); ok && !closed {
		for _, name := range sortedKeys(object) {
			if _, known := properties[name]; !known {
				return nil, fmt.Errorf("validation failed: %s : additional property %q is not allowed", path, name)
			}
		}
	}
	return object, nil
}

// checkProperty checks one property of object, and sets it from its default or from the defaults below.
func checkProperty(path, name string, schema, object map[string]any) error {
	value, given := object[name]
	if !given {
		value, given = schema["default"]
	}
	_, nested := schema["properties"]
	if !given && nested {
		value = map[string]any{}
	}
	if !given && !nested {
		return nil
	}
	checked, err := checkSchema(path+"."+name, schema, value)
	if err != nil {
		return err
	}
	if inner, ok := checked.(map[string]any); ok && !given && len(inner) == 0 {
		return nil
	}
	object[name] = checked
	return nil
}

func hasType(name string, value any) bool {
	switch v := value.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case int, int64:
		return name == "integer" || name == "number"
	case float64:
		return name == "number" || (name == "integer" && v == math.Trunc(v))
	case map[string]any:
		return name == "object"
	case []any, []string:
		return name == "array"
	}
	return value == nil && name == "null"
}
