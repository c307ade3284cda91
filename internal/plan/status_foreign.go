package plan

// Objects that have one of our names but are not ours. If another name serves as well, the charm
// uses that one: see namer and secretNames. If not, a status reports the object.

// foreignRemarks returns a line for the log for each object that is left alone. If the charm uses
// another name, no status mentions the object.
func foreignRemarks(s observed) []string {
	var all []string
	for _, one := range s.Cluster.Foreign {
		all = append(all, one.Kind+" "+one.Name+" "+whose(one)+", and is left alone")
	}
	return all
}

// foreignStatus reports an object that stands in the way of the Gateway.
func foreignStatus(s observed) *Status {
	one := s.Cluster.ForeignOf("Gateway", s.Application)
	if one == nil {
		return nil
	}
	return statusOf(blocked(trouble{
		what: "Gateway " + one.Name + " " + whose(*one), cure: removeForeign + ", or deploy the charm under another name",
	}))
}

// foreignFindings reports Secrets that stand in the way of a host's HTTPS.
func (d *decision) foreignFindings() []*finding {
	var all []*finding
	for _, h := range d.hosts {
		if !h.wanted || h.secret != "" || h.issued == nil {
			continue
		}
		if one := d.Cluster.ForeignOf("Secret", secretNames(d.observed, h.name)[0]); one != nil {
			found := blocks(trouble{what: "No HTTPS at " + h.title(), why: "Secret " + one.Name + " " + whose(*one), cure: removeForeign})
			found.whose, found.unserved = d.ownersOf(h.name), true
			all = append(all, found)
		}
	}
	return all
}
