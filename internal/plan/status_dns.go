package plan

import (
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
)

// dnsFindings speak of the records that a provider will not, or cannot, make: of everybody's
// the worst, and of those of each application. All is served meanwhile.
func (d *decision) dnsFindings() []*finding {
	var found []*finding
	for _, provider := range providersByAge(d.observed) {
		reply := dnsrecord.ParseProvider(provider.Reply)
		for _, of := range recordsByOwner(d.recordsOf(), func(host string) []string { return d.ownersOf(host) }) {
			one := dnsFinding(provider.Application, dnsrecord.Judge(of.records, reply))
			if one != nil {
				one.whose = of.owners
				found = append(found, one)
			}
		}
	}
	return besides(found, d.others(0))
}

// dnsFinding tells of the worst of some records; nil where all are well, or on their way.
func dnsFinding(provider string, verdict dnsrecord.Verdict) *finding {
	switch {
	case verdict.OperatorMustAct():
		return blocks(trouble{what: "DNS record by " + provider, why: verdict.Reason(), cure: "settle it at " + provider})
	case verdict.Status == dnsrecord.Failure:
		return waits("DNS record by "+provider, verdict.Reason())
	default:
		return nil
	}
}

// ownedRecords are those for the hosts of the same applications; everybody's without owners.
type ownedRecords struct {
	owners  []string
	records []dnsrecord.Record
}

func recordsByOwner(records []dnsrecord.Record, ownersOf func(host string) []string) []ownedRecords {
	var all []ownedRecords
	for _, record := range records {
		owners := ownersOf(record.Hostname)
		i := slices.IndexFunc(all, func(of ownedRecords) bool { return slices.Equal(of.owners, owners) })
		if i < 0 {
			i = len(all)
			all = append(all, ownedRecords{owners: owners})
		}
		all[i].records = append(all[i].records, record)
	}
	return all
}

// dnsRemarks are for the log: of each provider what cannot be read of its reply, and the
// record that is worst off. One that is pending needs no words.
func (d *decision) dnsRemarks() []string {
	var all []string
	records := d.recordsOf()
	for _, provider := range providersByAge(d.observed) {
		reply := dnsrecord.ParseProvider(provider.Reply)
		remarks := reply.Remarks
		if verdict := dnsrecord.Judge(records, reply); verdict.Status != dnsrecord.Approved && verdict.Status != dnsrecord.Pending {
			remarks = append(remarks, "DNS record: "+verdict.Reason())
		}
		for _, remark := range remarks {
			all = append(all, fmt.Sprintf("%s (relation %d): %s", provider.Application, provider.RelationID, remark))
		}
	}
	return all
}

// withoutRecords reports whether there are names, and a provider to ask for records, but no
// address that a record could hold.
func (d *decision) withoutRecords() bool {
	named := slices.ContainsFunc(d.hosts, func(h host) bool { return h.name != "" })
	return named && len(d.DNSProviders) > 0 && len(d.recordsOf()) == 0
}
