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
	update         secretUpdate
	owner          string
	file           string
	rotate, expire string
}

func (s *secretFlags) register(f *flagSet) {
	pointer := func(target **string) func(string) error {
		return func(v string) error { *target = &v; return nil }
	}
	f.value(pointer(&s.update.label), "label")
	f.value(pointer(&s.update.description), "description")
	f.str(&s.rotate, "rotate")
	f.str(&s.expire, "expire")
	s.owner = "application"
	f.str(&s.owner, "owner")
	f.str(&s.file, "file")
}

// check looks at the values of the flags, before the content.
func (s *secretFlags) check(now time.Time) error {
	if s.expire != "" {
		t, err := parseExpiry(s.expire, now)
		if err != nil {
			return err
		}
		s.update.expires = &t
	}
	if s.rotate != "" {
		if _, ok := rotations[s.rotate]; !ok {
			return usagef("rotate policy %q not valid", s.rotate)
		}
		s.update.rotate = &s.rotate
	}
	if s.owner != "application" && s.owner != "unit" {
		return usagef("secret owner %q not valid", s.owner)
	}
	return nil
}

// content reads "key=value", "key#base64=..", "key#file=.." and --file. It is nil when none is given.
func (inv *invocation) content(args []string, file string) (map[string]string, error) {
	for _, arg := range args {
		// Juju removes what may be the end of base64 before it looks for the value.
		if strings.IndexByte(strings.TrimRight(arg, "="), '=') < 1 {
			return nil, usagef("key value %q not valid", arg)
		}
	}
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
			content[key] = value
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
	options.register(&flags)
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 && options.file == "" {
		return usagef("missing secret value or filename")
	}
	if err := options.check(now); err != nil {
		return err
	}
	content, err := inv.content(args, options.file)
	if err != nil {
		return err
	}
	if content == nil {
		return failf("empty secret value not valid")
	}
	owner := c.unit.name
	if options.owner == "application" {
		if !c.isLeader() {
			return errNotLeader()
		}
		owner = c.unit.app.name
	}
	if label := options.update.label; label != nil && *label != "" {
		// No matter who owns the other one.
		if s := c.pendingSecret("", *label); s != nil {
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
	options.register(&flags)
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
	if err := options.check(now); err != nil {
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
