package address

import (
	"embed"
	"encoding/csv"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

//go:embed iana/*.csv
var registries embed.FS

// registryFiles are the special-purpose registries, for IPv4 and IPv6.
var registryFiles = []string{"iana/iana-ipv4-special-registry-1.csv", "iana/iana-ipv6-special-registry-1.csv"}

// wherePodsAre are the names of the registry blocks in which a unit may be.
var wherePodsAre = []string{"Private-Use", "Unique-Local"}

// never are networks in which no unit can be, whatever the operator says: Kubernetes refuses these
// addresses in an EndpointSlice, or a packet for them does not leave the node.
var never = []rule{
	{network: netip.MustParsePrefix("0.0.0.0/8"), reason: "unspecified"},
	{network: netip.MustParsePrefix("::/128"), reason: "unspecified"},
	{network: netip.MustParsePrefix("127.0.0.0/8"), reason: "loopback"},
	{network: netip.MustParsePrefix("::1/128"), reason: "loopback"},
	{network: netip.MustParsePrefix("169.254.0.0/16"), reason: "link-local"},
	{network: netip.MustParsePrefix("fe80::/10"), reason: "link-local"},
	{network: netip.MustParsePrefix("224.0.0.0/4"), reason: "multicast"},
	{network: netip.MustParsePrefix("ff00::/8"), reason: "multicast"},
	{network: netip.MustParsePrefix("255.255.255.255/32"), reason: "broadcast"},
}

// unassigned are the IPv6 networks that are neither global unicast (2000::/3) nor private
// (fc00::/7), according to https://www.iana.org/assignments/ipv6-address-space. Nobody has a unit
// there, unless the special-purpose registry or the operator says so.
var unassigned = []string{
	"::/3", "4000::/2", "8000::/2", "c000::/3", "e000::/4", "f000::/5", "f800::/6", "fe00::/9", "fec0::/10",
}

// special returns the networks of the registries as rules that deny them.
var special = sync.OnceValue(func() []rule {
	var rules []rule
	for _, file := range registryFiles {
		blocks, err := readRegistry(file)
		if err != nil {
			panic(err) // The files are part of the program, and a test reads them.
		}
		rules = append(rules, blocks...)
	}
	for _, network := range unassigned {
		rules = append(rules, rule{network: netip.MustParsePrefix(network), reason: "unassigned"})
	}
	return rules
})

// readRegistry reads one registry. A row can have several blocks, with footnote marks after them.
func readRegistry(file string) ([]rule, error) {
	content, err := registries.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	rows, err := csv.NewReader(content).ReadAll()
	if err != nil || len(rows) == 0 || len(rows[0]) < 2 || rows[0][0] != "Address Block" || rows[0][1] != "Name" {
		return nil, fmt.Errorf("cannot read %s: %w", file, err)
	}
	var rules []rule
	for _, row := range rows[1:] {
		for block := range strings.SplitSeq(row[0], ",") {
			text, _, _ := strings.Cut(strings.TrimSpace(block), " ")
			network, err := netip.ParsePrefix(text)
			if err != nil {
				return nil, fmt.Errorf("cannot read %s: %w", file, err)
			}
			if !slices.Contains(wherePodsAre, row[1]) {
				rules = append(rules, rule{network: network, reason: row[1]})
			}
		}
	}
	return rules, nil
}
