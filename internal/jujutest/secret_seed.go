package jujutest

import (
	"errors"
	"fmt"
	"time"
)

// AddCharmSecret adds a secret as if a charm had made it in an earlier hook, perhaps an earlier
// charm of the application, and returns its bare id. The owner is a deployed application ("gw") or
// one of its units ("gw/0"). It expires at expire, or never if that is zero. Nobody has read it
// yet.
func (j *Juju) AddCharmSecret(owner, label string, content map[string]string, expire time.Time) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.checkCharmSecret(owner, label, content); err != nil {
		return "", fmt.Errorf("cannot add secret %q of %q: %w", label, owner, err)
	}
	s := &secret{
		id: j.newSecretID(), owner: owner, label: label, rotate: "never",
		access: make(map[string]int), consumers: make(map[string]*secretConsumer),
	}
	s.addRevision(copyMap(content)).expires = expire
	j.secrets[s.id] = s
	return s.id, nil
}

func (j *Juju) checkCharmSecret(owner, label string, content map[string]string) error {
	app, err := j.application(applicationOf(owner))
	if err == nil && isUnitName(owner) {
		_, err = j.unit(owner)
	}
	switch {
	case err != nil:
		return err
	case app.scripted:
		return errors.New("it runs no charm")
	case len(content) == 0:
		return errors.New("no content")
	}
	for key := range content {
		if !secretKey.MatchString(key) {
			return fmt.Errorf("key %q not valid", key)
		}
	}
	for _, s := range j.secrets {
		if label != "" && s.owner == owner && s.label == label {
			return errors.New("the label is in use")
		}
	}
	return nil
}
