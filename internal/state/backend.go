package state

import (
	"cmp"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/certificatetransfer"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// CAProvider is one application on the receive-ca-cert endpoint. It tells which
// authorities sign the certificates of applications that speak TLS themselves.
type CAProvider struct {
	// RelationID is the number of the relation.
	RelationID int `json:"relationID"`
	// Application is Juju's name for it on this side.
	Application string `json:"application"`
	// Written says that it has written something, if only that there is nothing.
	Written bool `json:"written,omitempty"`
	// Certificates are those of its authorities, in PEM, each with a line end; sorted,
	// each once, and none that has expired.
	Certificates []string `json:"certificates,omitempty"`
	// Remarks say what was left out and why; they are for the log.
	Remarks []string `json:"remarks,omitempty"`
}

// NewCAProvider judges what a provider wrote, at the time of the run. The units' data
// count only where the application's say nothing.
func NewCAProvider(relationID int, application string, written Databag, units []Databag, now time.Time) CAProvider {
	parsed := certificatetransfer.Parse(written, units, now)
	return CAProvider{
		RelationID: relationID, Application: application,
		Written: parsed.Written, Certificates: parsed.PEM, Remarks: bounded(parsed.Remarks),
	}
}

// Authorities are those that stand in the cluster.
type Authorities struct {
	// PEM holds those that are still valid, each as CAProvider has it.
	PEM []string `json:"pem,omitempty"`
	// Told says who told of them, in the planner's own words.
	Told string `json:"told,omitempty"`
}

// IsZero says that there are none.
func (a Authorities) IsZero() bool { return len(a.PEM) == 0 && a.Told == "" }

// NewAuthorities judges the bundle that stands in the cluster, at the time of the run.
func NewAuthorities(bundle, told string, now time.Time) Authorities {
	live := Authorities{Told: told}
	for _, block := range pki.Blocks(bundle) {
		list, err := json.Marshal([]string{string(pem.EncodeToMemory(block))})
		if err == nil {
			parsed := certificatetransfer.Parse(Databag{"certificates": string(list)}, nil, now)
			live.PEM = append(live.PEM, parsed.PEM...)
		}
	}
	return live
}

// addUnits keeps the units of an application that speaks TLS, and their names that a
// certificate can be verified for; it gives remarks on those that are none. An address is
// no such name (Gateway API, type PreciseHostname), and localhost names everybody.
func (r *Requirer) addUnits(units []Unit) (remarks []string) {
	for _, unit := range units {
		name, err := NormalizeHostname(unit.Host)
		switch {
		case unit.Host == "":
		case err != nil:
			remarks = append(remarks, fmt.Sprintf("host: %v; no certificate can be verified for it", err))
			name = ""
		case name == "localhost" || strings.HasSuffix(name, ".localhost"):
			remarks = append(remarks, fmt.Sprintf("host: %s names no unit; no certificate can be verified for it", Quote(name)))
			name = ""
		default:
			r.Hosts = append(r.Hosts, name)
		}
		unit.Host = name
		r.Units = append(r.Units, unit)
	}
	slices.SortFunc(r.Hosts, natural)
	r.Hosts = slices.Compact(r.Hosts)
	slices.SortFunc(r.Units, func(a, b Unit) int { return cmp.Compare(a.Number, b.Number) })
	return remarks
}

// natural compares as people count: web-2 comes before web-10.
func natural(a, b string) int {
	whole := cmp.Compare(a, b)
	for a != "" && b != "" {
		x, y := leadingNumber(a), leadingNumber(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		a, b = a[len(x):], b[len(y):]
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if order := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); order != 0 {
			return order
		}
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), whole)
}

func leadingNumber(text string) string {
	end := 0
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	return text[:end]
}
