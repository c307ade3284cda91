package jujutest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// errSecretNotFound is the error of the secret tools for a secret that does not exist or is not
// theirs.
func errSecretNotFound(name string) error { return failf("secret %q not found", name) }

// secretGet: secret-get [<id>] [--label L] [--peek|--refresh] [key[#base64]].
func secretGet(inv *invocation) error {
	var flags flagSet
	var out output
	var label string
	var peek, refresh bool
	out.register(&flags, "yaml")
	flags.str(&label, "label")
	flags.bool(&peek, "peek")
	flags.bool(&refresh, "refresh", "update")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 && label == "" {
		return usagef("require either a secret URI or label")
	}
	if peek && refresh {
		return usagef("specify one of --peek or --refresh but not both")
	}
	id := ""
	if len(args) > 0 {
		if id, err = parseSecretID(args[0]); err != nil {
			return err
		}
		args = args[1:]
	}
	key := ""
	if len(args) > 0 {
		key, args = args[0], args[1:]
	}
	if err := noMore(args); err != nil {
		return err
	}
	content, err := inv.ctx.readSecret(id, label, peek, refresh)
	if err != nil {
		return err
	}
	if key == "" {
		return inv.print(&out, content)
	}
	name, asBase64 := strings.CutSuffix(key, "#base64")
	value, ok := content[name]
	if !ok {
		return failf("secret key value %q not found", key)
	}
	if asBase64 {
		value = base64.StdEncoding.EncodeToString([]byte(value))
	}
	return inv.print(&out, value)
}

// readSecret returns a revision's content and does the tracking: the first read tracks the latest,
// later ones return the tracked revision. What this very context writes is only seen if it made the
// secret, or with --peek or --refresh.
func (c *hookContext) readSecret(id, label string, peek, refresh bool) (map[string]string, error) {
	if s := c.pendingSecret(id, label); s != nil {
		if !peek {
			c.pending.secrets.tracked[s.id] = true
		}
		return s.revision(s.latest).content, nil
	}
	s, err := c.lookUpSecret(id, label)
	if err != nil {
		return nil, err
	}
	if update := c.pending.secrets.updated[s.id]; update != nil && update.content != nil && (peek || refresh) {
		if refresh {
			c.pending.secrets.tracked[s.id] = true
		}
		return update.content, nil
	}
	if peek || (c.juju.traits.ownerSeesLatest && s.ownedBy(c.unit)) {
		return s.revision(s.latest).contentOrGone(s.id)
	}
	consumer := s.consumer(c.unit)
	if refresh || consumer.tracked == 0 {
		consumer.tracked = s.latest
	}
	return s.revision(consumer.tracked).contentOrGone(s.id)
}

func (r *secretRevision) contentOrGone(id string) (map[string]string, error) {
	switch {
	case r == nil:
		return nil, errSecretNotFound(id)
	case r.lost:
		return nil, errSecretNotFound(fmt.Sprintf("%s-%d", id, r.number))
	}
	return r.content, nil
}

func (c *hookContext) pendingSecret(id, label string) *secret {
	if id != "" {
		return c.pending.secrets.created[id]
	}
	for _, s := range c.pending.secrets.created {
		if s.label == label {
			return s
		}
	}
	return nil
}

// lookUpSecret finds a secret this unit may read. A label means an owner's first, then this
// consumer's; id and label together attach the label.
func (c *hookContext) lookUpSecret(id, label string) (*secret, error) {
	if id == "" {
		return c.secretByLabel(label)
	}
	s, ok := c.juju.secrets[id]
	if !ok {
		return nil, errSecretNotFound(id)
	}
	if !s.readableBy(c.unit) {
		return nil, failf("permission denied")
	}
	switch {
	case label == "":
	case s.ownedBy(c.unit):
		if err := c.juju.checkLabel(s.id, s.owner, label); err != nil {
			return nil, failf("%v", err)
		}
		s.label = label
	default:
		s.consumer(c.unit).label = label
	}
	return s, nil
}

func (c *hookContext) secretByLabel(label string) (*secret, error) {
	all := c.juju.secrets
	for _, id := range sortedKeys(all) {
		s := all[id]
		if s.label == label && (s.owner == c.unit.name || s.owner == c.unit.app.name) {
			return s, nil
		}
	}
	for _, id := range sortedKeys(all) {
		if consumer, ok := all[id].consumers[c.unit.name]; ok && consumer.label == label {
			if !all[id].readableBy(c.unit) {
				return nil, failf("permission denied")
			}
			return all[id], nil
		}
	}
	return nil, failf(c.juju.traits.labelNotFound, label)
}

