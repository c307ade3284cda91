package plan

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Troubles of some applications, but not of all. Whoever may relate an application can choose hosts
// that an authority refuses, or invalid ports. Such a trouble must not look like one of all
// applications, and must not hide that of another application.

// A rank says how much harm a trouble does; the lowest does most.
type rank int

const (
	notServed   rank = iota // and somebody must act
	leftOut                 // the same for an application that was never served, by age
	stillServed             // and somebody must act
	waited                  // waits for somebody who will act
	noData                  // an application that has not written what it wants
)

// A ranked trouble is one of some applications, with its rank.
type ranked struct {
	rank
	trouble
	whose []string
	inLog bool // the log has it already
	count countStyle
}

// A countStyle says where a message has the number of served applications.
type countStyle int

const (
	countFirst countStyle = iota // the trouble follows the number
	countAside                   // the trouble is about a unit, and the number follows
	noCount                      // no application is unserved because of it
)

// ranks returns all troubles of some applications, the most harmful first.
func (r routing) ranks(some []*finding) []ranked {
	var all []ranked
	for _, one := range some {
		by := waited
		switch {
		case one.kind == Blocked && one.unserved:
			by = notServed
		case one.kind == Blocked:
			by = stillServed
		}
		all = append(all, ranked{rank: by, trouble: one.trouble, whose: one.whose})
	}
	add := func(by rank, omitted []omission) {
		for _, one := range omitted {
			entry := ranked{by, trouble{what: one.application, why: one.reason, cure: one.cure}, []string{one.application}, true, countFirst}
			if one.unit != "" {
				entry.trouble, entry.count = one.trouble(""), countAside
			}
			all = append(all, entry)
		}
	}
	add(leftOut, r.omitted)
	add(stillServed, r.unitsOmitted)
	for _, one := range r.shortfalls {
		all = append(all, ranked{stillServed, one.trouble, []string{one.application}, true, noCount})
	}
	add(noData, r.withoutData)
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	return all
}

// someStatus reports the most harmful trouble of some applications, and counts the other
// applications that have one. While at least one application has no trouble, the unit must not be
// blocked.
func (d *decision) someStatus(some []*finding) (Status, []string) {
	all := d.ranks(some)
	if len(all) == 0 {
		return d.activeStatus(trouble{}), nil
	}
	unserved, troubled := map[string]bool{}, map[string]bool{}
	for _, one := range some {
		for _, application := range one.whose {
			if d.isLeftOut(application) {
				continue
			}
			if one.unserved {
				unserved[application] = true
			}
			if one.unserved || one.kind == Blocked {
				troubled[application] = true
			}
		}
	}
	everybodys := len(some) > 0 && len(troubled) >= len(d.targets)+len(d.routes)
	if everybodys || all[0].rank == waited {
		first := worst(some)
		remarks := others(all, first.trouble, first.whose, &first.more)
		return *first.status(), remarks
	}
	first := all[0]
	remarks := others(all, first.trouble, first.whose, &first.more)
	what := first.inShort()
	if first.rank == noData && first.why == "" {
		what = "no data yet from " + d.namesWithoutData("")
	}
	switch counts := d.counts(len(unserved)); first.count {
	case countAside:
		first.aside = counts
	case countFirst:
		first.what = counts + "; " + what
	}
	return d.activeStatus(first.trouble), remarks
}

// others counts the applications that somebody has to act for, besides those of the first trouble.
// It returns their troubles for the log, except those that the log has already.
func others(all []ranked, first trouble, whose []string, more *int) (remarks []string) {
	counted := map[string]bool{}
	for _, one := range all {
		if one.trouble == first || one.rank >= waited {
			continue
		}
		known := len(counted)
		for _, application := range one.whose {
			if !slices.Contains(whose, application) {
				counted[application] = true
			}
		}
		if !one.inLog && len(counted) > known {
			remarks = append(remarks, strings.Join(one.whose, ", ")+": "+one.clean().text())
		}
	}
	*more = len(counted)
	return remarks
}

// inShort returns what is wrong, to follow the number of served applications. The name of the
// application comes first, because it must not be cut.
func (r ranked) inShort() string {
	name := r.whose[0]
	if r.what == name {
		return name
	}
	return name + ": " + lowered(strings.TrimSpace(strings.Replace(r.what+" ", " of "+name+" ", " ", 1)))
}

// lowered begins with a small letter, as in "route of", unless the text begins with an
// abbreviation, as in "HTTPS listener".
func lowered(text string) string {
	runes := []rune(text)
	if len(runes) > 1 && unicode.IsLower(runes[1]) {
		runes[0] = unicode.ToLower(runes[0])
	}
	return string(runes)
}
