package jujutest

import (
	"context"
	"maps"
	"regexp"
	"strings"
	"time"
)

// secret is what the controller keeps of a secret.
type secret struct {
	id          string
	owner       string // an application, a unit, or "" for a user's secret
	label       string
	description string
	rotate      string
	rotates     time.Time
	rotateDue   bool
	revisions   []*secretRevision // by number; removed ones are left out
	latest      int
	access      map[string]int // relation a grant is tied to (-1: none), by application or unit
	consumers   map[string]*secretConsumer
}

type secretRevision struct {
	number  int
	content map[string]string
	expires time.Time
	// expiredAt is when secret-expired was last sent, due while it waits to run.
	expiredAt  time.Time
	expireDue  bool
	removeTold bool // secret-remove has run for it
	lost       bool // its content was removed before a commit that failed
}

// secretConsumer is one unit's view of a secret.
type secretConsumer struct {
	tracked int
	told    int // latest revision secret-changed has run for
	label   string
}

// secretEvent is the secret part of a hook.
type secretEvent struct {
	secret     *secret
	kind       string
	label      string
	revision   int // for expired and remove
	latest     int // for changed
	leaderOnly bool
}

// shownID is JUJU_SECRET_ID: the expiry and rotation workers of Juju queue bare ids.
func (e *secretEvent) shownID() string {
	if e.kind == "secret-expired" || e.kind == "secret-rotate" {
		return e.secret.id
	}
	return "secret:" + e.secret.id
}

// secretID is an xid, as in core/secrets.
var secretID = regexp.MustCompile(`^[0-9a-v]{20}$`)

// parseSecretID reads "secret:<id>", "<id>" or "secret://<model>/<id>".
func parseSecretID(text string) (string, error) {
	id := strings.TrimPrefix(text, "secret:")
	id = id[strings.LastIndex(id, "/")+1:]
	if !secretID.MatchString(id) {
		return "", usagef("secret URI %q not valid", text)
	}
	return id, nil
}

func (j *Juju) newSecretID() string { return j.word(20, "0123456789abcdefghijklmnopqrstuv") }

func (s *secret) revision(number int) *secretRevision {
	for _, r := range s.revisions {
		if r.number == number {
			return r
		}
	}
	return nil
}

func (s *secret) addRevision(content map[string]string) *secretRevision {
	s.latest++
	r := &secretRevision{number: s.latest, content: content}
	s.revisions = append(s.revisions, r)
	return r
}

// ownedBy reports whether u may manage the secret: its own, or its application's while it leads.
func (s *secret) ownedBy(u *unit) bool {
	return s.owner == u.name || (s.owner == u.app.name && u.app.leader == u.name)
}

// readableBy reports whether u may read the secret: its own, its application's, or one granted to it.
func (s *secret) readableBy(u *unit) bool {
	if s.owner == u.name || s.owner == u.app.name {
		return true
	}
	_, toApp := s.access[u.app.name]
	_, toUnit := s.access[u.name]
	return toApp || toUnit
}

func (s *secret) consumer(u *unit) *secretConsumer {
	if s.consumers[u.name] == nil {
		s.consumers[u.name] = &secretConsumer{}
	}
	return s.consumers[u.name]
}

// obsolete reports whether nobody tracks an old revision any more.
func (s *secret) obsolete(r *secretRevision) bool {
	if r.number == s.latest {
		return false
	}
	for _, c := range s.consumers {
		if c.tracked == r.number {
			return false
		}
	}
	return true
}

// dropSecrets forgets the secrets an application or unit owns, and what it consumed.
func (j *Juju) dropSecrets(owner string) {
	for id, s := range j.secrets {
		delete(s.consumers, owner)
		if s.owner == owner {
			delete(j.secrets, id)
		}
	}
}

// revokeAccess ends the grants tied to a relation.
func (j *Juju) revokeAccess(relationID int) {
	for _, s := range j.secrets {
		maps.DeleteFunc(s.access, func(_ string, id int) bool { return id == relationID })
	}
}

// expiredAgain is how long Juju waits before it sends secret-expired or secret-rotate once more
// (worker/secretexpire, worker/secretrotate).
const expiredAgain = 5 * time.Minute

// Tick reads the model's clock and queues what is due: secret-expired for revisions past their
// expiry (again every five minutes until they are removed) and secret-rotate. Settle runs the
// hooks.
func (j *Juju) Tick(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	now := j.options.Now()
	for _, s := range j.secrets {
		for _, r := range s.revisions {
			if r.expires.IsZero() || now.Before(r.expires) || now.Before(r.expiredAt.Add(expiredAgain)) {
				continue
			}
			r.expireDue, r.expiredAt = true, now
		}
		if !s.rotates.IsZero() && !now.Before(s.rotates) {
			s.rotateDue, s.rotates = true, now.Add(expiredAgain)
		}
	}
	return nil
}

// nextSecretHook returns the next secret event of a unit: expired, rotated, changed, removed.
func (j *Juju) nextSecretHook(u *unit) *hook {
	for _, kind := range []string{"secret-expired", "secret-rotate", "secret-changed", "secret-remove"} {
		for _, id := range sortedKeys(j.secrets) {
			if e := j.secrets[id].event(kind, u); e != nil {
				e.leaderOnly = e.kind != "secret-changed" && e.secret.owner == u.app.name
				return &hook{kind: kind, name: kind, secret: e}
			}
		}
	}
	return nil
}

// event returns the event of this kind that u is due for, or nil.
func (s *secret) event(kind string, u *unit) *secretEvent {
	e := &secretEvent{secret: s, kind: kind, label: s.label}
	if kind == "secret-changed" {
		c, ok := s.consumers[u.name]
		if !ok || s.ownedBy(u) || !s.readableBy(u) || c.tracked == 0 || c.tracked >= s.latest || c.told >= s.latest {
			return nil
		}
		e.latest = s.latest
		if e.label = c.label; e.label == "" && s.owner == u.app.name {
			e.label = s.label
		}
		return e
	}
	if !s.ownedBy(u) {
		return nil
	}
	if kind == "secret-rotate" {
		if s.rotateDue {
			return e
		}
		return nil
	}
	for _, r := range s.revisions {
		due := r.expireDue
		if kind == "secret-remove" {
			due = !r.removeTold && s.obsolete(r)
		}
		if due {
			e.revision = r.number
			return e
		}
	}
	return nil
}

// commit records that the charm has been told.
func (e *secretEvent) commit(u *unit) {
	r := e.secret.revision(e.revision)
	switch e.kind {
	case "secret-expired":
		if r != nil {
			r.expireDue = false
		}
	case "secret-rotate":
		e.secret.rotateDue = false
	case "secret-changed":
		c := e.secret.consumer(u)
		c.told = max(c.told, e.latest)
	case "secret-remove":
		if r != nil {
			r.removeTold = true
		}
	}
}
