package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Traefik has one flag for one address that Gateways report. For several, or
// for those that change, it copies the status of a Service of type
// LoadBalancer, which in a real cluster a cloud or MetalLB writes and here
// publishAddresses does.
const (
	balancerNamespace = "load-balancer"
	balancerService   = "gateway"
)

// gatewayAddresses are what Gateways report.
type gatewayAddresses struct {
	reported []string // IP addresses and DNS names, in the order given
	ips      []string // where connections are taken
}

// parseAddresses checks addresses, which are IP addresses of the private
// network and DNS names. Names alone lead to the default address.
func parseAddresses(addresses []string) (gatewayAddresses, error) {
	parsed := gatewayAddresses{reported: slices.Clone(addresses)}
	for i, address := range addresses {
		if slices.Contains(addresses[:i], address) {
			return gatewayAddresses{}, fmt.Errorf("address %s is there twice", address)
		}
		ip, err := netip.ParseAddr(address)
		if err != nil {
			continue // A DNS name, which the API server checks.
		}
		if !isPrivate(ip) {
			return gatewayAddresses{}, fmt.Errorf("address %s is in none of the private networks %s and %s", address, privateIPv4, privateIPv6)
		}
		if ip.Is6() && !HasIPv6() {
			return gatewayAddresses{}, fmt.Errorf("cannot take connections on %s: %w", address, ErrNoIPv6)
		}
		parsed.ips = append(parsed.ips, address)
	}
	if len(addresses) > 0 && len(parsed.ips) == 0 {
		parsed.ips = []string{gatewayAddress}
	}
	return parsed, nil
}

// ingress is the addresses as a Service's status has them.
func (a gatewayAddresses) ingress() []corev1.LoadBalancerIngress {
	ingress := []corev1.LoadBalancerIngress{}
	for _, address := range a.reported {
		if slices.Contains(a.ips, address) {
			ingress = append(ingress, corev1.LoadBalancerIngress{IP: address})
		} else {
			ingress = append(ingress, corev1.LoadBalancerIngress{Hostname: address})
		}
	}
	return ingress
}

// SetAddresses changes the addresses of all Gateways (see Options.Addresses). None is as when a
// load balancer has not been assigned an address yet. It needs a cluster that was started with
// Options.Addresses. When it returns, the new addresses take connections and the old ones refuse
// them. Traefik writes the change to the Gateways' status within about 200 ms, so poll for it. A
// client that must not miss an answer needs both the old and the new address in between.
func (c *Cluster) SetAddresses(ctx context.Context, addresses ...string) error {
	if err := c.setAddresses(ctx, addresses); err != nil {
		return fmt.Errorf("cannot set the Gateways' addresses: %w", err)
	}
	return nil
}

func (c *Cluster) setAddresses(ctx context.Context, addresses []string) error {
	if c.balancer == nil {
		return errors.New("the cluster was started without Options.Addresses")
	}
	next, err := parseAddresses(addresses)
	if err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.balancer.prepare(ctx, next); err != nil {
		return err
	}
	if err := c.publishAddresses(ctx, next); err != nil {
		c.balancer.use(c.balancer.current())
		return err
	}
	c.balancer.use(next)
	return nil
}

// publishAddresses writes addresses to the status of the Service that Traefik
// watches, which is made if it is not there.
func (c *Cluster) publishAddresses(ctx context.Context, addresses gatewayAddresses) error {
	core := c.typed.CoreV1()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: balancerNamespace}}
	if _, err := core.Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create namespace %s: %w", balancerNamespace, err)
	}
	noNodePorts := false
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: balancerService},
		Spec: corev1.ServiceSpec{
			Type:                          corev1.ServiceTypeLoadBalancer,
			AllocateLoadBalancerNodePorts: &noNodePorts,
			Ports:                         []corev1.ServicePort{{Name: "http", Port: 80}, {Name: "https", Port: 443}},
		},
	}
	services := core.Services(balancerNamespace)
	if _, err := services.Create(ctx, service, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create the load balancer's Service: %w", err)
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"loadBalancer": map[string]any{"ingress": addresses.ingress()},
	}})
	if err != nil {
		return fmt.Errorf("cannot write the load balancer's status: %w", err)
	}
	if _, err := services.Patch(ctx, balancerService, types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
		return fmt.Errorf("cannot write the load balancer's status: %w", err)
	}
	return nil
}

// GatewayAddress returns the first IP address at which Traefik serves every Gateway of its class,
// on ports 80 and 443. Client resolves host names to it. If there is none it is the default one,
// which then refuses connections.
func (c *Cluster) GatewayAddress() string {
	if c.balancer != nil {
		if current := c.balancer.current(); len(current.ips) > 0 {
			return current.ips[0]
		}
	}
	return gatewayAddress
}

// GatewayAddressOf returns the IP address of the Gateway in a model. With Envoy and with Cilium
// each Gateway has its own, from 10.43.45.1 on. With Traefik all have the same, see GatewayAddress.
func (c *Cluster) GatewayAddressOf(model string) string {
	if c.envoy != nil {
		if address := c.envoy.proxies.addressOf(model); address != "" {
			return address
		}
	}
	if c.cilium != nil {
		if address := c.cilium.agent.addressOf(model); address != "" {
			return address
		}
	}
	return c.GatewayAddress()
}

// Addresses returns all addresses that Gateways of Traefik's class report in their status, IP
// addresses and DNS names; see Options.Addresses and SetAddresses.
func (c *Cluster) Addresses() []string {
	if c.balancer == nil {
		return []string{gatewayAddress}
	}
	return slices.Clone(c.balancer.current().reported)
}
