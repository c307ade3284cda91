package golden

import (
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"
)

// eachLine hands over the keys of a mapping and their values, and says of an error in which line
// it is. No key may be there twice.
func eachLine(content []*yaml.Node, do func(key, value *yaml.Node) error) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(content); i += 2 {
		key := content[i]
		var err error
		if seen[key.Value] {
			err = errors.New("it is there twice")
		} else {
			err = do(key, content[i+1])
		}
		if at := (*lineError)(nil); err != nil && !errors.As(err, &at) {
			err = &lineError{key.Line, key.Value, err}
		}
		if err != nil {
			return err
		}
		seen[key.Value] = true
	}
	return nil
}

// whole returns a value that is written out: neither paths nor null stand in it.
func whole(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.MappingNode:
		fields := map[string]any{}
		return fields, eachLine(node.Content, func(key, value *yaml.Node) error {
			if path, err := steps(key.Value); err != nil || len(path) != 1 {
				return errors.New("a path, where nothing is yet that it could lead to")
			}
			var err error
			fields[key.Value], err = whole(value)
			return err
		})
	case yaml.SequenceNode:
		list := []any{}
		for _, one := range node.Content {
			element, err := whole(one)
			if err != nil {
				return nil, err
			}
			list = append(list, element)
		}
		return list, nil
	case yaml.ScalarNode:
		if isNull(node) {
			return nil, errors.New("null, where nothing is that it could remove")
		}
		var value any
		err := node.Decode(&value)
		return value, err
	default:
		return nil, fmt.Errorf("line %d: neither aliases nor anchors are read", node.Line)
	}
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

// clone returns a copy that shares nothing.
func clone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		fields := map[string]any{}
		for name, field := range value {
			fields[name] = clone(field)
		}
		return fields
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = clone(element)
		}
		return list
	default:
		return value
	}
}
