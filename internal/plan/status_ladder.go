package plan

// status climbs the ladder: the first rung that has something to say decides. The order is that of
// causes: what a lower rung reports often follows from what a higher one reports. Troubles of some
// applications, and not of all, wait until nothing else is wrong. The remarks are for the log:
// troubles that the status only counts.
func (p *planned) status() (_ Status, remarks []string) {
	if p.config != nil {
		return *p.config, nil
	}
	if !p.Cluster.Usable() {
		return clusterStatus(p.observed), nil
	}
	if status := p.refusedStatus(); status != nil {
		return *status, nil
	}
	if status := foreignStatus(p.observed); status != nil {
		return *status, nil
	}
	if p.classStatus != nil && p.classStatus.Kind == Blocked {
		return *p.classStatus, nil
	}
	var some []*finding
	for _, rung := range ladder() {
		var said *Status
		if rung.many == nil {
			said = rung.one(p)
		} else {
			everybodys, rest := split(rung.many(p))
			some = append(some, rest...)
			said = worst(everybodys).status()
		}
		if said != nil {
			return *said, nil
		}
	}
	return p.someStatus(some)
}

// A rung looks for one problem, or for many, of all applications or of some.
type rung struct {
	one  func(*planned) *Status
	many findingsOf
}

// findingsOf looks for the problems of one rung, of all applications and of some.
type findingsOf func(*planned) []*finding

// ladder returns the rungs for a cluster that can be used, the higher ones first. What the operator
// can do now comes before what he has to wait for.
func ladder() []rung {
	return []rung{
		{one: func(p *planned) *Status { return p.unrelated }},
		{many: (*planned).foreignFindings},
		{one: func(p *planned) *Status { return p.classStatus }},
		{one: (*planned).gatewayStatus},
		{many: (*planned).listenerFindings},
		{one: func(p *planned) *Status { return listenersNotValid(p.observed) }},
		{many: (*planned).certificateFindings},
		{one: (*planned).addressStatus},
		{one: (*planned).requirerStatus},
		{many: (*planned).backendFindings},
		{many: (*planned).routeFindings},
		{many: (*planned).protocolFindings},
		{many: (*planned).dnsFindings},
	}
}
