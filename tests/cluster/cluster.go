package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Options configure a cluster. The zero value is a cluster with the newest CRDs and Traefik, in a
// temporary directory, that logs nothing.
type Options struct {
	Bundle         string    // Gateway API release, one of Bundles; empty means the data plane's (Traits.Bundle)
	Dir            string    // where data, logs and credentials go, kept after Stop; empty means a temporary directory
	Progress       io.Writer // one line for each step of the start; nil means none
	DataPlane      DataPlane // empty means Traefik; others must have been named to Main
	WithoutTraefik bool      // no data plane and no GatewayClass
	WithoutCRDs    bool      // no Gateway API, and so no Traefik, until InstallCRDs and StartTraefik
	Timeouts       Timeouts  // the zero value means DefaultTimeouts
	BriskTraefik   bool      // Traefik serves a change after 100 ms, not after up to two seconds, as it does by default

	// Addresses are what Gateways report, in this order: IPv4 addresses in 10.0.0.0/8, IPv6
	// addresses in fd00::/8, DNS names ("lb.example.com"). Traefik serves at every IP address; if
	// there are only names, at 10.43.45.1. Nil means always 10.43.45.1. Anything else, also an
	// empty list, can be changed by SetAddresses.
	Addresses []string
}

// Cluster is a running control plane. Its methods may be called in parallel. There can be only one
// at a time in a test process, because addresses and ports are fixed.
type Cluster struct {
	assets       Assets
	bundle       string
	plane        DataPlane
	directory    string
	temporary    bool // directory is removed by Stop
	timeouts     Timeouts
	traefikless  bool
	brisk        bool
	withoutHTTPS bool // Traefik is to have no entry point on port 443
	credentials  *credentials
	outside      outside
	balancer     *balancer     // nil: Traefik takes connections itself
	envoy        *envoyGateway // nil: another is the data plane
	cilium       *cilium       // nil: another is the data plane

	config  *rest.Config
	typed   *kubernetes.Clientset
	dynamic *dynamic.DynamicClient

	mutex                                       sync.Mutex // over the programs
	etcd, apiServer, controllerManager, traefik *process
	kubeconfigs                                 []string // for use outside, to be removed
	audit                                       audit
	podNumber                                   atomic.Uint32
	listeners                                   listeners
}

// Start starts the cluster and returns when all of it is ready, after some seconds. It must be
// called inside [Main]. The context limits only the start. End the cluster with Stop, or by ending
// the process.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	assets, err := preparedAssets()
	if err != nil {
		return nil, fmt.Errorf("cannot start a cluster: %w", err)
	}
	c, err := newCluster(assets, options)
	if err != nil {
		return nil, fmt.Errorf("cannot start a cluster: %w", err)
	}
	progress := options.Progress
	if progress == nil {
		progress = io.Discard
	}
	if err := c.startAll(ctx, options, progress); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start a cluster: %w", err), c.Stop())
	}
	return c, nil
}

func newCluster(assets Assets, options Options) (*Cluster, error) {
	c := &Cluster{
		assets: assets, bundle: options.Bundle, directory: options.Dir, timeouts: options.Timeouts,
		plane: options.DataPlane, traefikless: options.WithoutTraefik, brisk: options.BriskTraefik,
	}
	if c.plane == "" {
		c.plane = Traefik
	}
	traits, known := allTraits[c.plane]
	if !known {
		return nil, fmt.Errorf("there is no data plane %q", c.plane)
	}
	if c.bundle == "" {
		c.bundle = traits.Bundle
	}
	if c.timeouts == (Timeouts{}) {
		c.timeouts = DefaultTimeouts()
	}
	addresses, err := parseAddresses(options.Addresses)
	if err != nil {
		return nil, err
	}
	named := c.plane == Traefik || c.plane == Traefik37 && assets.Traefik37 != "" || !c.plane.isTraefik() && assets.Envoy != ""
	if !named || options.Addresses != nil && !c.plane.isTraefik() {
		return nil, fmt.Errorf("the data plane %s must be named to Main, and takes no Options.Addresses", c.plane)
	}
	if options.Addresses != nil {
		c.balancer = &balancer{addresses: addresses}
	}
	if c.directory == "" {
		c.temporary = true
		c.directory, err = os.MkdirTemp(os.Getenv(homeVariable), "cluster-")
	} else {
		c.directory, err = filepath.Abs(c.directory)
		err = errors.Join(err, os.MkdirAll(c.directory, 0o755))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make its directory: %w", err)
	}
	if c.credentials, err = makeCredentials(c.directory); err != nil {
		return nil, err
	}
	token := c.credentials.tokens[userAdmin]
	if err := c.credentials.writeKubeconfig(c.Kubeconfig(), c.server(), userAdmin, token, ""); err != nil {
		return nil, err
	}
	return c, c.makeClients()
}

