package jujutest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (s *secretChanges) any() bool {
	return len(s.created)+len(s.updated)+len(s.removed)+len(s.grants)+len(s.tracked) > 0
}

// ambiguous refuses, whatever the profile and before anything is carried out, what versions of Juju do
// differently: what some drop without a word, and a label that another secret loses in the same flush.
func (j *Juju) ambiguous(c *hookContext) error {
	changes := c.pending.secrets
	if len(changes.lost) > 0 {
		return errors.New(changes.lost[0])
	}
	labels := make(map[string]string) // wanted labels, by secret
	for id, s := range changes.created {
		labels[id] = s.label
	}
	for id, update := range changes.updated {
		if update.label != nil {
			labels[id] = *update.label
		}
	}
	for _, id := range sortedKeys(labels) {
		for otherID, other := range j.secrets {
			if labels[id] == "" || otherID == id || other.label != labels[id] || !other.ownedBy(c.unit) {
				continue
			}
			if _, removed := changes.removed[otherID]; removed {
				return fmt.Errorf("secret with label %q already exists: newer Juju removes secrets of a hook after it has added others", other.label)
			}
			if next, renamed := labels[otherID]; renamed && next != other.label {
				return fmt.Errorf("secret with label %q already exists: Juju renames secrets of a hook after it has added others", other.label)
			}
		}
	}
	return nil
}

// dropContents removes the contents of revisions that are to be removed from where a Kubernetes model
// keeps them. The agent does that before it asks the controller to commit
// (internal/worker/uniter/runner/context, Flush): what the controller then refuses to remove has no
// content any more.
func (j *Juju) dropContents(c *hookContext) {
	for id, revisions := range c.pending.secrets.removed {
		s := j.secrets[id]
		if s == nil || !s.ownedBy(c.unit) {
			continue // of those the agent knows nothing
		}
		for _, r := range s.revisions {
			if len(revisions) == 0 || slices.Contains(revisions, r.number) {
				r.lost = true
			}
		}
	}
}

// commitSecrets carries the changes of secrets out in Juju's order: kind by kind, one by one. Of one kind
// all are tried, so that an error leaves the others done.
func (j *Juju) commitSecrets(c *hookContext) error {
	kinds := []struct {
		what  string
		carry func(*hookContext) []error
	}{
		{"creating secrets", j.createSecrets},
		{"updating secrets", j.updateSecrets},
		{"updating secret tracked revisions", j.trackSecrets},
		{"granting secrets access", j.grantSecrets},
		{"removing secrets", j.removeSecrets},
	}
	if j.traits.removesFirst {
		last := len(kinds) - 1
		kinds = slices.Concat(kinds[last:], kinds[:last])
	}
	for _, kind := range kinds {
		var texts []string
		for _, err := range kind.carry(c) {
			if errors.Is(err, errLostLeadership) {
				return fmt.Errorf("%s: %w", kind.what, err)
			}
			if err != nil {
				texts = append(texts, err.Error())
			}
		}
		if texts != nil {
			return fmt.Errorf("%s: %s", kind.what, strings.Join(texts, "\n"))
		}
	}
	return nil
}

func (j *Juju) createSecrets(c *hookContext) (errs []error) {
	for _, id := range sortedKeys(c.pending.secrets.created) {
		s := c.pending.secrets.created[id]
		err := j.checkLabel(id, s.owner, s.label)
		if !s.ownedBy(c.unit) {
			err = checkLeads(c.unit)
		}
		if err == nil {
			j.secrets[id] = s
		}
		errs = append(errs, err)
	}
	return errs
}

func (j *Juju) updateSecrets(c *hookContext) (errs []error) {
	for _, id := range sortedKeys(c.pending.secrets.updated) {
		update := c.pending.secrets.updated[id]
		s, err := j.manageable(c.unit, id)
		if err == nil && update.label != nil {
			err = j.checkLabel(id, s.owner, *update.label)
		}
		if err == nil {
			s.update(update, j.options.Now())
		}
		errs = append(errs, err)
	}
	return errs
}

func (j *Juju) trackSecrets(c *hookContext) []error {
	for id := range c.pending.secrets.tracked {
		if s, ok := j.secrets[id]; ok {
			s.consumer(c.unit).tracked = s.latest
		}
	}
	return nil
}

func (j *Juju) grantSecrets(c *hookContext) (errs []error) {
	for _, g := range c.pending.secrets.grants {
		s, err := j.manageable(c.unit, g.id)
		if err == nil {
			s.grant(g)
		}
		errs = append(errs, err)
	}
	return errs
}

func (j *Juju) removeSecrets(c *hookContext) (errs []error) {
	for _, id := range sortedKeys(c.pending.secrets.removed) {
		_, err := j.manageable(c.unit, id)
		if err == nil {
			j.removeSecret(id, c.pending.secrets.removed[id])
		}
		errs = append(errs, err)
	}
	return errs
}

// manageable returns a secret that the unit may change.
func (j *Juju) manageable(u *unit, id string) (*secret, error) {
	s, ok := j.secrets[id]
	switch {
	case !ok:
		return nil, fmt.Errorf("secret %q not found", id)
	case s.ownedBy(u):
		return s, nil
	case s.owner == u.app.name:
		return nil, checkLeads(u)
	}
	return nil, fmt.Errorf("cannot change secret %q: permission denied", id)
}

// checkLabel looks for another secret of the owner with the same label.
func (j *Juju) checkLabel(id, owner, label string) error {
	for otherID, other := range j.secrets {
		if label != "" && otherID != id && other.owner == owner && other.label == label {
			return fmt.Errorf("secret with label %q already exists", label)
		}
	}
	return nil
}

// copySecrets is for a transaction that may have to be undone.
func (j *Juju) copySecrets() map[string]*secret {
	all := make(map[string]*secret, len(j.secrets))
	for id, s := range j.secrets {
		all[id] = s.copy()
	}
	return all
}

func (s *secret) copy() *secret {
	same := *s
	same.access = make(map[string]int, len(s.access))
	for entity, relation := range s.access {
		same.access[entity] = relation
	}
	same.revisions = make([]*secretRevision, len(s.revisions))
	for i, r := range s.revisions {
		revision := *r
		same.revisions[i] = &revision
	}
	same.consumers = make(map[string]*secretConsumer, len(s.consumers))
	for name, c := range s.consumers {
		consumer := *c
		same.consumers[name] = &consumer
	}
	return &same
}
