package stress_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// What certificate authorities do. None of it is done to the host that is spared
// which would rightly end its service.

// holdStep leaves new requests for about half of the hosts unanswered.
func (w *world) holdStep() string {
	for _, host := range append(w.hosts(), w.host(steady)) {
		if w.rand.IntN(2) == 0 {
			w.provider.HoldHosts = append(w.provider.HoldHosts, host)
		}
	}
	return strings.Join(w.provider.HoldHosts, ", ")
}

func (w *world) releaseStep() string {
	w.provider.HoldHosts = nil
	return w.provider.Name
}

func (w *world) muteStep() string {
	w.provider.Mute = !w.provider.Mute
	return fmt.Sprint(w.provider.Mute)
}

// oddHost is the host of an application that is not spared, empty for none.
func (w *world) oddHost() string {
	hosts := w.hosts()
	n := w.rand.IntN(maxApps)
	if len(hosts) == 0 {
		return ""
	}
	return hosts[n%len(hosts)]
}

func (w *world) revokeStep() string {
	host := w.oddHost()
	w.provider.RevokeIssued(host)
	w.stuck[host] = true
	return host
}

func (w *world) reissueStep() string {
	host := w.oddHost()
	w.provider.Reissue(host)
	return host
}

// shortStep issues a certificate that is soon to be renewed.
func (w *world) shortStep() string {
	host, life := w.oddHost(), time.Duration(2+w.rand.IntN(3))*time.Second
	w.issue(host, life, 0)
	w.expires = time.Now().Add(life)
	return fmt.Sprint(host, " for ", life)
}

// waitStep lets the last such certificate expire.
func (w *world) waitStep() string {
	w.must(cluster.Eventually(w.ctx, lab.Patience, func(context.Context) error {
		if left := time.Until(w.expires); left > 0 {
			return fmt.Errorf("%s left", left)
		}
		return nil
	}))
	w.must(w.Juju.UpdateStatus(w.ctx, charm))
	return ""
}

// deadStep issues what has expired, or is not valid for an hour.
func (w *world) deadStep() string {
	host := w.oddHost()
	w.stuck[host] = true
	if w.rand.IntN(2) == 0 {
		w.issue(host, -time.Second, 0)
		return host + ": expired"
	}
	w.issue(host, time.Hour, time.Hour)
	return host + ": not valid yet"
}

// issue has the authority issue anew for one host, in its own way.
func (w *world) issue(host string, life, delay time.Duration) {
	held := w.provider.HoldHosts
	w.provider.HoldHosts = nil
	for known := range w.known {
		if known != host {
			w.provider.HoldHosts = append(w.provider.HoldHosts, known)
		}
	}
	w.provider.Life, w.provider.Delay = life, delay
	w.provider.Reissue(host)
	w.answer()
	w.provider.HoldHosts, w.provider.Life, w.provider.Delay = held, 0, 0
}

func (w *world) refuseStep() string {
	host := one(w, append(w.hosts(), w.host(steady)))
	refusal := lab.Refusal{Code: one(w, []int{101, 102, 103, 201, 999}), Message: "not today", Schema: w.rand.IntN(2) == 0}
	if w.provider.Refuse == nil {
		w.provider.Refuse = map[string]lab.Refusal{}
	}
	w.provider.Refuse[host] = refusal
	return fmt.Sprintf("%s: %d", host, refusal.Code)
}

func (w *world) admitStep() string {
	w.provider.Refuse = nil
	return ""
}

// garbage is JSON that no entry should be.
var garbage = []string{
	`null`, `42`, `"text"`, `[]`, `{}`, `{"certificate": 1}`, `{"certificate_signing_request": "x", "certificate": "y", "ca": "z", "chain": []}`,
	`{"csr": {}, "error": []}`, `{"certificate_signing_request": null, "certificate": null, "ca": null, "chain": null, "revoked": "yes"}`,
}

func (w *world) garbageStep() string {
	w.provider.Garbage = []string{one(w, garbage), one(w, garbage)}
	w.provider.ErrorGarbage = []string{one(w, garbage)}
	w.provider.Capabilities = one(w, []string{"", "null", `{"supports_ip_sans": false}`, `{"supports_ip_sans": 3}`, "[]", "{"})
	return fmt.Sprint(w.provider.Garbage, w.provider.ErrorGarbage, w.provider.Capabilities)
}

// forgeStep adds wrong answers to our requests.
func (w *world) forgeStep() string {
	forgery := one(w, lab.Forgeries())
	var requests []struct {
		PEM string `json:"certificate_signing_request"`
	}
	_ = json.Unmarshal([]byte(w.Juju.RelationData(w.certificates, charm)["certificate_signing_requests"]), &requests) // None, before the first.
	for _, request := range requests {
		forged, err := w.provider.Forge(request.PEM, forgery)
		w.must(err)
		w.provider.Garbage = append(w.provider.Garbage, forged)
	}
	return string(forgery)
}

func (w *world) tidyStep() string {
	w.provider.Garbage, w.provider.ErrorGarbage, w.provider.Capabilities = nil, nil, ""
	return ""
}

// scribbleStep writes what cannot be decoded at all. The authority's next answer
// mends it.
func (w *world) scribbleStep() string {
	text := one(w, []string{"{", "[1,", "null", "42", `{"a": 1}`, `[[[[`, "\x00\xff"})
	w.must(w.Juju.SetApplicationData(w.certificates, w.provider.Name, map[string]string{
		"certificates": text, "request_errors": text, "capabilities": text,
	}))
	return fmt.Sprintf("%q", text)
}

// withdrawStep removes the certificates relation.
func (w *world) withdrawStep() string {
	w.pauseProbe()
	w.must(w.Unrelate(w.ctx, charm, w.provider.Name))
	w.provider = nil
	return ""
}

// replaceStep relates another authority, as soon as Juju lets it.
func (w *world) replaceStep() string {
	w.pauseProbe()
	former := w.provider
	w.withdrawStep()
	w.runAll()
	next := w.authorities[w.rand.IntN(len(w.authorities))]
	if next == former {
		next = w.addAuthority()
	}
	w.relateAuthority(next)
	return next.Name
}

// returnStep relates an authority again after a withdrawal.
func (w *world) returnStep() string {
	w.runAll()
	w.relateAuthority(one(w, w.authorities))
	return w.provider.Name
}
