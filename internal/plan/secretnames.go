package plan

import (
	"slices"
)

// A host's Secret has had other names, which may be in use still: releases of before cut
// none, and put no address into one; the address of the Gateway changes; and a Secret that
// belongs to another instance of this charm is left to that. What stands under any of them
// counts until it stands under the present one.

// secretNames returns the names that a host's Secret can have, the present one first.
func secretNames(s observed, host string) []string {
	before := s.Application + "-secret"
	if host != "" {
		before += "-" + host
	}
	used := secretInUse(s, host)
	plain := before
	if address := namingAddress(s); host == "" && address != "" {
		plain += "-" + addressLabel(address)
	} else if host == "" && used != "" {
		plain = used // There is no address for the moment.
	}
	short := bounded(plain, maxLabelName)
	names := []string{short, withHash(short, s.Application+"/"+host, maxLabelName)}
	hashed := s.Cluster.ServedIn(names[1]) // Of another host perhaps, that is named so.
	if foreign := s.Cluster.ForeignOf("Secret", short); foreign != nil && foreign.Instance != "" || hashed != nil && (host == "" || hashed.Covers(host)) {
		slices.Reverse(names)
	}
	names = append(names, bounded(before, maxSubdomainName))
	if used != "" {
		names = append(names, used)
	}
	for _, served := range s.Cluster.Served {
		// That of an address which the Gateway had before.
		if host == "" && slices.ContainsFunc(served.Hosts, func(name string) bool { return !isName(name) }) {
			names = append(names, served.Secret)
		}
	}
	return names
}

// secretOf returns the name of the Secret that a host is to have. If somebody else's is in
// the way, or the API server lets none be made, that is one that it has; empty for none.
func secretOf(s observed, host string) string {
	names := secretNames(s, host)
	if s.Cluster.ForeignOf("Secret", names[0]) == nil && !slices.Contains(s.Cluster.Refused, names[0]) {
		return names[0]
	}
	for _, name := range names[1:] {
		if s.Cluster.ServedIn(name) != nil {
			return name
		}
	}
	return ""
}
