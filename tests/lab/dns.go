package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// A DNS is a provider of DNS records, such as bind: it answers every record that it is asked for.
// The exported fields may be changed at any time; the next Settle uses them.
type DNS struct {
	Name string
	// Status is its answer, "approved" at first. Statuses are its answers for single domains. ""
	// leaves a record unanswered.
	Status   string
	Statuses map[string]string
	// Description is part of every answer that is not "approved", unless it is empty.
	Description string

	lab       *Lab
	relation  int
	requirer  string
	published map[string]string // what it wrote last
}

// A DNSEntry is a record in a request.
type DNSEntry struct {
	Domain string `json:"domain"`
	Label  string `json:"host_label"`
	TTL    int    `json:"ttl"`
	Class  string `json:"record_class"`
	Type   string `json:"record_type"`
	Data   string `json:"record_data"`
	UUID   string `json:"uuid"`
}

type dnsAnswer struct {
	UUID        string `json:"uuid"`
	Status      string `json:"status"`
	Description string `json:"description,omitempty"`
}

// AddDNS adds a provider of DNS records to the model.
func (l *Lab) AddDNS(name string) (*DNS, error) {
	d := &DNS{Name: name, Status: "approved", Statuses: map[string]string{}, lab: l, relation: unrelated}
	l.players[name] = d
	return d, l.Juju.AddScripted(name, jujutest.ScriptedMetadata{Provides: map[string]string{"dns-record": "dns_record"}}, 1)
}

// Asked returns the records that it is asked for, in the order of the databag.
func (d *DNS) Asked() ([]DNSEntry, error) {
	text := d.lab.Juju.RelationData(d.relation, d.requirer)["dns_entries"]
	if text == "" {
		return nil, nil
	}
	var entries []DNSEntry
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		return nil, fmt.Errorf("cannot read the records: %w", err)
	}
	return entries, nil
}

func (d *DNS) related(id int, requirer string) error {
	d.relation, d.requirer = id, requirer
	return nil
}

func (d *DNS) stop(context.Context) error { return nil }

// act answers the present request, if that differs from the last one that it answered. What a test
// writes instead stays until then.
func (d *DNS) act(context.Context) (changed bool, err error) {
	there := false
	for _, relation := range d.lab.Juju.Status().Relations {
		there = there || relation.ID == d.relation
	}
	if !there {
		return false, nil
	}
	entries, err := d.Asked()
	if err != nil {
		return false, err
	}
	bag := map[string]string{"dns_entries": d.answer(entries)}
	if maps.Equal(bag, d.published) {
		return false, nil
	}
	d.published = bag
	return true, d.lab.Juju.SetApplicationData(d.relation, d.Name, bag)
}

// answer writes as the Python library does.
func (d *DNS) answer(entries []DNSEntry) string {
	answers := []dnsAnswer{}
	for _, entry := range entries {
		status, special := d.Statuses[entry.Domain]
		if !special {
			status = d.Status
		}
		answer := dnsAnswer{UUID: entry.UUID, Status: status}
		if status != "approved" {
			answer.Description = d.Description
		}
		if status != "" {
			answers = append(answers, answer)
		}
	}
	if len(answers) == 0 {
		return ""
	}
	text, err := json.Marshal(answers)
	if err != nil {
		panic(err) // Strings alone.
	}
	return strings.NewReplacer(`","`, `", "`, `":"`, `": "`, `},{`, `}, {`).Replace(string(text))
}
