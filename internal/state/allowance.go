package state

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// An Allowance is what applications have had of what there is little of: hosts, and requests
// for certificates. Each hook leaves it to the next in Juju, in the
// leader's stored state; a unit that comes to lead begins with what it has itself, mostly
// nothing.
type Allowance struct {
	// Bound is the number of hosts per relation by which Had was found; zero before that.
	Bound int `json:"bound,omitempty"`
	// Had are the hosts that relations have, by number. They keep what they go on asking for, also
	// of more than the bound, if they had it when that came to be in force.
	Had map[int][]string `json:"over,omitempty"`
	// For tells what certificates are requested for: the relation, and what of the options
	// all hosts follow from. When that changes all are requested anew, which is the
	// operator's doing. Empty before the first.
	For string `json:"for,omitempty"`
	// Hosts are those that have had their first request and have been there in each hook
	// since. An empty name is the Gateway's addresses.
	Hosts []string `json:"hosts,omitempty"`
	// Times are when first requests were made that an application caused, by its name in
	// Juju, in seconds since 1970, oldest first. A relation that is removed and made again
	// is still the same application.
	Times map[string][]int64 `json:"times,omitempty"`
}

// ParseAllowance reads what Text has written. Damaged text, and that of another release,
// is as good as none.
func ParseAllowance(text string) Allowance {
	var a Allowance
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return Allowance{}
	}
	for _, times := range a.Times {
		slices.Sort(times)
	}
	return a
}

// Text writes an allowance in so many bytes, which the hosts of a Gateway fit in. What does
// not is forgotten: the oldest half of the requests, and again, then the newest half of the
// relations that have more hosts than the bound.
func (a Allowance) Text(limit int) (string, error) {
	for {
		text, err := json.Marshal(a) // with sorted keys
		switch {
		case err != nil || len(text) <= limit || len(a.Times)+len(a.Had) == 0:
			return string(text), err
		case len(a.Times) > 0:
			a = a.withoutOlderHalf()
		default:
			older := map[int][]string{}
			numbers := slices.Sorted(maps.Keys(a.Had))
			for _, number := range numbers[:len(numbers)/2] {
				older[number] = a.Had[number]
			}
			a.Had = older
		}
	}
}

func (a Allowance) withoutOlderHalf() Allowance {
	var all []int64
	for _, times := range a.Times {
		all = append(all, times...)
	}
	slices.Sort(all)
	newer := map[string][]int64{}
	for application, times := range a.Times {
		// One of several within the same second is as old as the others.
		kept := slices.DeleteFunc(slices.Clone(times), func(at int64) bool { return at <= all[len(all)/2] })
		if len(kept) > 0 {
			newer[application] = kept
		}
	}
	a.Times = newer
	return a
}

// Within returns the allowance with the requests of the hour before now alone. Times that are
// as far ahead count as well: a clock may have been set back.
func (a Allowance) Within(now time.Time) Allowance {
	times := map[string][]int64{}
	for application, all := range a.Times {
		recent := slices.DeleteFunc(slices.Clone(all), func(at int64) bool {
			return at <= now.Add(-time.Hour).Unix() || at >= now.Add(time.Hour).Unix()
		})
		if len(recent) > 0 {
			times[application] = recent
		}
	}
	a.Times = times
	return a
}
