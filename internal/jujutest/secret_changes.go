package jujutest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// secretChanges are the buffered changes of secrets in one context.
type secretChanges struct {
	created map[string]*secret
	updated map[string]*secretUpdate
	removed map[string][]int // revisions; empty: all of them
	grants  []secretGrantChange
	tracked map[string]bool // the context has read what it is about to write: track it
}

type secretUpdate struct {
	content     map[string]string // nil: no new revision
	label       *string
	description *string
	rotate      *string
	expires     *time.Time
}

type secretGrantChange struct {
	id       string
	entity   string // "" with revoke: all of the relation
	relation int
	revoke   bool
}

func newSecretChanges() secretChanges {
	return secretChanges{
		created: make(map[string]*secret), updated: make(map[string]*secretUpdate),
		removed: make(map[string][]int), tracked: make(map[string]bool),
	}
}

// checkSecretChanges refuses a flush as the controller does: secrets of others or of an application
// this unit no longer leads, and labels the owner already uses.
func (j *Juju) checkSecretChanges(c *hookContext) error {
	changes := c.pending.secrets
	for _, id := range sortedKeys(changes.created) {
		s := changes.created[id]
		if !s.ownedBy(c.unit) {
			return fmt.Errorf("%w: %q does not lead %q", errLostLeadership, c.unit.name, c.unit.app.name)
		}
		if err := j.checkLabel(c, id, s.owner, s.label); err != nil {
			return err
		}
	}
	touched := sortedKeys(changes.updated)
	touched = append(touched, sortedKeys(changes.removed)...)
	for _, g := range changes.grants {
		touched = append(touched, g.id)
	}
	for _, id := range touched {
		if changes.created[id] != nil {
			continue
		}
		s, ok := j.secrets[id]
		if !ok {
			return fmt.Errorf("secret %q not found", id)
		}
		if !s.ownedBy(c.unit) {
			return fmt.Errorf("cannot change secret %q: permission denied", id)
		}
		if update := changes.updated[id]; update != nil && update.label != nil {
			if err := j.checkLabel(c, id, s.owner, *update.label); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkLabel looks for another secret of the owner with the same label. One removed in the same flush
// does not count.
func (j *Juju) checkLabel(c *hookContext, id, owner, label string) error {
	if label == "" {
		return nil
	}
	for otherID, other := range j.secrets {
		if otherID == id || other.owner != owner || other.label != label {
			continue
		}
		if revisions, removed := c.pending.secrets.removed[otherID]; removed && len(revisions) == 0 {
			continue
		}
		return fmt.Errorf("secret with label %q already exists", label)
	}
	return nil
}

func (j *Juju) applySecretChanges(c *hookContext) {
	changes := c.pending.secrets
	maps.Copy(j.secrets, changes.created)
	for _, id := range sortedKeys(changes.updated) {
		j.secrets[id].update(changes.updated[id], j.options.Now())
	}
	for id := range changes.tracked {
		if s, ok := j.secrets[id]; ok {
			s.consumer(c.unit).tracked = s.latest
		}
	}
	for _, g := range changes.grants {
		j.secrets[g.id].grant(g)
	}
	for id, revisions := range changes.removed {
		j.removeSecret(id, revisions)
	}
}

func (s *secret) update(u *secretUpdate, now time.Time) {
	if u.label != nil {
		s.label = *u.label
	}
	if u.description != nil {
		s.description = *u.description
	}
	if u.rotate != nil {
		s.rotate = *u.rotate
		s.rotates = nextRotation(s.rotate, now)
	}
	if u.content != nil {
		s.addRevision(u.content)
		s.rotateDue = false
		s.rotates = nextRotation(s.rotate, now)
	}
	if u.expires != nil {
		r := s.revision(s.latest)
		r.expires, r.expireDue, r.expiredAt = *u.expires, false, time.Time{}
	}
}

func (s *secret) grant(g secretGrantChange) {
	switch {
	case !g.revoke:
		s.access[g.entity] = g.relation
	case g.entity != "":
		delete(s.access, g.entity)
	default:
		maps.DeleteFunc(s.access, func(_ string, id int) bool { return id == g.relation })
	}
}

func (j *Juju) removeSecret(id string, revisions []int) {
	s, ok := j.secrets[id]
	if !ok {
		return
	}
	s.revisions = slices.DeleteFunc(s.revisions, func(r *secretRevision) bool {
		return slices.Contains(revisions, r.number)
	})
	if len(revisions) == 0 || len(s.revisions) == 0 {
		delete(j.secrets, id)
	}
}

// rotations are the policies of secret-add --rotate and their periods.
var rotations = map[string]time.Duration{
	"never": 0, "hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour,
	"monthly": 30 * 24 * time.Hour, "quarterly": 90 * 24 * time.Hour, "yearly": 365 * 24 * time.Hour,
}

func nextRotation(policy string, now time.Time) time.Time {
	period := rotations[policy]
	if period == 0 {
		return time.Time{}
	}
	return now.Add(period)
}
