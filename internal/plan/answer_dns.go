package plan

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
)

// DNSRecords are the records to request on one relation; an empty list clears the earlier ones.
type DNSRecords struct {
	RelationID int                `json:"relationID"`
	Records    []dnsrecord.Record `json:"records"`
}

// dnsRecords requests from every provider an address record for each host, one of each address
// family: bind treats two of one family for the same host as a conflict. While the Gateway has no
// address, or its host is unknown, earlier requests stay. The interface accepts no names as
// addresses, so a load balancer that has only a name gets no record.
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

// oneOfEachFamily returns the lowest IPv4 address and the lowest IPv6 address: always the same
// ones, in whatever order a controller lists them.
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
