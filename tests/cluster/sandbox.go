package cluster

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A sandbox is the network of one pod: a network namespace with addresses of
// its own, where programs listen on any port without being in each other's way.
// A pair of virtual links leads to the private network and its every address.
//
//	private network                        sandbox
//	10.0.0.1 … ── <name> ═════════ eth0 ── 10.1.255.2, fd10::ffff:2
type sandbox struct {
	addresses []*net.IPNet // of one address each
	namespace *os.File     // the network namespace, which lasts as long as somebody holds it
	link      string       // the end in the private network
}

// newSandbox makes a network with the addresses, which nobody else may have; IPv6
// is left out where the kernel has none. The name is that of a link, 15 characters
// at most.
func newSandbox(name string, addresses ...string) (*sandbox, error) {
	s := &sandbox{link: name}
	for _, address := range addresses {
		if network := hostNetwork(address); network.IP.To4() != nil || HasIPv6() {
			s.addresses = append(s.addresses, network)
		}
	}
	if err := s.make(); err != nil {
		s.close()
		return nil, fmt.Errorf("cannot make the network of %s: %w", name, err)
	}
	return s, nil
}

func (s *sandbox) make() error {
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		var err error
		s.namespace, err = os.Open(threadNetwork)
		return err
	})
	if err != nil {
		return err
	}
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: s.link}, PeerName: "eth0", PeerNamespace: netlink.NsFd(s.namespace.Fd()),
	}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("cannot add a link: %w", err)
	}
	return s.join()
}

// join returns both ends of the link their routes. Each end knows the other's
// hardware address beforehand: nobody here has to ask, or could always answer.
func (s *sandbox) join() error {
	outer, err := netlink.LinkByName(s.link)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(outer); err != nil {
		return err
	}
	var inner netlink.Link
	if err := s.do(func() (err error) { inner, err = s.setUp(outer.Attrs().HardwareAddr); return err }); err != nil {
		return err
	}
	for _, host := range s.addresses {
		// In the local table, which is asked first, and where it is more precise than
		// the route by which all of the range is this machine.
		route := &netlink.Route{LinkIndex: outer.Attrs().Index, Dst: host, Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_UNICAST}
		if host.IP.To4() != nil {
			route.Scope, route.Src = netlink.SCOPE_LINK, net.ParseIP(apiAddress)
		}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("cannot add a route: %w", err)
		}
		if err := setNeighbour(outer, host.IP, inner.Attrs().HardwareAddr); err != nil {
			return err
		}
	}
	return nil
}

// gatewayOf is where a sandbox sends what is for others, for an address of its.
// It is on no wire: it stands for the other end's hardware address.
func gatewayOf(own net.IP) net.IP {
	if own.To4() != nil {
		return net.ParseIP("169.254.1.1")
	}
	return net.ParseIP("fe80::1")
}

// setUp is called in the sandbox.
func (s *sandbox) setUp(outer net.HardwareAddr) (netlink.Link, error) {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return nil, err
	}
	inner, err := netlink.LinkByName("eth0")
	if err != nil {
		return nil, err
	}
	for _, link := range []netlink.Link{loopback, inner} {
		if err := netlink.LinkSetUp(link); err != nil {
			return nil, err
		}
	}
	for _, host := range s.addresses {
		address := &netlink.Addr{IPNet: host}
		if host.IP.To4() == nil {
			address.Flags = unix.IFA_F_NODAD // Nobody else has it: no need to ask around for a second.
		}
		if err := netlink.AddrAdd(inner, address); err != nil {
			return nil, fmt.Errorf("cannot add an address: %w", err)
		}
		gateway := gatewayOf(host.IP)
		if err := setNeighbour(inner, gateway, outer); err != nil {
			return nil, err
		}
		route := &netlink.Route{LinkIndex: inner.Attrs().Index, Gw: gateway, Flags: int(netlink.FLAG_ONLINK)}
		if err := netlink.RouteAdd(route); err != nil {
			return nil, fmt.Errorf("cannot add a route: %w", err)
		}
	}
	return inner, nil
}

func setNeighbour(link netlink.Link, address net.IP, hardware net.HardwareAddr) error {
	neighbour := &netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: address, HardwareAddr: hardware}
	if err := netlink.NeighSet(neighbour); err != nil {
		return fmt.Errorf("cannot set a neighbour: %w", err)
	}
	return nil
}

// hostNetwork is the network that has one address.
func hostNetwork(address string) *net.IPNet {
	ip := net.ParseIP(address)
	if short := ip.To4(); short != nil {
		return &net.IPNet{IP: short, Mask: net.CIDRMask(32, 32)}
	}
	return &net.IPNet{IP: ip, Mask: net.CIDRMask(128, 128)}
}

// start starts a command in the sandbox.
func (s *sandbox) start(directory, name string, command *exec.Cmd) (started *process, err error) {
	err = s.do(func() (err error) { started, err = startCommand(directory, name, command); return err })
	return started, err
}

// do calls f in the sandbox.
func (s *sandbox) do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(s.namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("cannot enter the network of %s: %w", s.link, err)
		}
		return f()
	})
}

// close takes the network away, once no process is in it any more.
func (s *sandbox) close() {
	if link, err := netlink.LinkByName(s.link); err == nil {
		_ = netlink.LinkDel(link)
	}
	if s.namespace != nil {
		_ = s.namespace.Close()
	}
}

const threadNetwork = "/proc/thread-self/ns/net"

// onThread calls f on a thread whose network f may change, and changes it back.
// Processes that f starts are in the network of the moment, and live on: the
// thread goes back to the others.
func onThread(f func() error) error {
	runtime.LockOSThread()
	own, err := os.Open(threadNetwork)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer own.Close()
	failure := f()
	if err := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); err != nil {
		// Locked for good: the thread ends with its goroutine, and harms nobody.
		return fmt.Errorf("cannot go back to the private network: %w", err)
	}
	runtime.UnlockOSThread()
	return failure
}
