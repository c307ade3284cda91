package state

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
)

// A Requirer is one application that asks for ingress: one relation on the gateway endpoint.
type Requirer struct {
	// RelationID is the relation's number. A smaller one is an older relation.
	RelationID int `json:"relationID"`
	// Application is the remote application under Juju's name for it here. Across models that is an
	// alias, and Name is the application's own name.
	Application string `json:"application"`
	// Waiting says that the application has not written its request yet, or that none of its units
	// has written. Only in the latter case it has a Name.
	Waiting bool `json:"waiting,omitempty"`
	// HasUnits says that it has units, whatever they have written.
	HasUnits bool `json:"hasUnits,omitempty"`
	// Problem says, in the operator's words, why its data cannot be served; empty if they can. The
	// fields below are valid only then.
	Problem string `json:"problem,omitempty"`
	// Nginx says that it speaks the interface that nginx-ingress-integrator had under the name of
	// ingress. It has a Problem then.
	Nginx bool `json:"nginx,omitempty"`
	// Remarks say what was left out, and everything that is wrong, for the log.
	Remarks []string `json:"remarks,omitempty"`
	// Model and Name are the application's own: its model, which is its namespace, and its Juju
	// name.
	Model string `json:"model,omitempty"`
	Name  string `json:"name,omitempty"`
	// Local says that Juju lists it in our model, Foreign that its model is another one, whatever
	// it writes. Juju before 3.6 cannot always tell: then both are false.
	Local   bool `json:"local,omitempty"`
	Foreign bool `json:"foreign,omitempty"`
	// Holds says that it has been told a URL of the place that it asks for: it is served there.
	Holds bool `json:"holds,omitempty"`
	// Port is the port that its units listen on, 1 to 65535.
	Port int32 `json:"port,omitempty"`
	// StripPrefix asks to remove the path prefix before requests are forwarded.
	StripPrefix bool `json:"stripPrefix,omitempty"`
	// RedirectHTTPS asks to redirect its HTTP traffic to HTTPS, whatever
	// enforce-https says.
	RedirectHTTPS bool `json:"redirectHTTPS,omitempty"`
	// Scheme is what its units speak: http, https or h2c.
	Scheme string `json:"scheme,omitempty"`
	// Addresses are those that its units wrote, sorted, each once. If none wrote one, they are
	// Juju's addresses for the units that have written.
	Addresses []netip.Addr `json:"addresses,omitempty"`
	// At says which of its units is at which address, by number, as far as addresses were read. It
	// includes addresses that no unit can have, such as 127.0.0.1, if the unit wrote that and Juju
	// has no better one.
	At []UnitAddress `json:"at,omitempty"`
	// Hosts are the names of its units that a certificate can be verified for, in natural order,
	// each once; only with scheme https.
	Hosts []string `json:"hosts,omitempty"`
	// Units are all of its units, by number; only with scheme https.
	Units []Unit `json:"units,omitempty"`
}

// A Unit is one unit of an application that speaks TLS.
type Unit struct {
	// Number is the 3 of web/3. Within our model, web-3 is its pod.
	Number int `json:"number"`
	// Silent says that it has written nothing yet.
	Silent bool `json:"silent,omitempty"`
	// Host is its name, if a certificate can be verified for it; else empty.
	Host string `json:"host,omitempty"`
	// Address is the address that the unit wrote. If no unit wrote one, it is Juju's, or the zero
	// value if Juju knows none.
	Address netip.Addr `json:"address,omitzero"`
}

// A UnitAddress says at which address a unit is.
type UnitAddress struct {
	Number  int        `json:"number"`
	Address netip.Addr `json:"address"`
}

// A UnitBag is what one unit wrote.
type UnitBag struct {
	// Number is the number of the unit.
	Number int
	Bag    Databag
}

// A Databag is the content of one side of a relation.
type Databag = map[string]string

// NewRequirer judges what an application wrote. A request is served if the application's own data
// are valid and, if it has units, those of at least one unit are: a unit that has not written yet
// must not take its siblings down.
func NewRequirer(relationID int, application string, request Databag, units []UnitBag) Requirer {
	r := judgeRequirer(relationID, application, request, units)
	r.Remarks = bounded(r.Remarks)
	return r
}

