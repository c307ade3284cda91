package ingress

import (
	"errors"
	"net/netip"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

const (
	keyIP             = "ip"
	keyIngressAddress = "ingress-address" // Juju's own
)

// ParseUnit reads the databag of one unit of a version 2 requirer. The error is ErrNotWritten if
// the unit has written neither host nor ip, and an *InvalidError if it has no usable host: leave
// such a unit out. An ip that no pod can have is left out with a remark.
//
// Juju's own keys are not JSON and are not read; see [IngressAddress].
func ParseUnit(bag map[string]string) (Unit, error) {
	if err := pyjson.CheckBag(bag); err != nil {
		return Unit{}, &InvalidError{Problems: []string{err.Error()}}
	}
	if !hasAny(bag, []string{keyHost, keyIP}) {
		return Unit{}, ErrNotWritten
	}
	r := reader{bag: bag}
	unit := Unit{Host: r.unitHost()}
	unit.IP, unit.Impossible = r.unitIP()
	if len(r.problems) > 0 {
		return Unit{}, &InvalidError{Problems: r.problems}
	}
	unit.Remarks = r.remarks
	return unit, nil
}

// IngressAddress returns the address at which Juju says that a unit is reached. In all versions of
// Juju, every unit's databag has that key before the unit has written anything. The zero value is
// for no address, for a name instead of an address, and for an address that no pod can have.
func IngressAddress(bag map[string]string) netip.Addr {
	text := bag[keyIngressAddress]
	if len(text) > pyjson.MaxEntry {
		return netip.Addr{}
	}
	ip, err := podAddress(text)
	if err != nil {
		return netip.Addr{}
	}
	return ip
}

func (r *reader) unitHost() string {
	value, ok := r.required(keyHost)
	if !ok {
		return ""
	}
	host, ok := pyjson.String(value)
	if !ok {
		r.problem(keyHost, "must be a JSON string, not %s", pyjson.Excerpt(value))
		return ""
	}
	if err := checkHost(host); err != nil {
		r.problem(keyHost, "%v", err)
	}
	return host
}

// unitIP returns the address of the unit, or the address that it wrote and cannot have.
func (r *reader) unitIP() (ip, impossible netip.Addr) {
	value, ok := r.bag[keyIP]
	if !ok || pyjson.IsNull(value) {
		return ip, impossible
	}
	if len(value) > pyjson.MaxEntry {
		r.remark(keyIP, "longer than %d bytes; ignored", pyjson.MaxEntry)
		return ip, impossible
	}
	text, _ := pyjson.String(value)
	ip, err := podAddress(text)
	if err != nil {
		r.remark(keyIP, "%v; ignored: %s", err, pyjson.Excerpt(value))
		return netip.Addr{}, ip
	}
	return ip, impossible
}

// podAddress parses the address of a pod. No pod of any cluster has a loopback, link-local,
// multicast or unspecified address: Kubernetes refuses them in an EndpointSlice too. They are
// returned with an error. For other addresses, the address alone does not tell whether a pod of
// this cluster may have it; the planner judges that.
func podAddress(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, errors.New("not an IP address")
	}
	ip = ip.Unmap()
	if ip.IsUnspecified() || ip.IsLoopback() || ip.IsMulticast() || ip.IsLinkLocalUnicast() {
		return ip, errors.New("not the address of a pod")
	}
	return ip, nil
}
