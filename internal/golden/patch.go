package golden

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// change changes what a path leads to, from a mapping on, as a value says.
func change(tree map[string]any, key, patch *yaml.Node) error {
	path, err := steps(key.Value)
	if err != nil {
		return err
	}
	_, err = changed(tree, path, patch)
	return err
}

// A step of a path goes to a field of a mapping, or to elements of a list.
type step struct {
	name    string
	element bool // name stands in brackets
}

// steps takes a path apart: a.b[c].d.
func steps(path string) ([]step, error) {
	if strings.Contains(path, "/") {
		return []step{{name: path}}, nil // An annotation or a label, whose names have dots.
	}
	var found []step
	for rest := path; rest != ""; {
		var one step
		if inside, isElement := strings.CutPrefix(rest, "["); isElement {
			name, after, closed := strings.Cut(inside, "]")
			if !closed {
				return nil, errors.New("a bracket is not closed")
			}
			one, rest = step{name, true}, after
		} else {
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			one, rest = step{name: rest[:end]}, rest[end:]
		}
		after, dot := strings.CutPrefix(rest, ".")
		if one.name == "" || dot && after == "" || !dot && rest != "" && rest[0] != '[' {
			return nil, errors.New("no path: fields are separated by dots, [NAME] is an element of a list")
		}
		found, rest = append(found, one), after
	}
	if len(found) == 0 || found[0].element {
		return nil, errors.New("no path: it begins with a field")
	}
	return found, nil
}

// changed returns what becomes of a value when what a path leads to, from there on, is changed.
func changed(old any, path []step, patch *yaml.Node) (any, error) {
	if len(path) == 0 {
		return merged(old, patch)
	}
	if path[0].element {
		return changedElement(old, path[0].name, path[1:], patch)
	}
	name := path[0].name
	fields, isMapping := old.(map[string]any)
	if !isMapping {
		return nil, fmt.Errorf("what should have the field %s is no mapping", name)
	}
	child, there := fields[name]
	switch {
	case !there && (len(path) > 1 || isNull(patch)):
		return nil, fmt.Errorf("there is no %s", name)
	case len(path) == 1 && isNull(patch):
		delete(fields, name)
		return fields, nil
	}
	child, err := changed(child, path[1:], patch)
	fields[name] = child
	return fields, err
}

// changedElement is changed for a list, of which the path goes on to some element.
func changedElement(old any, name string, rest []step, patch *yaml.Node) (any, error) {
	list, isList := old.([]any)
	if !isList {
		return nil, fmt.Errorf("what should have an element [%s] is no list", name)
	}
	switch {
	case name == "+" && len(rest) == 0:
		return appended(list, patch)
	case name == "+":
		return nil, errors.New("the path goes on after [+]")
	case name == "*":
		if len(list) == 0 {
			return nil, errors.New("the list is empty")
		}
		for i := range list {
			element, err := changed(list[i], rest, patch)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			list[i] = element
		}
		return list, nil
	}
	i, err := find(list, name)
	if err != nil {
		return nil, err
	}
	if len(rest) == 0 && isNull(patch) {
		return slices.Delete(list, i, i+1), nil
	}
	list[i], err = changed(list[i], rest, patch)
	return list, err
}

// appended returns a list with one more element, or with all of those in a list.
func appended(list []any, patch *yaml.Node) (any, error) {
	more := []*yaml.Node{patch}
	if patch.Kind == yaml.SequenceNode {
		more = patch.Content
	}
	if len(more) == 0 {
		return nil, errors.New("it changes nothing")
	}
	for _, one := range more {
		var element any
		var err error
		if one.Kind == yaml.MappingNode && len(one.Content) > 0 && one.Content[0].Value == "like" {
			element, err = alike(list, one)
		} else {
			element, err = whole(one)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, element)
	}
	return list, nil
}

// alike returns a changed copy of an element of a list.
func alike(list []any, patch *yaml.Node) (any, error) {
	i, err := find(list, patch.Content[1].Value)
	if err != nil {
		return nil, err
	}
	rest := *patch
	rest.Content = patch.Content[2:]
	return merged(clone(list[i]), &rest)
}

// names are the fields that may say what an element is called; the first that it has does.
var names = [][]string{{"application"}, {"metadata", "name"}, {"request"}, {"secret"}, {"name"}, {"option"}, {"type"}}

// nameOf returns what an element is called, and "" for one without a name.
func nameOf(element any) string {
	for _, path := range names {
		value := element
		for _, field := range path {
			fields, _ := value.(map[string]any)
			value = fields[field]
		}
		if name, isText := value.(string); isText {
			return name
		}
	}
	return ""
}

// find returns where an element is in a list, by its name or its position.
func find(list []any, name string) (int, error) {
	if i, err := strconv.Atoi(name); err == nil {
		if i < 0 || i >= len(list) {
			return 0, fmt.Errorf("there is no element %d of %d", i, len(list))
		}
		return i, nil
	}
	var called []string
	at := -1
	for i, element := range list {
		switch called = append(called, nameOf(element)); {
		case called[i] != name:
		case at >= 0:
			return 0, fmt.Errorf("two elements are called %s: say [%d] or [%d]", name, at, i)
		default:
			at = i
		}
	}
	if at < 0 {
		return 0, fmt.Errorf("no element is called %s; there are %q", name, called)
	}
	return at, nil
}

// merged returns what becomes of a value: a mapping changes it, anything else stands instead.
func merged(old any, patch *yaml.Node) (any, error) {
	fields, isMapping := old.(map[string]any)
	if isMapping && patch.Kind == yaml.MappingNode {
		if len(patch.Content) == 0 {
			return nil, errors.New("it changes nothing")
		}
		return fields, eachLine(patch.Content, func(key, value *yaml.Node) error { return change(fields, key, value) })
	}
	value, err := whole(patch)
	if err == nil && reflect.DeepEqual(old, value) {
		err = errors.New("it changes nothing")
	}
	return value, err
}