// secretInfo is secret-info-get's description of one secret, in Juju's order of keys.
type secretInfo struct {
	Revision    int            `json:"revision" yaml:"revision"`
	Label       string         `json:"label" yaml:"label"`
	Owner       string         `json:"owner" yaml:"owner"`
	Description string         `json:"description,omitempty" yaml:"description,omitempty"`
	Rotation    string         `json:"rotation,omitempty" yaml:"rotation,omitempty"`
	Expiry      string         `json:"expiry,omitempty" yaml:"expiry,omitempty"`
	Rotates     string         `json:"rotates,omitempty" yaml:"rotates,omitempty"`
	Access      []secretAccess `json:"access,omitempty" yaml:"access,omitempty"`
}

type secretAccess struct {
	Target string `json:"target" yaml:"target"`
	Scope  string `json:"scope" yaml:"scope"`
	Role   string `json:"role" yaml:"role"`
}

// secretInfoGet: secret-info-get <id> | --label L.
func secretInfoGet(inv *invocation) error {
	var flags flagSet
	var out output
	var label string
	out.register(&flags, "yaml")
	flags.str(&label, "label")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	id := ""
	if len(args) > 0 {
		if id, err = parseSecretID(args[0]); err != nil {
			return err
		}
		args = args[1:]
	}
	if (id == "") == (label == "") {
		return usagef("require either a secret URI or label")
	}
	if err := noMore(args); err != nil {
		return err
	}
	for _, s := range inv.ctx.ownSecrets() {
		if s.id == id || (id == "" && s.label == label) {
			return inv.print(&out, map[string]secretInfo{s.id: s.info(inv.ctx)})
		}
	}
	return errSecretNotFound(id + label)
}

func (s *secret) info(c *hookContext) secretInfo {
	info := secretInfo{
		Revision: s.latest, Label: s.label, Owner: "application",
		Description: s.description, Rotation: s.rotate,
	}
	if c.pending.secrets.created[s.id] != nil && s.rotate == "never" {
		info.Rotation = "" // the controller fills it in
	}
	if isUnitName(s.owner) {
		info.Owner = "unit"
	}
	if r := s.revision(s.latest); r != nil && !r.expires.IsZero() {
		info.Expiry = r.expires.UTC().Format(time.RFC3339)
	}
	if !s.rotates.IsZero() {
		info.Rotates = s.rotates.UTC().Format(time.RFC3339)
	}
	for _, entity := range sortedKeys(s.access) {
		access := secretAccess{Target: "application-" + entity, Role: "view"}
		if isUnitName(entity) {
			access.Target = unitTag(entity)
		}
		if r, ok := c.juju.relations[s.access[entity]]; ok {
			access.Scope = "relation-" + relationTag(r)
		}
		info.Access = append(info.Access, access)
	}
	return info
}

// relationTag names a relation as Juju's tags do: "web.ingress#gateway.gateway".
func relationTag(r *relation) string {
	names := make([]string, len(r.ends))
	for i, e := range r.ends {
		names[i] = e.app.name + "." + e.endpoint.Name
	}
	return strings.Join(names, "#")
}

// ownSecrets returns the secrets this unit manages, with the context's own changes: copies, by id.
func (c *hookContext) ownSecrets() []*secret {
	var own []*secret
	all := maps.Clone(c.juju.secrets)
	maps.Copy(all, c.pending.secrets.created)
	for _, id := range sortedKeys(all) {
		s := all[id]
		// One that loses a revision only is not found either, until the hook has ended.
		if _, removed := c.pending.secrets.removed[id]; removed || !s.ownedBy(c.unit) {
			continue
		}
		if update := c.pending.secrets.updated[id]; update != nil {
			changed := *s
			changed.revisions = slices.Clone(s.revisions)
			if last := len(changed.revisions) - 1; last >= 0 {
				latest := *changed.revisions[last]
				changed.revisions[last] = &latest
			}
			changed.update(update, c.juju.options.Now())
			s = &changed
		}
		own = append(own, s)
	}
	return own
}

// secretIDs: secret-ids. The answer is null when there are none.
func secretIDs(inv *invocation) error {
	var flags flagSet
	var out output
	out.register(&flags, "smart")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if err := noMore(args); err != nil {
		return err
	}
	var ids []string
	for _, s := range inv.ctx.ownSecrets() {
		ids = append(ids, s.id)
	}
	if ids == nil {
		return inv.print(&out, nil)
	}
	return inv.print(&out, ids)
}

// parseExpiry reads a time or a duration from now.
func parseExpiry(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return time.Time{}, usagef("expire time or duration %q not valid", text)
	case d <= 0:
		return time.Time{}, usagef("negative expire duration %q not valid", text)
	}
	return now.Add(d), nil
}
