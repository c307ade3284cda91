package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The addresses of the private network. The ranges are those a Canonical
// Kubernetes has by default; all of 10.0.0.0/8 and fd00::/8 is local.
const (
	apiAddress     = "10.0.0.1"
	apiPort        = 6443
	etcdAddress    = "127.0.0.1:2379"
	etcdPeer       = "127.0.0.1:2380"
	gatewayAddress = "10.43.45.1"
	// balancedAddress is Traefik's own where a balancer stands in front of it.
	balancedAddress = "10.0.0.2"
	serviceRanges   = "10.152.183.0/24,fd98::/108"
	privateIPv4     = "10.0.0.0/8"
	privateIPv6     = "fd00::/8"
)

// ErrNoIPv6 is why a pod or a Gateway cannot have an IPv6 address on some
// machines.
var ErrNoIPv6 = errors.New("IPv6 is switched off in the kernel")

// isPrivate reports whether the address belongs to the private network.
func isPrivate(address netip.Addr) bool {
	return netip.MustParsePrefix(privateIPv4).Contains(address) || netip.MustParsePrefix(privateIPv6).Contains(address)
}

// HasIPv6 reports whether the kernel lets a program use IPv6 at all. If not, requests for an IPv6
// address fail with ErrNoIPv6.
func HasIPv6() bool {
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	_ = listener.Close()
	return true
}

// setUpNetwork brings loopback up and makes the kernel treat every private
// address as its own. IPv6 may be switched off in the kernel; what needs it
// then says so.
func setUpNetwork() error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("cannot find the loopback interface: %w", err)
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return fmt.Errorf("cannot bring loopback up: %w", err)
	}
	if err := addLocalRoute(loopback, privateIPv4); err != nil {
		return err
	}
	_ = addLocalRoute(loopback, privateIPv6)
	return nil
}

// addLocalRoute is "ip route add local <network> dev lo".
func addLocalRoute(loopback netlink.Link, network string) error {
	_, destination, err := net.ParseCIDR(network)
	if err != nil {
		return fmt.Errorf("cannot parse network %s: %w", network, err)
	}
	route := &netlink.Route{
		LinkIndex: loopback.Attrs().Index,
		Dst:       destination,
		Type:      unix.RTN_LOCAL,
		Table:     unix.RT_TABLE_LOCAL,
		Scope:     netlink.SCOPE_HOST,
	}
	if err := netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("cannot add local route %s: %w", network, err)
	}
	return nil
}

// listenAnywhere is the control function of a listener on an address that no
// interface carries: a local route suffices for IPv4, IPv6 wants it said.
func listenAnywhere(network, _ string, raw syscall.RawConn) error {
	if network != "tcp6" {
		return nil
	}
	var optionErr error
	err := raw.Control(func(descriptor uintptr) {
		optionErr = unix.SetsockoptInt(int(descriptor), unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
	})
	if err != nil {
		return err
	}
	return optionErr
}
