package lab

import (
	"context"
	"encoding/json"
	"maps"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// A CASource is a provider of certificate_transfer: it publishes the CA certificates of others. The
// exported fields may be changed at any time; the next Settle uses them.
type CASource struct {
	Name string
	// Certificates are the certificates that it publishes, in PEM.
	Certificates []string
	// Old makes it always write version 0, as old providers do.
	Old bool

	lab       *Lab
	relation  int
	requirer  string
	published map[string]string // what it wrote last
}

// AddCASource adds a provider of CA certificates to the model.
func (l *Lab) AddCASource(name string, authorities ...*Authority) (*CASource, error) {
	s := &CASource{Name: name, lab: l, relation: unrelated}
	s.Tell(authorities...)
	l.players[name] = s
	return s, l.Juju.AddScripted(name, jujutest.ScriptedMetadata{Provides: map[string]string{"send-ca-cert": "certificate_transfer"}}, 1)
}

// Tell makes it publish these authorities and no others.
func (s *CASource) Tell(authorities ...*Authority) {
	s.Certificates = nil
	for _, authority := range authorities {
		s.Certificates = append(s.Certificates, authority.PEM())
	}
}

func (s *CASource) related(id int, requirer string) error {
	s.relation, s.requirer, s.published = id, requirer, nil
	return nil
}

func (s *CASource) stop(context.Context) error { return nil }

// act writes what it publishes, in the version that the requirer asks for.
func (s *CASource) act(context.Context) (changed bool, err error) {
	there := false
	for _, relation := range s.lab.Juju.Status().Relations {
		there = there || relation.ID == s.relation
	}
	if !there {
		return false, nil
	}
	version1 := s.lab.Juju.RelationData(s.relation, s.requirer)["version"] == "1" && !s.Old
	bag := s.version0()
	if version1 {
		bag = map[string]string{"certificates": list(s.Certificates), "version": "1"}
	}
	if maps.Equal(bag, s.published) {
		return false, nil
	}
	s.published = bag
	if version1 {
		return true, s.lab.Juju.SetApplicationData(s.relation, s.Name, bag)
	}
	return true, s.lab.Juju.SetUnitData(s.relation, s.Name+"/0", bag)
}

func (s *CASource) version0() map[string]string {
	if len(s.Certificates) == 0 {
		return map[string]string{"version": "0"}
	}
	first, err := json.Marshal(s.Certificates[0])
	if err != nil {
		panic(err) // A string.
	}
	return map[string]string{"ca": string(first), "certificate": string(first), "chain": list(s.Certificates), "version": "0"}
}

// list returns a list of strings in the bytes of Python.
func list(texts []string) string {
	var quoted []string
	for _, text := range texts {
		one, err := json.Marshal(text)
		if err != nil {
			panic(err) // A string.
		}
		quoted = append(quoted, string(one))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
