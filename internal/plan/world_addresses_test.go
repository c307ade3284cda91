package plan_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/address"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about the addresses of units of other models.

var goodAddress = netip.MustParseAddr("10.1.0.5")

// hostileAddress returns an address at which no unit may be, whatever the options of worlds are.
func (w *world) hostileAddress() netip.Addr {
	return netip.MustParseAddr(pick(w, "169.254.169.254", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "100.100.100.200", "240.0.0.1", "::a9fe:a9fe", "127.0.0.1"))
}

// stray adds a unit of another model at an address where none may be, or moves all units there, or
// none. Addresses that units of our own model write do not count.
func (w *world) stray(all bool) {
	w.anyRequirer(func(r *state.Requirer) {
		switch {
		case r.Scheme == "https" && len(r.Units) > 0:
			r.Units = slices.Clone(r.Units)
			last := len(r.Units) - 1
			if !r.Foreign || all {
				r.Units[last].Address = w.hostileAddress()
			} else {
				r.Units = append(r.Units, state.Unit{Number: last + 1, Address: w.hostileAddress()})
			}
		case all:
			r.Addresses = []netip.Addr{w.hostileAddress()}
		default:
			r.Addresses = []netip.Addr{goodAddress, w.hostileAddress()}
		}
	})
}

// changeNetworks changes what the operator allows for other models.
func (w *world) changeNetworks() {
	w.config.CrossModelNetworks = pick[address.Networks](w, "", "", "-10.1.1.0/24", "100.64.0.0/10", "-0.0.0.0/0,10.1.0.0/24")
}

// checkAddresses checks where traffic goes: to allowed addresses of units of other models, and to
// pods of our own model by selectors only.
func checkAddresses(p plan.Plan) string {
	judge, selects := address.NewJudge("100.64.0.0/10", address.Known{}), map[string]bool{}
	for _, object := range p.Objects {
		var content struct {
			Spec struct{ Selector map[string]string }
		}
		kind := object.GetObjectKind().GroupVersionKind().Kind
		if text, err := json.Marshal(object); kind == "Service" && err == nil && json.Unmarshal(text, &content) == nil {
			selects[object.GetName()] = len(content.Spec.Selector) > 0
		}
		if kind != "EndpointSlice" {
			continue
		}
		service := object.GetLabels()["kubernetes.io/service-name"]
		if selector, there := selects[service]; selector || !there {
			return fmt.Sprintf("%s is for %s, which has a selector or is not there", object.GetName(), service)
		}
		for _, at := range addressesBehind(p, service) {
			if refusal := judge.Judge(at); refusal.Reason != "" {
				return fmt.Sprintf("%s has %s, %s", object.GetName(), at, refusal.Reason)
			}
		}
	}
	return ""
}
