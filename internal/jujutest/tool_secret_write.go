package jujutest

import (
	"encoding/base64"
	"maps"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// secretKey is a key of a secret's content: at least three characters.
var secretKey = regexp.MustCompile(`^[a-z](-?[a-z0-9]){2,}$`)

// secretFlags are the flags secret-add and secret-set share.
type secretFlags struct {
	update secretUpdate
	owner  string
	file   string
}

func (s *secretFlags) register(f *flagSet, now time.Time) {
	pointer := func(target **string) func(string) error {
		return func(v string) error { *target = &v; return nil }
	}
	f.value(pointer(&s.update.label), "label")
	f.value(pointer(&s.update.description), "description")
	f.value(func(v string) error {
		if _, ok := rotations[v]; !ok {
			return usagef("rotate policy %q not valid", v)
		}
		s.update.rotate = &v
		return nil
	}, "rotate")
	f.value(func(v string) error {
		t, err := parseExpiry(v, now)
		s.update.expires = &t
		return err
	}, "expire")
	s.owner = "application"
	f.str(&s.owner, "owner")
	f.str(&s.file, "file")
}

// content reads "key=value", "key#base64=..", "key#file=.." and --file. It is nil when none is given.
func (inv *invocation) content(args []string, file string) (map[string]string, error) {
	values, err := keyValues(args)
	if err != nil {
		return nil, err
	}
	content := make(map[string]string)
	for _, key := range sortedKeys(values) {
		name, form, _ := strings.Cut(key, "#")
		if !secretKey.MatchString(name) {
			return nil, usagef("key %q not valid", name)
		}
		if content[name], err = inv.secretValue(form, values[key]); err != nil {
			return nil, err
		}
	}
	if file != "" {
		data, err := inv.readFile(file)
		if err != nil {
			return nil, err
		}
		fromFile := make(map[string]string)
		if err := yaml.Unmarshal(data, &fromFile); err != nil {
			// Not %v of the error: it may quote the secret.
			return nil, failf("cannot parse secret file")
		}
		for key := range fromFile {
			if !secretKey.MatchString(key) {
				return nil, usagef("key %q not valid", key)
			}
		}
		for key, value := range fromFile {
			if _, given := content[key]; !given { // the arguments win
				content[key] = value
			}
		}
	}
	if len(content) == 0 {
		return nil, nil
	}
	return content, nil
}

func (inv *invocation) secretValue(form, value string) (string, error) {
	switch form {
	case "file":
		data, err := inv.readFile(value)
		return string(data), err
	case "base64":
		data, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return "", usagef("invalid base64 secret value")
		}
		return string(data), nil
	}
	return value, nil
}

// secretAdd: secret-add [--label] [--description] [--owner] [--rotate] [--expire] k=v ...
func secretAdd(inv *invocation) error {
	c := inv.ctx
	now := c.juju.options.Now()
	var flags flagSet
	var options secretFlags
	options.register(&flags, now)
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	content, err := inv.content(args, options.file)
	if err != nil {
		return err
	}
	if content == nil {
		return usagef("missing secret value or filename")
	}
	owner := c.unit.name
	switch options.owner {
	case "application":
		if !c.isLeader() {
			return errNotLeader()
		}
		owner = c.unit.app.name
	case "unit":
	default:
		return usagef("secret owner %q not valid", options.owner)
	}
	if label := options.update.label; label != nil && *label != "" {
		if s := c.pendingSecret("", *label); s != nil && s.owner == owner {
			return failf("secret with label %q already exists", *label)
		}
	}
	s := &secret{
		id: c.juju.newSecretID(), owner: owner, rotate: "never",
		access: make(map[string]int), consumers: make(map[string]*secretConsumer),
	}
	options.update.content = content
	s.update(&options.update, now)
	c.pending.secrets.created[s.id] = s
	uri := "secret:" + s.id
	if c.juju.traits.qualifiedSecrets {
		uri = "secret://" + c.juju.options.ModelUUID + "/" + s.id
	}
	inv.stdout.WriteString(uri + "\n")
	return nil
}

// secretSet: secret-set <id> [flags of secret-add] [k=v ...]
func secretSet(inv *invocation) error {
	c := inv.ctx
	now := c.juju.options.Now()
	var flags flagSet
	var options secretFlags
	options.register(&flags, now)
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("missing secret URI")
	}
	id, err := parseSecretID(args[0])
	if err != nil {
		return err
	}
	content, err := inv.content(args[1:], options.file)
	if err != nil {
		return err
	}
	if label := options.update.label; label != nil && *label == "" {
		options.update.label = nil // Juju ignores it silently (juju/juju#20623)
	}
	if s := c.pending.secrets.created[id]; s != nil {
		options.update.content = nil
		s.update(&options.update, now)
		if content != nil {
			s.revision(s.latest).content = content
		}
		return nil
	}
	if err := c.mayManage(id); err != nil {
		return err
	}
	if s := c.juju.secrets[id]; s != nil && content != nil {
		if latest := s.revision(s.latest); latest != nil && maps.Equal(latest.content, content) {
			content = nil // the same checksum makes no revision
		}
	}
	options.update.content = content
	c.pending.secrets.update(id, options.update)
	return nil
}

// mayManage refuses followers the secrets of their application at once. Whatever else a unit may not
// touch is found out by the flush.
func (c *hookContext) mayManage(id string) error {
	s, ok := c.juju.secrets[id]
	if ok && s.owner == c.unit.app.name && !c.isLeader() {
		return errNotLeader()
	}
	return nil
}
