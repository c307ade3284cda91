package plan

// Objects that have names of ours and are not ours. Where another name serves as well, it
// is taken: see namer and secretNames. What needs the object is told otherwise.

// foreignRemarks tells of each object that is left alone. Where another name is used, no
// status does.
func foreignRemarks(s observed) []string {
	var all []string
	for _, one := range s.Cluster.Foreign {
		all = append(all, one.Kind+" "+one.Name+" "+whose(one)+", and is left alone")
	}
	return all
}

// foreignStatus speaks of an object that stands in the way of the Gateway.
func foreignStatus(s observed) *Status {
	one := s.Cluster.ForeignOf("Gateway", s.Application)
	if one == nil {
		return nil
	}
	return statusOf(blocked(trouble{
		what: "Gateway " + one.Name + " " + whose(*one), cure: removeForeign + ", or deploy the charm under another name",
	}))
}

// foreignFindings speak of Secrets that stand in the way of a host's HTTPS.
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
