package cluster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// balancer is the load balancer in front of Traefik where Options.Addresses
// ask for one: it takes connections at ports 80 and 443 of every address and
// passes them on. Traefik cannot listen on several addresses itself: it binds
// each Gateway listener to a single one of the entry points that have its
// port. A wildcard entry point would also answer at every other address, those
// of stopped pods among them.
//
// It begins each connection with a PROXY header (haproxy's proxy-protocol.txt,
// version 1), so that Traefik knows the address the client asked for: by it
// Traefik chooses the certificate where a client names no host.
type balancer struct {
	mutex     sync.Mutex
	addresses gatewayAddresses
	serving   bool                      // Traefik runs, so that open has every address
	open      map[string][]net.Listener // by IP address
}

// current are the addresses in use.
func (b *balancer) current() gatewayAddresses {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.addresses
}

// prepare opens those of next that are not open, or none of them if one cannot
// be. While Traefik does not run it opens nothing.
func (b *balancer) prepare(ctx context.Context, next gatewayAddresses) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if !b.serving {
		return nil
	}
	return b.openMissing(ctx, next.ips)
}

// use makes next the addresses in use and closes all others.
func (b *balancer) use(next gatewayAddresses) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.addresses = next
	b.closeExcept(next.ips)
}

// start opens the addresses in use: Traefik runs now.
func (b *balancer) start(ctx context.Context) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if err := b.openMissing(ctx, b.addresses.ips); err != nil {
		return err
	}
	b.serving = true
	return nil
}

// stop closes every address, so that connections are refused as they are where
// nothing listens.
func (b *balancer) stop() {
	if b == nil {
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.serving = false
	b.closeExcept(nil)
}

func (b *balancer) openMissing(ctx context.Context, ips []string) error {
	before := []string{}
	for ip := range b.open {
		before = append(before, ip)
	}
	for _, ip := range ips {
		if slices.Contains(before, ip) {
			continue
		}
		for _, port := range []string{"80", "443"} {
			config := net.ListenConfig{Control: listenAnywhere}
			listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(ip, port))
			if err != nil {
				b.closeExcept(before)
				return fmt.Errorf("cannot take connections on %s: %w", ip, err)
			}
			if b.open == nil {
				b.open = map[string][]net.Listener{}
			}
			b.open[ip] = append(b.open[ip], listener)
			go forward(listener, net.JoinHostPort(balancedAddress, port), proxyHeader)
		}
	}
	return nil
}

func (b *balancer) closeExcept(ips []string) {
	for ip, opened := range b.open {
		if slices.Contains(ips, ip) {
			continue
		}
		for _, listener := range opened {
			_ = listener.Close()
		}
		delete(b.open, ip)
	}
}

// proxyHeader tells who connected to which address.
func proxyHeader(connection net.Conn) string {
	client, server := addressOf(connection.RemoteAddr()), addressOf(connection.LocalAddr())
	family := "TCP4"
	if server.Addr().Is6() {
		family = "TCP6"
	}
	return fmt.Sprintf("PROXY %s %s %s %d %d\r\n", family, client.Addr(), server.Addr(), client.Port(), server.Port())
}

func addressOf(address net.Addr) netip.AddrPort {
	both := address.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(both.Addr().Unmap(), both.Port())
}
