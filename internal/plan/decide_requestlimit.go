package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// limitRequests decides for which of the hosts the first certificate request is made now. The other
// hosts wait until enough earlier requests of the same application are an hour old.
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

// mostRequests returns how many first requests an application may cause in an hour.
func mostRequests(s observed) int {
	return cmp.Or(s.Config.CertificatesPerHour, state.DefaultCertificatesPerHour)
}

// wasAskedFor reports whether the application does not cause the host's request: there was a
// request before, and the host was present in each hook since. The reason is then a renewal, or a
// change of the private key, of the Gateway's addresses or of the databag.
func wasAskedFor(s observed, h host) bool {
	return h.newest != nil || h.secure() || slices.Contains(s.Allowance.Hosts, h.name) ||
		slices.ContainsFunc(s.Certificates.Entries, func(entry state.Certificate) bool { return slices.Contains(entry.Hosts, h.name) })
}

// A requester is an application that asks for a host, by a relation.
type requester struct {
	application string
	relation    int
}

// requesters returns the applications of which one accounts for a host's request, on each endpoint
// the oldest relation first. There are none for a host of the options, and for a host that is being
// replaced.
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

// A postponement says what one application waits for: hosts whose first request is made later.
type postponement struct {
	requester
	hosts []string
	until time.Time // of the first host
}

// charge counts a host's request against the first application that has requests left in this hour.
// If none has, the host waits until the first application has.
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
	d.shortfalls = append(d.shortfalls, shortfall{one.application, trouble{what: what, why: someOf(one.hosts, 0), cure: cure}})
	d.remark(one.application, one.relation, fmt.Sprintf("it has had certificates for %d new hosts requested within an hour; from %s they are requested for %s; %s",
		most, at, someOf(one.hosts, maxRemark), cure))
}
