package plan

import (
	"slices"
	"strings"
)

// URL is the URL that one ingress requirer is told.
type URL struct {
	RelationID int    `json:"relationID"`
	URL        string `json:"url"`
}

// urls returns what each requirer is told. An application that is not served, or not yet, is told
// an empty URL: a URL is a promise.
func (d *decision) urls() []URL {
	urls := map[int]string{}
	unchanged := map[int]bool{}
	for _, t := range slices.Concat(d.targets, d.servedAsBefore) {
		if t.Holds || !d.Cluster.Written || d.hasLiveRoutes(t) { // Otherwise its route comes in the next run.
			urls[t.RelationID] = d.urlOf(t)
		}
		unchanged[t.RelationID] = gatewayWasRefused(d.observed) && !d.hasLiveRoutes(t)
	}
	var all []URL
	for _, requirer := range requirersByAge(d.observed) {
		if unchanged[requirer.RelationID] {
			continue // It may be served where it was before.
		}
		all = append(all, URL{RelationID: requirer.RelationID, URL: urls[requirer.RelationID]})
	}
	return all
}

// urlOf returns the URL of an application; empty while there is none.
func (d *decision) urlOf(t target) string {
	at, secure := d.placeOf(t)
	scheme := "http://"
	switch {
	case secure:
		scheme = "https://"
	case d.unsure, !t.inClear(d):
		return ""
	}
	if h := d.host(at.host); !secure && h != nil && !h.http {
		return "" // There was no room for its listener.
	}
	if at.host != "" {
		return scheme + at.host + at.path
	}
	reachable := d.addresses
	if secure {
		reachable = d.host("").covered(reachable)
	}
	switch {
	case len(reachable) == 0:
		return ""
	case strings.Contains(reachable[0], ":"):
		return scheme + "[" + reachable[0] + "]" + at.path
	default:
		return scheme + reachable[0] + at.path
	}
}

// covered returns those of the Gateway's addresses that the served certificate is valid for. There
// are none for a while if all of them have changed. The next certificate has then been requested,
// and the addresses that it will be valid for are the best ones to tell.
func (c *certificate) covered(addresses []string) []string {
	var good []string
	for _, address := range addresses {
		if c.issued != nil && slices.Contains(c.issued.Hosts, address) || c.live != nil && c.live.Covers(address) {
			good = append(good, address)
		}
	}
	switch {
	case len(good) > 0:
		return good
	case len(c.names) == 0:
		return addresses
	}
	return slices.DeleteFunc(slices.Clone(addresses), func(address string) bool { return !slices.Contains(c.names, address) })
}
