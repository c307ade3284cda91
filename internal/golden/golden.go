package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

const suffix = ".in.yaml"

// Inputs returns the paths of all cases of a directory, in the order of their names.
func Inputs(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("no golden cases in %s", dir)
	}
	return paths, err
}

// Name returns the name of a case, by the path of its input.
func Name(path string) string { return strings.TrimSuffix(filepath.Base(path), suffix) }

// expanded has what expand has returned, by path, as JSON: all tests of a package read all cases.
var expanded sync.Map

// Load returns the state of a case, by the path of its input. Each call returns a state of its
// own. The files are read once.
func Load(path string) (state.State, error) {
	once, _ := expanded.LoadOrStore(path, sync.OnceValues(func() ([]byte, error) { return expand(path) }))
	text, err := once.(func() ([]byte, error))()
	if err != nil {
		return state.State{}, err
	}
	var s state.State
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return state.State{}, fmt.Errorf("cannot take %s for a state: %w", path, err)
	}
	return s, nil
}

// expand returns a case as if it had been written out whole, in JSON.
func expand(path string) ([]byte, error) {
	var chain []*file
	for len(chain) < 3 {
		f, err := parse(path)
		if err != nil {
			return nil, err
		}
		chain = append(chain, f)
		base := filepath.Join(filepath.Dir(path), "base", f.from+".yaml")
		path = filepath.Join(filepath.Dir(path), f.from+suffix)
		switch {
		case exists(base) == exists(path):
			return nil, fmt.Errorf("%s: from %q: there has to be either such a base or such a case", f.path, f.from)
		case exists(base):
			return patched(base, chain)
		case len(f.patch) == 0:
			return nil, fmt.Errorf("%s changes nothing in the case %s", f.path, f.from)
		}
	}
	return nil, fmt.Errorf("%s is too far from a base: it comes from %s, and that from %s", chain[0].path, chain[0].from, chain[1].from)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// patched reads a base, and changes it as the files say, from the last to the first.
func patched(base string, chain []*file) ([]byte, error) {
	root, err := parseYAML(base)
	if err != nil {
		return nil, err
	}
	tree, err := whole(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", base, err)
	}
	top, _ := tree.(map[string]any)
	if _, derived := top["from"]; derived {
		return nil, fmt.Errorf("%s is a base, and comes from another", base)
	}
	for i := len(chain) - 1; i >= 0; i-- {
		if err := chain[i].apply(top); err != nil {
			return nil, err
		}
	}
	return json.Marshal(top)
}

// A file is an input as it is written.
type file struct {
	path  string
	from  string
	patch []*yaml.Node // keys and values, by turns
}

func parse(path string) (*file, error) {
	root, err := parseYAML(path)
	if err != nil {
		return nil, err
	}
	if len(root.Content) == 0 || root.Content[0].Value != "from" || root.Content[1].Value == "" {
		return nil, fmt.Errorf("%s: its first key has to be from: NAME, a base or another case", path)
	}
	return &file{path: path, from: root.Content[1].Value, patch: root.Content[2:]}, nil
}

// parseYAML returns the mapping that a file holds.
func parseYAML(path string) (*yaml.Node, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: no mapping", path)
	}
	return document.Content[0], nil
}

// apply changes a state as the file says.
func (f *file) apply(tree map[string]any) error {
	err := eachLine(f.patch, func(key, value *yaml.Node) error { return change(tree, key, value) })
	if at := (*lineError)(nil); errors.As(err, &at) {
		return fmt.Errorf("%s:%w", f.path, at)
	}
	return err
}

// A lineError is what is wrong in one line of a patch.
type lineError struct {
	line int
	key  string
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("%d: %s: %v", e.line, e.key, e.err) }
func (e *lineError) Unwrap() error { return e.err }
