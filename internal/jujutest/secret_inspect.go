package jujutest

import (
	"fmt"
	"slices"
	"time"
)

// Secret describes a secret to tests.
type Secret struct {
	ID        string // bare
	Owner     string // an application or unit; "" for a user's
	Label     string
	Revision  int                       // the latest
	Content   map[string]string         // of the latest revision
	Revisions map[int]map[string]string // those that are left
	Expires   time.Time                 // of the latest revision
	Grants    []string                  // applications and units
	Tracked   map[string]int            // revision by consuming unit
}

// Secrets returns all secrets in order of id.
func (j *Juju) Secrets() []Secret {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Secret
	for _, id := range sortedKeys(j.secrets) {
		all = append(all, j.secrets[id].describe())
	}
	return all
}

// SecretByLabel returns the secret whose owner gave it the label.
func (j *Juju) SecretByLabel(label string) (Secret, bool) {
	secrets := j.Secrets()
	i := slices.IndexFunc(secrets, func(s Secret) bool { return s.Label == label })
	if i < 0 {
		return Secret{}, false
	}
	return secrets[i], true
}

func (s *secret) describe() Secret {
	d := Secret{
		ID: s.id, Owner: s.owner, Label: s.label, Revision: s.latest,
		Revisions: make(map[int]map[string]string), Tracked: make(map[string]int),
		Grants: sortedKeys(s.access),
	}
	for _, r := range s.revisions {
		d.Revisions[r.number] = copyMap(r.content)
		if r.number == s.latest {
			d.Content, d.Expires = copyMap(r.content), r.expires
		}
	}
	for name, c := range s.consumers {
		if c.tracked > 0 {
			d.Tracked[name] = c.tracked
		}
	}
	return d
}

// AddUserSecret adds a secret of the model's operator (juju add-secret) and returns its URI.
func (j *Juju) AddUserSecret(name string, content map[string]string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := &secret{
		id: j.newSecretID(), label: name,
		access: make(map[string]int), consumers: make(map[string]*secretConsumer),
	}
	s.addRevision(copyMap(content))
	j.secrets[s.id] = s
	return "secret:" + s.id
}

// UpdateUserSecret adds a new revision to an operator's secret.
func (j *Juju) UpdateUserSecret(uri string, content map[string]string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	s, err := j.userSecret(uri)
	if err != nil {
		return err
	}
	s.addRevision(copyMap(content))
	return nil
}

// GrantUserSecret lets an application read an operator's secret.
func (j *Juju) GrantUserSecret(uri, app string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	s, err := j.userSecret(uri)
	if err != nil {
		return err
	}
	if _, err := j.application(app); err != nil {
		return err
	}
	s.access[app] = -1
	return nil
}

func (j *Juju) userSecret(uri string) (*secret, error) {
	id, err := parseSecretID(uri)
	if err != nil {
		return nil, err
	}
	if s, ok := j.secrets[id]; ok && s.owner == "" {
		return s, nil
	}
	return nil, fmt.Errorf("secret %q not found", uri)
}
