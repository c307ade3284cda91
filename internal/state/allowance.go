package state

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// An Allowance says how much applications have had of what is scarce: hosts, and certificate
// requests. Each hook leaves it to the next one in Juju, in the stored state of the leader. A unit
// that becomes the leader begins with its own stored state, which mostly has none.
type Allowance struct {
	// Bound is the number of hosts per relation that Had was found with; zero if there was none
	// yet.
	Bound int `json:"bound,omitempty"`
	// Had are the hosts that relations have, by number. They keep those hosts that they go on asking
	// for, also more than the bound if they had them when it came into force.
	Had map[int][]string `json:"over,omitempty"`
	// For says what certificates are requested for: the relation, and the options that all hosts
	// depend on. If it changes, all certificates are requested again, which the operator has
	// caused. It is empty before the first run.
	For string `json:"for,omitempty"`
	// Hosts are those that have had their first request and were present in each hook since. An
	// empty name is the Gateway's addresses.
	Hosts []string `json:"hosts,omitempty"`
	// Times are when an application caused first requests, by the application's name in Juju, in
	// seconds since 1970, oldest first. An application whose relation is removed and added again is
	// still the same application.
	Times map[string][]int64 `json:"times,omitempty"`
}

// ParseAllowance reads what Text has written. Damaged text, or text of another release, counts as
// none.
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

// Text writes an allowance in at most limit bytes. It drops what does not fit: the newest half of the
// relations, repeatedly, while the hosts of many alone take more than half of that; then the oldest half of
// the requests, repeatedly; then the newest relations again.
func (a Allowance) Text(limit int) (string, error) {
	for {
		text, err := json.Marshal(a) // with sorted keys
		switch {
		case err != nil || len(text) <= limit || len(a.Times)+len(a.Had) == 0:
			return string(text), err
		case len(a.Times) > 0 && !a.mostlyHad(limit):
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

// mostlyHad reports whether the hosts of many relations alone take more than half of the limit. A crowd may
// name the same long hosts: it must not push out what counts requests.
func (a Allowance) mostlyHad(limit int) bool {
	const many = 16
	text, err := json.Marshal(a.Had)
	return err == nil && len(a.Had) > many && len(text) > limit/2
}

func (a Allowance) withoutOlderHalf() Allowance {
	var all []int64
	for _, times := range a.Times {
		all = append(all, times...)
	}
	slices.Sort(all)
	newer := map[string][]int64{}
	for application, times := range a.Times {
		// A request of the same second as others is as old as those.
		kept := slices.DeleteFunc(slices.Clone(times), func(at int64) bool { return at <= all[len(all)/2] })
		if len(kept) > 0 {
			newer[application] = kept
		}
	}
	a.Times = newer
	return a
}

// Within returns the allowance with only the requests of the hour before now. Times up to an hour
// ahead count too: a clock may have been set back.
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
