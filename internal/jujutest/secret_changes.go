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
	lost    []string        // what some Juju would drop without a word
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

// lose notes that a Juju forgets the first of two changes of a secret in one context. The agent's
// secretsChangeRecorder (internal/worker/uniter/runner/context/secrets.go) holds one change of each
// secret: remove drops the updates and grants before it, even when it is about an old revision, and
// update drops the removal before it. The charm is not told; here its flush fails, whatever the
// profile, so that it relies on no order.
func (s *secretChanges) lose(format string, args ...any) {
	s.lost = append(s.lost, fmt.Sprintf(format, args...))
}

// update records a secret-set of a secret that was there before the context.
func (s *secretChanges) update(id string, u secretUpdate) {
	if _, removed := s.removed[id]; removed {
		s.lose("secret-remove is undone by the secret-set of %q after it in the same hook", id)
	}
	old := s.updated[id]
	if old == nil {
		s.updated[id] = &u
		return
	}
	if u.content != nil {
		old.content = u.content
	}
	if u.label != nil {
		old.label = u.label
	}
	if u.description != nil {
		old.description = u.description
	}
	if u.rotate != nil {
		old.rotate = u.rotate
	}
	if u.expires != nil {
		old.expires = u.expires
	}
}

// remove records a secret-remove of all of a secret that was there before the context.
func (s *secretChanges) remove(id string) {
	s.removed[id] = nil
	delete(s.created, id)
	delete(s.updated, id)
	delete(s.tracked, id)
	s.grants = slices.DeleteFunc(s.grants, func(g secretGrantChange) bool { return g.id == id })
}

// removeRevision records a secret-remove of one revision.
func (s *secretChanges) removeRevision(id string, revision int) {
	revisions, removed := s.removed[id]
	switch {
	case removed && len(revisions) == 0 || slices.Contains(revisions, revision):
		return
	case removed:
		s.lose("revision %d of secret %q stays when another is removed in the same hook, with some Juju 3", revisions[0], id)
	case s.updated[id] != nil:
		s.lose("secret-set of %q is undone by the secret-remove after it in the same hook", id)
	case slices.ContainsFunc(s.grants, func(g secretGrantChange) bool { return g.id == id }):
		s.lose("secret-grant or secret-revoke of %q is undone by the secret-remove after it in the same hook", id)
	}
	s.removed[id] = append(revisions, revision)
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
