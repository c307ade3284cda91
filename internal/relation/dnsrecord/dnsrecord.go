package dnsrecord

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// keyEntries is the only key of both databags: a JSON list, of records in ours and of answers in
// the provider's.
const keyEntries = "dns_entries"

// namespace is f8f206da-a7f8-4206-b044-30be3724a09d, in which the Python charm of this name makes
// its UUIDs. With another one, every record would change on a refresh.
const namespace = "\xf8\xf2\x06\xda\xa7\xf8\x42\x06\xb0\x44\x30\xbe\x37\x24\xa0\x9d"

// entry is one record in the databag, without its domain, type, data and UUID. The library calls
// the other members optional, but the bind charm's hook fails without them. The label @ makes the
// domain a zone of its own.
const entry = `{"domain": %s, "host_label": "@", "ttl": 600, "record_class": "IN", "record_type": "%s", "record_data": "%s", "uuid": "%s"}`

// Record is one address that a name is to lead to.
type Record struct {
	Hostname string     // in full and in lower case: "gw.example.com"
	Address  netip.Addr // IPv4 makes an A record, IPv6 an AAAA record
}

// Type returns the record's type in DNS, "A" or "AAAA". An IPv4 address in its IPv6
// form is an IPv4 address.
func (r Record) Type() string {
	if r.Address.Unmap().Is4() {
		return "A"
	}
	return "AAAA"
}

// UUID returns the identifier of the record in both databags: the UUID, version 5 (RFC 9562), of
// "<hostname> <address>" in a fixed namespace.
func UUID(hostname string, address netip.Addr) string {
	// Version 5 is defined with SHA-1; no security depends on it.
	sum := sha1.Sum([]byte(namespace + hostname + " " + address.Unmap().String()))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return hyphenate(hex.EncodeToString(id))
}

// hyphenate puts the hyphens into the 32 digits of a UUID.
func hyphenate(digits string) string {
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}

// Encode returns our application databag for records in any order, in the bytes of the Python
// library: sorted by hostname, then address (IPv4 first), each once. Without records it is the
// empty list, which withdraws earlier requests. It leaves out records that DNS cannot hold: without
// a hostname, without an address, or with an address that is valid on one link only (fe80::1%eth0).
func Encode(records []Record) map[string]string {
	var entries []string
	for _, r := range wanted(records) {
		entries = append(entries, fmt.Sprintf(entry, pyjson.Quote(r.Hostname), r.Type(), r.Address, UUID(r.Hostname, r.Address)))
	}
	return map[string]string{keyEntries: "[" + strings.Join(entries, ", ") + "]"}
}

// wanted returns the records as Encode writes them.
func wanted(records []Record) []Record {
	var list []Record
	for _, r := range records {
		r.Address = r.Address.Unmap()
		if r.Hostname != "" && r.Address.IsValid() && r.Address.Zone() == "" {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, compare)
	return slices.Compact(list)
}

func compare(a, b Record) int {
	return cmp.Or(cmp.Compare(a.Hostname, b.Hostname), a.Address.Compare(b.Address))
}
