package plan

import (
	"net/netip"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// DNSRecords are the records to ask for on one relation; none clears what is there.
type DNSRecords struct {
	RelationID int                `json:"relationID"`
	Records    []dnsrecord.Record `json:"records"`
}

// dnsRecords asks every provider for a record for each host and IP address. While the
// Gateway has no address, what was asked for stays. The interface takes no names as
// addresses, so that a load balancer with a name alone gets no record.
func dnsRecords(s state.State, set settings) []DNSRecords {
	if len(addresses(s.Cluster.Gateway)) == 0 {
		return nil
	}
	records := recordsOf(s, set)
	var all []DNSRecords
	for _, provider := range s.DNSProviders {
		if len(records) > 0 || len(provider.Published) > 0 {
			all = append(all, DNSRecords{RelationID: provider.RelationID, Records: records})
		}
	}
	slices.SortFunc(all, func(a, b DNSRecords) int { return a.RelationID - b.RelationID })
	return all
}

func recordsOf(s state.State, set settings) []dnsrecord.Record {
	var records []dnsrecord.Record
	for _, h := range set.hosts {
		for _, address := range addresses(s.Cluster.Gateway) {
			if ip, err := netip.ParseAddr(address); err == nil && h.name != "" {
				records = append(records, dnsrecord.Record{Hostname: h.name, Address: ip})
			}
		}
	}
	return records
}

// dnsStatus speaks of the first record that a provider will not, or cannot, make.
func dnsStatus(s state.State, set settings) *Status {
	var first *Status
	records := recordsOf(s, set)
	for _, provider := range s.DNSProviders {
		verdict := dnsrecord.Judge(records, dnsrecord.ParseProvider(provider.Reply))
		switch {
		case verdict.OperatorMustAct():
			return statusOf(blocked("DNS record by " + provider.Application + ": " + verdict.Reason()))
		case verdict.Status == dnsrecord.Failure && first == nil:
			first = statusOf(waiting("DNS record by " + provider.Application + ": " + verdict.Reason()))
		}
	}
	return first
}
