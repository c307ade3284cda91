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
func (d *decision) ration() {
	if !d.Certificates.Related || d.unsure {
		return
	}
	a, most := &d.allowance, mostRequests(d.observed)
	given := strings.Join([]string{d.Certificates.RelationID, d.Config.ExternalHostname, string(d.Config.RoutingMode)}, " ")
	anew := a.For != given
	a.For, a.Hosts = given, nil
	var late []lateness
	for _, h := range d.certified() {
		if h.asks(d.observed) && !anew && !wasAskedFor(d.observed, h) {
			late = charge(a.Times, late, h, d.payers(h.name), most, d.Now)
		}
		if h.newest != nil || h.asks(d.observed) || h.until.IsZero() && slices.Contains(d.Allowance.Hosts, h.name) {
			a.Hosts = append(a.Hosts, h.name)
		}
	}
	slices.Sort(a.Hosts)
	for _, one := range late {
		d.tellLate(one, most)
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
type payer struct {
	application string
	relation    int
}

// payers are the applications of which one accounts for a host's request, oldest relation of
// each endpoint first; none for a host of the options, and for one that is being left.
func (d *decision) payers(name string) []payer {
	if !d.idle && slices.Contains(d.optionHosts(), name) {
		return nil
	}
	var all []payer
	for _, t := range d.targets {
		if slices.ContainsFunc(t.rules, func(r rule) bool { return r.host == name }) {
			all = append(all, payer{t.Application, t.RelationID})
		}
	}
	for _, t := range d.routes {
		if slices.Contains(t.hosts, name) {
			all = append(all, payer{t.Application, t.RelationID})
		}
	}
	for _, old := range d.old {
		if slices.Contains(old.hosts, name) {
			all = append(all, payer{old.application, old.relation})
		}
	}
	return all
}

// A lateness is what one application waits for: hosts whose first request is made later.
type lateness struct {
	payer
	hosts []string
	until time.Time // of the first
}

// charge notes a host's request with the first application that has any left in this hour, or
// has the host wait for that of the first application.
func charge(times map[string][]int64, late []lateness, h host, payers []payer, most int, now time.Time) []lateness {
	if len(payers) == 0 {
		return late
	}
	for _, one := range payers {
		if had := times[one.application]; len(had) < most {
			times[one.application] = slices.Sorted(slices.Values(append(had, now.Unix())))
			return late
		}
	}
	first := payers[0]
	i := slices.IndexFunc(late, func(l lateness) bool { return l.application == first.application })
	if i < 0 {
		i, late = len(late), append(late, lateness{payer: first})
	}
	one := &late[i]
	had := times[first.application]
	next := had[min(len(had)-most+len(one.hosts), len(had)-1)]
	h.until = time.Unix(next, 0).UTC().Add(time.Hour)
	if one.until.IsZero() {
		one.until = h.until
	}
	one.hosts = append(one.hosts, h.title())
	return late
}

func (d *decision) tellLate(one lateness, most int) {
	cure := configure(d.observed, state.OptionCertificatesPerHour, fmt.Sprint(most+len(one.hosts)))
	at := one.until.Format("15:04 MST")
	what := one.application + ": new certificates from " + at
	d.short = append(d.short, trouble{what: what, why: someOf(one.hosts, 0), cure: cure})
	d.remark(one.application, one.relation, fmt.Sprintf("it has had certificates for %d new hosts requested within an hour; from %s they are requested for %s; %s",
		most, at, someOf(one.hosts, maxRemark), cure))
}
