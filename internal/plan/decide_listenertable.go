package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// A listenerTable says which host has which listeners: from the label in their names, see
// listenerLabel, to the host.
type listenerTable map[string]string

// claim takes listeners for all of the hosts, or returns why that is impossible. If applications
// attach routes to them (attached), the listeners must have exactly the names that these
// applications expect. more is the number of hosts that have listeners and are not in the table.
func (table listenerTable) claim(s observed, hosts []string, attached bool, more int) string {
	fresh := listenerTable{}
	first := ""
	for _, host := range hosts {
		label := listenerLabel(s, host)
		if attached && label != dashed(host) {
			label = dashed(host)
			if _, taken := table[label]; !taken {
				return fmt.Sprintf("the listener of %s has a name of another form", host)
			}
		}
		other, taken := table.holder(s, label)
		if !taken {
			other, taken = fresh.holder(s, label)
		}
		switch {
		case taken && other != host:
			return fmt.Sprintf("the listener of %s would have the name of that of %s", host, other)
		case !taken:
			first = cmp.Or(first, host)
			fresh[label] = host
		}
	}
	if len(fresh) > 0 && len(table)+len(fresh)+more > maxHosts {
		return fmt.Sprintf("there is no listener left for %s: a Gateway serves %d hosts at most", cmp.Or(first, "its addresses"), maxHosts)
	}
	maps.Copy(table, fresh)
	return ""
}

// claimEach takes listeners for each of the hosts for which that is possible, and returns these
// hosts.
func (table listenerTable) claimEach(s observed, hosts []string) []string {
	var all []string
	for _, host := range hosts {
		if listenerNameProblem(s, []string{host}) == "" && table.claim(s, []string{host}, true, 0) == "" {
			all = append(all, host)
		}
	}
	return all
}

// holder returns the host whose listeners have the names that belong to a label.
func (table listenerTable) holder(s observed, label string) (host string, taken bool) {
	if host, taken = table[label]; taken {
		return host, true
	}
	for _, other := range slices.Sorted(maps.Keys(table)) {
		if sameWhenCut(s, label, other) {
			return table[other], true
		}
	}
	return "", false
}

// listenerNameProblem returns why the listeners of one of the hosts cannot have the names by which
// the application would refer to them; empty if there is no such host. The HTTPS listener for any
// host, and its Secret, are named after an address.
func listenerNameProblem(s observed, hosts []string) string {
	for _, host := range hosts {
		if looksLikeAddress(host) {
			return fmt.Sprintf("the listener of %s would have the name of that of an address", host)
		}
		if len(s.Application+"-https-"+host) > maxSubdomainName {
			return fmt.Sprintf("the name of the listener would be longer than %d characters for %s", maxSubdomainName, host)
		}
	}
	return ""
}
