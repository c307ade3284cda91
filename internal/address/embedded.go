package address

import "net/netip"

// embedded returns the IPv4 addresses that a packet for an IPv6 address may reach, because routers
// and translators extract them from it. It returns nothing for an IPv4 address. Translators may
// also use any network of their own (RFC 6052, 2.2); the address does not tell that.
func embedded(address netip.Addr) []netip.Addr {
	if !address.Is6() || address.Is4In6() {
		return nil
	}
	b := address.As16()
	at := func(from int) netip.Addr { return netip.AddrFrom4([4]byte(b[from : from+4])) }
	zero := func(from, to int) bool { return allZero(b[from:to]) }
	switch {
	case zero(0, 12): // IPv4-compatible (RFC 4291, 2.5.5.1)
		return []netip.Addr{at(12)}
	case zero(0, 8) && b[8] == 0xff && b[9] == 0xff && zero(10, 12): // IPv4-translated (RFC 2765)
		return []netip.Addr{at(12)}
	case wellKnownNAT64.Contains(address):
		return []netip.Addr{at(12)}
	case localNAT64.Contains(address):
		return translated(b)
	case sixToFour.Contains(address):
		return []netip.Addr{at(2)}
	case teredo.Contains(address): // The server, and the client with its bits inverted.
		return []netip.Addr{at(4), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	case (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP (RFC 5214)
		return []netip.Addr{at(12)}
	default:
		return nil
	}
}

var (
	wellKnownNAT64 = netip.MustParsePrefix("64:ff9b::/96")   // RFC 6052
	localNAT64     = netip.MustParsePrefix("64:ff9b:1::/48") // RFC 8215
	sixToFour      = netip.MustParsePrefix("2002::/16")      // RFC 3056
	teredo         = netip.MustParsePrefix("2001::/32")      // RFC 4380
)

// translated returns the IPv4 addresses that may be in an address of a translator's network. That
// network has 48, 56, 64 or 96 bits, and the address does not tell which. The byte after the first
// 64 bits is skipped, and what follows a shorter network is zero (RFC 6052, 2.2).
func translated(b [16]byte) []netip.Addr {
	all := []netip.Addr{netip.AddrFrom4([4]byte(b[12:16]))}
	if allZero(b[11:]) {
		all = append(all, netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]}))
	}
	if allZero(b[12:]) {
		all = append(all, netip.AddrFrom4([4]byte{b[7], b[9], b[10], b[11]}))
	}
	if allZero(b[13:]) {
		all = append(all, netip.AddrFrom4([4]byte{b[9], b[10], b[11], b[12]}))
	}
	return all
}

func allZero(bytes []byte) bool {
	for _, b := range bytes {
		if b != 0 {
			return false
		}
	}
	return true
}
