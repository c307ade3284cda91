package jujutest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// output holds the flags of a tool that prints a value.
type output struct {
	format string
	file   string
}

// register adds the flags, with the format's default. Those tools of Juju whose default is YAML know no
// smart form.
func (o *output) register(f *flagSet, format string) {
	o.format = format
	f.value(func(v string) error {
		if v == "json" || v == "yaml" || v == format {
			o.format = v
			return nil
		}
		return fmt.Errorf("unknown format %q", v)
	}, "format")
	f.str(&o.file, "o", "output")
}

// print writes value to the tool's output, or to the file named by --output.
func (inv *invocation) print(o *output, value any) error {
	text, err := o.render(value)
	if err != nil {
		return failf("%v", err)
	}
	if o.file != "" {
		if err := os.WriteFile(inv.path(o.file), text, 0o644); err != nil {
			return failf("%v", err)
		}
		return nil
	}
	inv.stdout.Write(text)
	return nil
}

func (o *output) render(value any) ([]byte, error) {
	switch o.format {
	case "json":
		text, err := json.Marshal(value)
		return append(text, '\n'), err
	case "yaml":
		return renderYAML(value)
	}
	return renderSmart(value)
}

// renderSmart is Juju's default form: nothing for null and "", bare strings, one line per list item,
// Python's words for booleans, YAML for the rest.
func renderSmart(value any) ([]byte, error) {
	var text string
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		text = v
	case []string:
		text = strings.Join(v, "\n")
	case bool:
		text = "False"
		if v {
			text = "True"
		}
	default:
		return renderYAML(value)
	}
	if text == "" {
		return nil, nil
	}
	return []byte(text + "\n"), nil
}

func renderYAML(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := yaml.NewEncoder(&buffer)
	encoder.SetIndent(2)
	err := encoder.Encode(value)
	return buffer.Bytes(), err
}