func (c *Cluster) makeClients() error {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return fmt.Errorf("cannot read the admin's kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 1000, 2000
	config.UserAgent = "tests/cluster"
	// Answers carry deprecation notes that are no business of a test's output.
	config.WarningHandler = rest.NoWarnings{}
	c.config = config
	if c.typed, err = kubernetes.NewForConfig(config); err != nil {
		return fmt.Errorf("cannot make a client: %w", err)
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return fmt.Errorf("cannot make a client: %w", err)
	}
	return nil
}

// startAll starts everything in the order of need.
func (c *Cluster) startAll(ctx context.Context, options Options, progress io.Writer) error {
	step := func(what string, start func(context.Context) error) error {
		begun := time.Now()
		if err := start(ctx); err != nil {
			return err
		}
		fmt.Fprintf(progress, "%s: ready after %.1f s\n", what, time.Since(begun).Seconds())
		return nil
	}
	if err := step("etcd", c.startEtcd); err != nil {
		return err
	}
	if err := step("kube-apiserver", c.StartAPIServer); err != nil {
		return err
	}
	if err := c.createNode(ctx); err != nil {
		return err
	}
	if !options.WithoutCRDs {
		install := func(ctx context.Context) error { return c.InstallCRDs(ctx, c.bundle) }
		if err := step("Gateway API "+c.bundle, install); err != nil {
			return err
		}
	}
	// The garbage collector looks for new kinds every 30 seconds only, so it
	// starts when the CRDs are there.
	var rest errgroup.Group
	rest.Go(c.startControllerManager)
	if !options.WithoutTraefik && !options.WithoutCRDs {
		switch {
		case c.plane == Envoy:
			rest.Go(func() error { return step("Envoy Gateway", c.startEnvoy) })
		case c.plane.isCilium():
			rest.Go(func() error { return step("Cilium", c.startCilium) })
		default:
			rest.Go(func() error { return step("Traefik", c.StartTraefik) })
		}
	}
	return rest.Wait()
}

// Stop ends every program and pod of the cluster and removes its directory if
// that was temporary.
func (c *Cluster) Stop() error {
	c.listeners.closeAll()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.balancer.stop()
	c.envoy.stop()
	c.cilium.stop()
	// Nothing here needs an orderly end: the data are deleted as well.
	for _, running := range []*process{c.traefik, c.controllerManager, c.apiServer, c.etcd} {
		running.stop(0)
	}
	for _, path := range c.kubeconfigs {
		_ = os.Remove(path)
	}
	if !c.temporary {
		return nil
	}
	if err := os.RemoveAll(c.directory); err != nil {
		return fmt.Errorf("cannot remove the cluster's directory: %w", err)
	}
	return nil
}

// server is the API server's URL in the private network.
func (c *Cluster) server() string {
	return "https://" + net.JoinHostPort(apiAddress, strconv.Itoa(apiPort))
}

// Dir is the directory of data, credentials and logs (<program>.log).
func (c *Cluster) Dir() string { return c.directory }

// Kubeconfig is the path of the administrator's kubeconfig. Its server is in
// the private network; see ExposeAll for one that can be used outside.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.directory, "admin.kubeconfig") }

// Config is the administrator's client configuration. The caller may change
// what is returned.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Dynamic is the administrator's client for every kind.
func (c *Cluster) Dynamic() dynamic.Interface { return c.dynamic }

// Typed is the administrator's client for Kubernetes' own kinds.
func (c *Cluster) Typed() kubernetes.Interface { return c.typed }
