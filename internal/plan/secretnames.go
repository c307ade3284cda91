package plan

import (
	"slices"
)

// A host's Secret has had other names, which may still be in use. Earlier releases did not cut
// names, and put no address into them. The address of the Gateway changes. And if another instance
// of this charm owns a Secret with our name, that Secret stays with the other instance. A
// certificate under any of these names counts until it is stored under the present one.

// secretNames returns all names that a host's Secret can have, the present one first.
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
		plain = used // There is no address at the moment.
	}
	short := bounded(plain, maxLabelName)
	names := []string{short, withHash(short, s.Application+"/"+host, maxLabelName)}
	hashed := s.Cluster.ServedIn(names[1]) // It may be the Secret of another host.
	if foreign := s.Cluster.ForeignOf("Secret", short); foreign != nil && foreign.Instance != "" || hashed != nil && (host == "" || hashed.Covers(host)) {
		slices.Reverse(names)
	}
	names = append(names, bounded(before, maxSubdomainName))
	if used != "" {
		names = append(names, used)
	}
	for _, served := range s.Cluster.Served {
		// The Secret of an address that the Gateway had before.
		if host == "" && slices.ContainsFunc(served.Hosts, func(name string) bool { return !isName(name) }) {
			names = append(names, served.Secret)
		}
	}
	return names
}

// secretOf returns the name of the Secret that a host is to have. If that Secret belongs to
// somebody else, or the API server refuses it, secretOf returns the name of one that exists; empty
// for none.
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
