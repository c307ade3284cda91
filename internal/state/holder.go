package state

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// Who is served at a place keeps it, whoever asks for it later. Who that is stands in our
// side of the relation: the URL that we have told the application. Only the charm's leader
// can write there, each leader can read it, and the Python charm has written it as well.

// maxLabel is the length of a DNS label.
const maxLabel = 63

// Label is what tells the places of applications apart: in subdomain mode it begins the
// host of this one.
func (r Requirer) Label() string { return BoundedName(r.Model+"-"+r.Name, maxLabel) }

// Path is the path of the application where all share a host.
func (r Requirer) Path() string { return "/" + r.Model + "-" + r.Name }

// Places are what PlaceKey gives for each place that the application may have, whichever
// the host and the mode of routing are.
func (r Requirer) Places() []string {
	return []string{PlaceKey("", r.Path()), PlaceKey(r.Label(), "/")}
}

// PlaceKey is what tells the applications apart that may be served at a place, whatever
// hostname the options have.
func PlaceKey(host, path string) string {
	if path != "/" {
		return path
	}
	label, _, _ := strings.Cut(host, ".")
	return "/ of " + label
}

// PlaceOfURL is the PlaceKey of the place that a URL names; empty for no URL.
func PlaceOfURL(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" {
		return ""
	}
	path := parsed.Path
	if path == "" {
		path = "/"
	}
	return PlaceKey(parsed.Hostname(), path)
}

// BoundedName cuts a name that is too long, and makes it unique again with a hash of the
// whole.
func BoundedName(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	suffix := "-" + ShortHash(name)
	return strings.TrimRight(name[:limit-len(suffix)], "-.") + suffix
}

// ShortHash is 8 characters that names of objects may have.
func ShortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}
