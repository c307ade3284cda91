package ingress

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

const (
	keyIngress = "ingress"
	keyURL     = "url"
)

// EncodeURL returns the provider's application data that publish url, in the bytes of the Python
// library: {"ingress": `{"url": "http://gw.example.com/x"}`}. The URL should be in normal form. An
// empty URL withdraws what was published (an empty value deletes a key); the interface does not
// notify the requirer of that.
func EncodeURL(url string) map[string]string {
	if url == "" {
		return map[string]string{keyIngress: ""}
	}
	return map[string]string{keyIngress: fmt.Sprintf(`{"%s": %s}`, keyURL, pyjson.Quote(url))}
}

// ParseURL returns the URL that our own application data publish now, as it is there; empty if they
// publish none. The error is an *InvalidError.
func ParseURL(bag map[string]string) (string, error) {
	value, ok := bag[keyIngress]
	if !ok || value == "" || pyjson.IsNull(value) {
		return "", nil
	}
	members, err := pyjson.Object(value)
	if err != nil {
		return "", &InvalidError{Problems: []string{fmt.Sprintf("%s: %v", keyIngress, err)}}
	}
	raw, ok := members[keyURL]
	if !ok {
		return "", nil
	}
	url, ok := pyjson.String(string(raw))
	if !ok {
		return "", &InvalidError{Problems: []string{keyIngress + ": url must be a string"}}
	}
	return url, nil
}

// NormalizeURL returns the normal form of an http or https URL: the string that pydantic's
// AnyHttpUrl makes of it, through which Python requirers read it. If anything else were published,
// requirers would see another string than the charm.
//
//	HTTPS://GW.example.com:443   https://gw.example.com/
//	http://gw/a b                http://gw/a%20b
//
// It accepts less than AnyHttpUrl does. Errors are: hosts beyond ASCII (give the punycode form),
// user information, control characters and unusual spellings of addresses.
func NormalizeURL(raw string) (string, error) {
	url, err := normalizeURL(raw)
	if err != nil {
		// Without the URL: it may contain a password, and the caller knows it.
		return "", fmt.Errorf("cannot use URL: %w", err)
	}
	return url, nil
}

func normalizeURL(raw string) (string, error) {
	if len(raw) > pyjson.MaxEntry {
		return "", fmt.Errorf("longer than %d bytes", pyjson.MaxEntry)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", errors.New("control character")
	}
	if !utf8.ValidString(raw) {
		return "", errors.New("not UTF-8")
	}
	raw = strings.Trim(raw, " ")
	scheme, rest, found := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	if !found || scheme != "http" && scheme != "https" {
		return "", errors.New("not http or https")
	}
	// Any number of slashes of either kind may precede the host: http:///x is http://x/.
	rest = strings.TrimLeft(rest, `/\`)
	end := strings.IndexAny(rest, `/\?#`)
	if end < 0 {
		end = len(rest)
	}
	authority, err := normalizeAuthority(scheme, rest[:end])
	if err != nil {
		return "", err
	}
	rest, fragment, hasFragment := strings.Cut(rest[end:], "#")
	path, query, hasQuery := strings.Cut(rest, "?")
	url := scheme + "://" + authority + normalizePath(path)
	if hasQuery {
		url += "?" + escape(query, ` "#<>'`)
	}
	if hasFragment {
		url += "#" + escape(fragment, " \"<>`")
	}
	return url, nil
}

// normalizeAuthority returns host and port, without the scheme's default port.
func normalizeAuthority(scheme, authority string) (string, error) {
	if strings.Contains(authority, "@") {
		return "", errors.New("user information")
	}
	host, port := authority, ""
	if colon := strings.LastIndex(authority, ":"); colon > strings.LastIndex(authority, "]") {
		host, port = authority[:colon], authority[colon+1:]
	}
	host, err := normalizeHost(host)
	if err != nil || port == "" {
		return host, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", errors.New("port out of range")
	}
	if scheme == "http" && number == 80 || scheme == "https" && number == 443 {
		return host, nil
	}
	return host + ":" + strconv.FormatUint(number, 10), nil
}

var (
	urlHost = regexp.MustCompile(`^[a-z0-9._*-]+$`)

	// numericLabel matches a last label that makes a host an IPv4 address, or an invalid one:
	// decimal, or hexadecimal with 0x.
	numericLabel = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)\.?$`)
)

func normalizeHost(host string) (string, error) {
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return normalizeIPv6(host[1 : len(host)-1])
	}
	host = strings.ToLower(host)
	if !urlHost.MatchString(host) {
		return "", errors.New("not a host name in ASCII")
	}
	if !numericLabel.MatchString(host) {
		return host, nil
	}
	ip, err := netip.ParseAddr(strings.TrimSuffix(host, "."))
	if err != nil {
		return "", errors.New("not an IPv4 address")
	}
	return ip.String(), nil
}

func normalizeIPv6(text string) (string, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is6() || ip.Zone() != "" {
		return "", errors.New("not an IPv6 address")
	}
	if ip.Is4In6() { // in URLs without the dotted form
		b := ip.As16()
		return fmt.Sprintf("[::ffff:%x:%x]", int(b[12])<<8|int(b[13]), int(b[14])<<8|int(b[15])), nil
	}
	return "[" + ip.String() + "]", nil
}

// normalizePath resolves dot segments, plain or percent-encoded, and escapes what a path may not
// contain. A path always begins with a slash.
func normalizePath(path string) string {
	segments := strings.Split(strings.ReplaceAll(path, `\`, "/"), "/")
	if segments[0] == "" {
		segments = segments[1:]
	}
	var kept []string
	for i, segment := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case "..":
			kept = kept[:max(0, len(kept)-1)]
			if last {
				kept = append(kept, "")
			}
		case ".":
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, escape(segment, " \"#<>?`{}"))
		}
	}
	return "/" + strings.Join(kept, "/")
}

// escape percent-encodes the bytes in special and everything beyond ASCII. What is percent-encoded
// already stays as it is.
func escape(s, special string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || strings.IndexByte(special, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
