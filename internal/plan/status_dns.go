package plan

import (
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
)

// dnsFindings reports records that a provider will not, or cannot, make: the worst of those that
// concern all applications, and the worst of each application. All applications are served
// meanwhile.
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

// dnsFinding reports the worst of some records; nil if all are approved or pending.
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

// ownedRecords are the records for the hosts of the same applications; without owners they concern
// all.
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

// dnsRemarks returns lines for the log: for each provider, what cannot be read in its reply, and
// the worst record. A pending record is not mentioned.
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

// withoutRecords reports whether there are host names and a DNS provider, but no address for a
// record.
func (d *decision) withoutRecords() bool {
	named := slices.ContainsFunc(d.hosts, func(h host) bool { return h.name != "" })
	return named && len(d.DNSProviders) > 0 && len(d.recordsOf()) == 0
}
