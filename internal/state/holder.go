package state

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// An application that is served at a place keeps it, whoever asks for it later. Our side of the
// relation says which application that is: it has the URL that we told the application. Only the
// charm's leader can write there, every leader can read it, and the Python charm wrote it too.

// maxLabel is the length of a DNS label.
const maxLabel = 63

// Label distinguishes the place of this application from the places of others: in subdomain mode
// its host begins with it.
func (r Requirer) Label() string { return BoundedName(r.Model+"-"+r.Name, maxLabel) }

// Path is the path of the application if all share a host.
func (r Requirer) Path() string { return "/" + r.Model + "-" + r.Name }

// Places returns the PlaceKey of each place that the application may have, whatever the host and
// the routing mode are.
func (r Requirer) Places() []string {
	return []string{PlaceKey("", r.Path()), PlaceKey(r.Label(), "/")}
}

// PlaceKey returns what identifies the application that may be served at a place, whatever the
// hostname in the options is.
func PlaceKey(host, path string) string {
	if path != "/" {
		return path
	}
	label, _, _ := strings.Cut(host, ".")
	return "/ of " + label
}

// PlaceOfURL returns the PlaceKey of the place in a URL; empty for no URL.
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

// BoundedName cuts a name that is too long and adds a hash of the whole name, which makes it unique
// again.
func BoundedName(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	suffix := "-" + ShortHash(name)
	return strings.TrimRight(name[:limit-len(suffix)], "-.") + suffix
}

// ShortHash returns 8 characters that object names may contain.
func ShortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}
