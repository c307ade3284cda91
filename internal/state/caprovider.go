package state

import (
	"encoding/json"
	"encoding/pem"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/certificatetransfer"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// CAProvider is one application on the receive-ca-cert endpoint. It tells which authorities sign
// the certificates of applications that speak TLS themselves.
type CAProvider struct {
	// RelationID is the number of the relation.
	RelationID int `json:"relationID"`
	// Application is Juju's name for the application on this side.
	Application string `json:"application"`
	// Written says that it has written something, even if only that it has no certificates.
	Written bool `json:"written,omitempty"`
	// Certificates are those of its authorities, in PEM, each with a line end. They are sorted and
	// unique, and none has expired.
	Certificates []string `json:"certificates,omitempty"`
	// Remarks say what was left out and why, for the log.
	Remarks []string `json:"remarks,omitempty"`
}

// NewCAProvider judges what a provider wrote, at the time of the run. The data of its units count
// only if the application has written none.
func NewCAProvider(relationID int, application string, written Databag, units []Databag, now time.Time) CAProvider {
	parsed := certificatetransfer.Parse(written, units, now)
	return CAProvider{
		RelationID: relationID, Application: application,
		Written: parsed.Written, Certificates: parsed.PEM, Remarks: bounded(parsed.Remarks),
	}
}

// Authorities are those in the cluster.
type Authorities struct {
	// PEM holds those that are still valid, in the form of CAProvider.Certificates.
	PEM []string `json:"pem,omitempty"`
	// Told says which relation told of which, in the planner's own format.
	Told string `json:"told,omitempty"`
}

// IsZero reports whether there are none.
func (a Authorities) IsZero() bool { return len(a.PEM) == 0 && a.Told == "" }

// NewAuthorities judges the bundle in the cluster, at the time of the run.
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
