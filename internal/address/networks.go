package address

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Option is the name of the charm's option that [ParseNetworks] reads.
const Option = "cross-model-networks"

// Networks says in which networks units of other models may be, and in which they may not,
// according to the operator. It has the form that [ParseNetworks] writes. The zero value says
// nothing.
type Networks string

// Limits of what the operator may write.
const (
	maxNetworks     = 200
	maxNetworksText = 16 << 10
)

// ParseNetworks reads a list of networks such as "100.64.0.0/10 -10.152.183.0/24", separated by
// commas or spaces. Units may be in these networks, but not in those with a minus before them. A
// single address is a network of one. Errors are in the operator's words.
func ParseNetworks(text string) (Networks, error) {
	rules, err := parseNetworks(text)
	return written(rules), err
}

// With returns the list with one more network in which units may be.
func (n Networks) With(network netip.Prefix) Networks {
	rest := slices.DeleteFunc(n.rules(), func(r rule) bool { return r.network == network })
	return written(append(rest, rule{network: network, allow: true}))
}

// rules returns the rules of the list; none for a list that cannot be parsed.
func (n Networks) rules() []rule {
	rules, _ := parseNetworks(string(n))
	return rules
}

func written(rules []rule) Networks {
	words := make([]string, len(rules))
	for i, one := range rules {
		words[i] = one.network.String()
		if !one.allow {
			words[i] = "-" + words[i]
		}
	}
	return Networks(strings.Join(words, ","))
}

func parseNetworks(text string) ([]rule, error) {
	if len(text) > maxNetworksText {
		return nil, errors.New("is too long")
	}
	var rules []rule // none twice
	parting := func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' }
	for word := range strings.FieldsFuncSeq(text, parting) {
		one, err := parseNetwork(word)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(rules, func(r rule) bool { return r.network == one.network })
		switch {
		case i < 0:
			rules = append(rules, one)
		case rules[i].allow != one.allow:
			return nil, fmt.Errorf("both allows and denies %s", one.network)
		}
		if len(rules) > maxNetworks {
			return nil, fmt.Errorf("has more than %d networks", maxNetworks)
		}
	}
	return rules, nil
}

func parseNetwork(word string) (rule, error) {
	text, denied := strings.CutPrefix(word, "-")
	network, err := netip.ParsePrefix(text)
	if !strings.Contains(text, "/") {
		var address netip.Addr
		if address, err = netip.ParseAddr(text); err == nil && address.Zone() == "" {
			network = netip.PrefixFrom(address, address.BitLen())
		}
	}
	switch {
	case err != nil || !network.IsValid():
		return rule{}, fmt.Errorf("%.50q is no network", word)
	case network != network.Masked():
		return rule{}, fmt.Errorf("%s should be %s", network, network.Masked())
	case network.Addr().Is4In6():
		return rule{}, fmt.Errorf("%s is to be written as IPv4", network)
	}
	for _, one := range never {
		if !denied && one.network.Bits() <= network.Bits() && one.network.Contains(network.Addr()) {
			return rule{}, fmt.Errorf("%s can have no unit: %s", network, one.reason)
		}
	}
	return rule{network: network, allow: !denied, reason: "denied by " + Option, fixed: true}, nil
}
