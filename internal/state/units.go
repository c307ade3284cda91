package state

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// addUnits stores the units of an application that speaks TLS, and their names that a certificate
// can be verified for. It returns remarks on names that cannot be verified: addresses (Gateway API,
// type PreciseHostname), and localhost, which names every unit.
func (r *Requirer) addUnits(units []Unit) (remarks []string) {
	for _, unit := range units {
		name, err := NormalizeHostname(unit.Host)
		switch {
		case unit.Host == "":
		case err != nil:
			remarks = append(remarks, fmt.Sprintf("host: %v; no certificate can be verified for it", err))
			name = ""
		case name == "localhost" || strings.HasSuffix(name, ".localhost"):
			remarks = append(remarks, fmt.Sprintf("host: %s names no unit; no certificate can be verified for it", Quote(name)))
			name = ""
		default:
			r.Hosts = append(r.Hosts, name)
		}
		unit.Host = name
		r.Units = append(r.Units, unit)
	}
	slices.SortFunc(r.Hosts, natural)
	r.Hosts = slices.Compact(r.Hosts)
	slices.SortFunc(r.Units, func(a, b Unit) int { return cmp.Compare(a.Number, b.Number) })
	return remarks
}

// natural compares numbers in names as people do: web-2 comes before web-10.
func natural(a, b string) int {
	whole := cmp.Compare(a, b)
	for a != "" && b != "" {
		x, y := leadingNumber(a), leadingNumber(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		a, b = a[len(x):], b[len(y):]
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if order := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); order != 0 {
			return order
		}
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), whole)
}

func leadingNumber(text string) string {
	end := 0
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	return text[:end]
}
