package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// StartTraefik starts Traefik, as Start does by default, and returns when it listens and its
// GatewayClass is accepted. It makes the class if there is none. After StopTraefik the class is
// still accepted, so the first requests may find no route yet.
func (c *Cluster) StartTraefik(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.CreateGatewayClass(ctx, TraefikClass, traefikController); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	token := filepath.Join(c.directory, "traefik.token")
	if err := os.WriteFile(token, []byte(c.credentials.tokens[userTraefik]), 0o600); err != nil {
		return fmt.Errorf("cannot write Traefik's token: %w", err)
	}
	address, flags := c.traefikAddress()
	if c.balancer != nil {
		// Traefik answers nobody before it finds the Service.
		if err := c.publishAddresses(ctx, c.balancer.current()); err != nil {
			return err
		}
	}
	port := "80"
	if !c.withoutHTTPS {
		port = "443"
		flags = append(flags, "--entrypoints.websecure.address="+net.JoinHostPort(address, port))
		if c.balancer != nil {
			flags = append(flags, "--entrypoints.websecure.proxyprotocol.insecure=true")
		}
	}
	if c.brisk {
		flags = append(flags, "--providers.kubernetesgateway.throttleduration=100ms", "--providers.providersthrottleduration=100ms")
	}
	started, err := startProcess(c.directory, "traefik", c.traefikProgram(), append(flags,
		"--global.checknewversion=false", "--global.sendanonymoususage=false",
		"--entrypoints.web.address="+net.JoinHostPort(address, "80"),
		"--providers.kubernetesgateway=true",
		"--providers.kubernetesgateway.endpoint="+c.server(),
		"--providers.kubernetesgateway.token="+token,
		"--providers.kubernetesgateway.certauthfilepath="+c.credentials.caFile,
		"--log.level=INFO", "--log.nocolor=true",
		"--accesslog.filepath="+filepath.Join(c.directory, "traefik-access.log"),
	)...)
	if err != nil {
		return err
	}
	c.traefik = started
	err = started.waitUntil(ctx, c.timeouts, func(ctx context.Context) error {
		if err := dial(net.JoinHostPort(address, port))(ctx); err != nil {
			return err
		}
		return c.classAccepted(ctx, TraefikClass)
	})
	if err != nil || c.balancer == nil {
		return err
	}
	return c.balancer.start(ctx)
}

func (c *Cluster) traefikProgram() string {
	if c.plane == Traefik37 {
		return c.assets.Traefik37
	}
	return c.assets.Traefik
}

// BeBrisk sets whether Traefik serves a change after 100 ms, see Options.BriskTraefik. It takes
// effect with the next StartTraefik.
func (c *Cluster) BeBrisk(brisk bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.brisk = brisk
}

// OfferHTTPS sets whether Traefik has an entry point on port 443, which it has by default. It takes
// effect with the next StartTraefik.
func (c *Cluster) OfferHTTPS(offered bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.withoutHTTPS = !offered
}

// traefikAddress is where Traefik listens, and the flags that tell it what
// Gateways report.
func (c *Cluster) traefikAddress() (address string, flags []string) {
	if c.balancer == nil {
		return gatewayAddress, []string{"--providers.kubernetesgateway.statusaddress.ip=" + gatewayAddress}
	}
	return balancedAddress, []string{
		"--providers.kubernetesgateway.statusaddress.service.namespace=" + balancerNamespace,
		"--providers.kubernetesgateway.statusaddress.service.name=" + balancerService,
		"--entrypoints.web.proxyprotocol.insecure=true",
	}
}

// StopTraefik kills Traefik: the Gateways' addresses refuse connections.
func (c *Cluster) StopTraefik() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.balancer.stop()
	c.traefik.stop(0)
}

// classAccepted checks that the class's controller has read the cluster and answered.
func (c *Cluster) classAccepted(ctx context.Context, name string) error {
	class, err := c.dynamic.Resource(gatewayClasses).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	conditions, _, _ := unstructured.NestedSlice(class.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		if fields["type"] == "Accepted" && fields["status"] == "True" {
			return nil
		}
	}
	return fmt.Errorf("the GatewayClass %s is not accepted", name)
}
