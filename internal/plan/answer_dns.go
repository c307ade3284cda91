package plan

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
)

// DNSRecords are the records to ask for on one relation; none clears what is there.
type DNSRecords struct {
	RelationID int                `json:"relationID"`
	Records    []dnsrecord.Record `json:"records"`
}

// dnsRecords asks every provider for an address record for each host, one of each
// family: two of one family for the same host count as a conflict with bind. While the
// Gateway has no address, or its host is not known, what was asked for stays. The
// interface takes no names as addresses, so that a load balancer with a name alone gets
// no record.
func (d *decision) dnsRecords() []DNSRecords {
	if d.unsure || len(d.addresses) == 0 {
		return nil
	}
	records := d.recordsOf()
	var all []DNSRecords
	for _, provider := range providersByAge(d.observed) {
		all = append(all, DNSRecords{RelationID: provider.RelationID, Records: records})
	}
	return all
}

func (d *decision) recordsOf() []dnsrecord.Record {
	var records []dnsrecord.Record
	for _, h := range d.hosts {
		if h.name == "" {
			continue
		}
		for _, ip := range oneOfEachFamily(d.addresses) {
			records = append(records, dnsrecord.Record{Hostname: h.name, Address: ip})
		}
	}
	return records
}

// oneOfEachFamily returns the least IPv4 address and the least IPv6 one: always the same,
// in whatever order a controller lists them.
func oneOfEachFamily(addresses []string) []netip.Addr {
	least := map[bool]netip.Addr{} // by whether it is IPv4
	for _, address := range addresses {
		ip, err := netip.ParseAddr(address)
		if known, ok := least[ip.Is4()]; err == nil && (!ok || ip.Less(known)) {
			least[ip.Is4()] = ip
		}
	}
	return slices.SortedFunc(maps.Values(least), netip.Addr.Compare)
}
