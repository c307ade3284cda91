package jujutest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// role is the side of a relation an endpoint plays.
type role string

const (
	roleProvides role = "provides"
	roleRequires role = "requires"
	rolePeer     role = "peers"
)

// endpoint is a relation endpoint of a charm's metadata.
type endpoint struct {
	Name      string `yaml:"-"`
	Role      role   `yaml:"-"`
	Interface string `yaml:"interface"`
	Limit     int    `yaml:"limit"`
}

// charmOption is an option of config.yaml.
type charmOption struct {
	Type    string `yaml:"type"`
	Default any    `yaml:"default"`
}

// charmAction is an action of actions.yaml.
type charmAction struct {
	Params               map[string]any `yaml:"params"`
	Required             []string       `yaml:"required"`
	AdditionalProperties *bool          `yaml:"additionalProperties"`
}

// charm is what Juju knows about a charm: its directory and the YAML files in it.
type charm struct {
	dir       string // unpacked master copy; each unit gets one of its own
	name      string
	endpoints map[string]endpoint
	options   map[string]charmOption
	actions   map[string]charmAction
}

func readCharm(dir string) (*charm, error) {
	var metadata struct {
		Name     string              `yaml:"name"`
		Provides map[string]endpoint `yaml:"provides"`
		Requires map[string]endpoint `yaml:"requires"`
		Peers    map[string]endpoint `yaml:"peers"`
	}
	if err := readYAML(filepath.Join(dir, "metadata.yaml"), &metadata); err != nil {
		return nil, err
	}
	c := &charm{dir: dir, name: metadata.Name, endpoints: make(map[string]endpoint)}
	groups := map[role]map[string]endpoint{
		roleProvides: metadata.Provides, roleRequires: metadata.Requires, rolePeer: metadata.Peers,
	}
	for r, endpoints := range groups {
		for name, e := range endpoints {
			if _, ok := c.endpoints[name]; ok {
				return nil, fmt.Errorf("cannot read charm: endpoint %q defined twice", name)
			}
			e.Name, e.Role = name, r
			c.endpoints[name] = e
		}
	}
	var config struct {
		Options map[string]charmOption `yaml:"options"`
	}
	if err := readYAML(filepath.Join(dir, "config.yaml"), &config); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	c.options = config.Options
	if err := readYAML(filepath.Join(dir, "actions.yaml"), &c.actions); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return c, c.checkOptions()
}

func (c *charm) checkOptions() error {
	for name, option := range c.options {
		if option.Default == nil {
			continue
		}
		if _, err := option.coerce(name, option.Default); err != nil {
			return fmt.Errorf("cannot read charm config: invalid default: %w", err)
		}
	}
	return nil
}

func readYAML(path string, target any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read charm: %w", err)
	}
	if err := yaml.Unmarshal(data, target); err != nil {
		return fmt.Errorf("cannot read charm: cannot parse %s: %w", filepath.Base(path), err)
	}
	return nil
}

// coerce turns a value (of the option's own type, or a string as given on a command line) into the
// option's type, or fails as juju config does.
func (o charmOption) coerce(name string, value any) (any, error) {
	mismatch := fmt.Errorf("option %q expected %s, got %#v", name, o.Type, value)
	text, isText := value.(string)
	switch o.Type {
	case "string":
		if isText {
			return text, nil
		}
	case "secret":
		if isText && (text == "" || strings.HasPrefix(text, "secret:")) {
			return text, nil
		}
	case "int":
		if isText {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return n, nil
			}
			return nil, mismatch
		}
		return coerceInt(value, mismatch)
	case "float":
		if isText {
			if f, err := strconv.ParseFloat(text, 64); err == nil {
				return f, nil
			}
			return nil, mismatch
		}
		return coerceFloat(value, mismatch)
	case "boolean":
		if b, ok := value.(bool); ok {
			return b, nil
		}
		if b, err := strconv.ParseBool(text); isText && err == nil {
			return b, nil
		}
	default:
		return nil, fmt.Errorf("option %q has unknown type %q", name, o.Type)
	}
	return nil, mismatch
}

func coerceInt(value any, mismatch error) (any, error) {
	switch n := value.(type) {
	case int:
		return int64(n), nil
	case int64:
		return n, nil
	}
	return nil, mismatch
}

func coerceFloat(value any, mismatch error) (any, error) {
	switch n := value.(type) {
	case float64:
		return n, nil
	case int:
		return float64(n), nil
	case int64:
		return float64(n), nil
	}
	return nil, mismatch
}