// maxRemarks limits what one application can make the charm log in every hook.
const maxRemarks = 10

// bounded keeps each remark once, and counts those beyond the limit.
func bounded(remarks []string) []string {
	var kept []string
	more := 0
	for _, remark := range remarks {
		switch {
		case slices.Contains(kept, remark):
		case len(kept) == maxRemarks:
			more++
		default:
			kept = append(kept, remark)
		}
	}
	if more > 0 {
		kept = append(kept, fmt.Sprintf("and %d more", more))
	}
	return kept
}

func judgeRequirer(relationID int, application string, request Databag, units []UnitBag) Requirer {
	r := Requirer{RelationID: relationID, Application: application, HasUnits: len(units) > 0}
	app, err := ingress.ParseApplication(request)
	if errors.Is(err, ingress.ErrNotWritten) {
		r.Waiting = true
		return r
	}
	if err != nil {
		r.reject(err)
		return r
	}
	r.Remarks = app.Remarks
	valid, unitErr := 0, error(nil)
	var all []Unit
	ofJuju, impossible := map[int]netip.Addr{}, []UnitAddress(nil)
	for i, one := range units {
		unit, err := ingress.ParseUnit(one.Bag)
		all = append(all, Unit{Number: one.Number, Silent: errors.Is(err, ingress.ErrNotWritten), Host: unit.Host, Address: unit.IP})
		switch {
		case err == nil:
			valid++
			r.Remarks = append(r.Remarks, unit.Remarks...)
		case !errors.Is(err, ingress.ErrNotWritten):
			unitErr = err
			r.Remarks = append(r.Remarks, "a unit is left out: "+err.Error())
		}
		if err == nil && unit.IP.IsValid() {
			r.at(one.Number, unit.IP)
		}
		if err == nil && unit.Impossible.IsValid() {
			impossible = append(impossible, UnitAddress{one.Number, unit.Impossible})
		}
		// A unit that has not written may not listen yet. Version 1 of the interface has no unit
		// data.
		if address := ingress.IngressAddress(one.Bag); address.IsValid() && (err == nil || app.Version == 1) {
			ofJuju[i] = address
		}
	}
	said := len(r.Addresses) > 0
	if !said {
		for i, address := range ofJuju {
			all[i].Address = address
			r.at(all[i].Number, address)
		}
	}
	if said || len(r.Addresses) == 0 { // Otherwise Juju's addresses count for all.
		r.At = append(r.At, impossible...)
	}
	if valid == 0 && len(units) > 0 && app.Version != 1 {
		if r.Waiting = unitErr == nil; !r.Waiting {
			r.reject(unitErr)
			return r
		}
	}
	slices.SortFunc(r.Addresses, netip.Addr.Compare)
	r.Addresses = slices.Compact(r.Addresses)
	slices.SortFunc(r.At, func(a, b UnitAddress) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), a.Address.Compare(b.Address))
	})
	r.Model, r.Name, r.Port = app.Model, app.Name, int32(app.Port)
	r.StripPrefix, r.RedirectHTTPS = app.StripPrefix, app.RedirectHTTPS
	r.Scheme = string(app.Scheme)
	if app.Scheme == ingress.HTTPS {
		r.Remarks = append(r.Remarks, r.addUnits(all)...)
	}
	return r
}

// at records at which address a unit is.
func (r *Requirer) at(number int, address netip.Addr) {
	r.Addresses = append(r.Addresses, address)
	r.At = append(r.At, UnitAddress{number, address})
}

// reject records why the data cannot be served: the first problem for the status, all of them for
// the log.
func (r *Requirer) reject(err error) {
	r.Problem, r.Nginx = err.Error(), errors.Is(err, ingress.ErrNginx)
	var invalid *ingress.InvalidError
	if errors.As(err, &invalid) && len(invalid.Problems) > 1 {
		r.Remarks = append(r.Remarks, invalid.Problems...)
	}
}

// Servable reports whether the request can be planned for.
func (r Requirer) Servable() bool { return !r.Waiting && r.Problem == "" }
