package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// ration decides which of the hosts have their first request made now. The others wait until
// it is an hour since enough of those that the same application had.
func (d *decision) limitRequests() {
	if !d.Certificates.Related || d.unsure {
		return
	}
	a, most := &d.allowance, mostRequests(d.observed)
	options := strings.Join([]string{d.Certificates.RelationID, d.Config.ExternalHostname, string(d.Config.RoutingMode)}, " ")
	changed := a.For != options
	a.For, a.Hosts = options, nil
	var postponed []postponement
	for _, h := range d.certified() {
		if h.asks(d.observed) && !changed && !wasAskedFor(d.observed, h) {
			postponed = charge(a.Times, postponed, h, d.requesters(h.name), most, d.Now)
		}
		if h.newest != nil || h.asks(d.observed) || h.requestAt.IsZero() && slices.Contains(d.Allowance.Hosts, h.name) {
			a.Hosts = append(a.Hosts, h.name)
		}
	}
	slices.Sort(a.Hosts)
	for _, one := range postponed {
		d.reportPostponement(one, most)
	}
}

// mostRequests is how many first requests an application may cause in an hour.
func mostRequests(s observed) int {
	return cmp.Or(s.Config.CertificatesPerHour, state.DefaultCertificatesPerHour)
}

// wasAskedFor reports whether a request for the host is none that its application causes: one has
// been made before, and it was there in each hook since. So it is renewed, or the private
// key, the Gateway's addresses or what stands in the databag have changed.
func wasAskedFor(s observed, h host) bool {
	return h.newest != nil || h.secure() || slices.Contains(s.Allowance.Hosts, h.name) ||
		slices.ContainsFunc(s.Certificates.Entries, func(entry state.Certificate) bool { return slices.Contains(entry.Hosts, h.name) })
}

// A payer is an application that names a host, by a relation.
type requester struct {
	application string
	relation    int
}

// payers are the applications of which one accounts for a host's request, oldest relation of
// each endpoint first; none for a host of the options, and for one that is being left.
func (d *decision) requesters(name string) []requester {
	if !d.idle && slices.Contains(d.optionHosts(), name) {
		return nil
	}
	var all []requester
	for _, t := range d.targets {
		if slices.ContainsFunc(t.rules, func(r rule) bool { return r.host == name }) {
			all = append(all, requester{t.Application, t.RelationID})
		}
	}
	for _, t := range d.routes {
		if slices.Contains(t.hosts, name) {
			all = append(all, requester{t.Application, t.RelationID})
		}
	}
	for _, old := range d.old {
		if slices.Contains(old.hosts, name) {
			all = append(all, requester{old.application, old.relation})
		}
	}
	return all
}

// A lateness is what one application waits for: hosts whose first request is made later.
type postponement struct {
	requester
	hosts []string
	until time.Time // of the first
}

// charge notes a host's request with the first application that has any left in this hour, or
// has the host wait for that of the first application.
func charge(times map[string][]int64, postponed []postponement, h host, requesters []requester, most int, now time.Time) []postponement {
	if len(requesters) == 0 {
		return postponed
	}
	for _, one := range requesters {
		if had := times[one.application]; len(had) < most {
			times[one.application] = slices.Sorted(slices.Values(append(had, now.Unix())))
			return postponed
		}
	}
	first := requesters[0]
	i := slices.IndexFunc(postponed, func(p postponement) bool { return p.application == first.application })
	if i < 0 {
		i, postponed = len(postponed), append(postponed, postponement{requester: first})
	}
	one := &postponed[i]
	had := times[first.application]
	next := had[min(len(had)-most+len(one.hosts), len(had)-1)]
	h.requestAt = time.Unix(next, 0).UTC().Add(time.Hour)
	if one.until.IsZero() {
		one.until = h.requestAt
	}
	one.hosts = append(one.hosts, h.title())
	return postponed
}

func (d *decision) reportPostponement(one postponement, most int) {
	cure := configure(d.observed, state.OptionCertificatesPerHour, fmt.Sprint(most+len(one.hosts)))
	at := one.until.Format("15:04 MST")
	what := one.application + ": new certificates from " + at
	d.shortfalls = append(d.shortfalls, trouble{what: what, why: someOf(one.hosts, 0), cure: cure})
	d.remark(one.application, one.relation, fmt.Sprintf("it has had certificates for %d new hosts requested within an hour; from %s they are requested for %s; %s",
		most, at, someOf(one.hosts, maxRemark), cure))
}
