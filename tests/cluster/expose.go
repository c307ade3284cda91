package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// Expose opens a port of 127.0.0.1 outside the private network and passes its
// connections on to target, a host and port inside. It returns the address,
// such as 127.0.0.1:40123, which lasts until Stop.
func (c *Cluster) Expose(target string) (string, error) {
	listener, err := c.outside.listen("127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("cannot expose %s: %w", target, err)
	}
	c.listeners.add(listener)
	go forward(listener, target, nil)
	return listener.Addr().String(), nil
}

// exposeAPI exposes the API server and writes an administrator's kubeconfig for use outside
// the private network to path, or into the cluster's directory when that is empty. A file
// that is there already is somebody else's, perhaps that of another cluster. Stop removes
// ours, which leads nowhere from then on.
func (c *Cluster) exposeAPI(path string) (string, error) {
	if path == "" {
		path = filepath.Join(c.directory, "outside.kubeconfig")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	address, err := c.Expose(strings.TrimPrefix(c.server(), "https://"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("cannot make a place for the kubeconfig: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("cannot make the kubeconfig: %w", err)
	}
	c.mutex.Lock()
	c.kubeconfigs = append(c.kubeconfigs, path)
	c.mutex.Unlock()
	return path, errors.Join(file.Close(), c.credentials.writeKubeconfig(path, "https://"+address, userAdmin, c.credentials.tokens[userAdmin], ""))
}

// Access says how to reach a running cluster from outside.
type Access struct {
	Kubeconfig string // path
	HTTP       string // forwards to port 80 of the Gateway, such as 127.0.0.1:40123
	HTTPS      string // forwards to port 443

	resources string // what kubectl can list
	served    bool   // there is a data plane
}

// ExposeAll exposes the API server, with a kubeconfig at path, and the Gateway at its present
// address. An empty path means a file in the cluster's directory.
func (c *Cluster) ExposeAll(path string) (Access, error) {
	access := Access{resources: "services,endpointslices,pods", served: c.traefik != nil || c.envoy != nil || c.cilium != nil}
	if c.hasGatewayAPI() {
		access.resources = "gatewayclasses,gateways,httproutes," + access.resources
	}
	var err error
	if access.Kubeconfig, err = c.exposeAPI(path); err != nil {
		return Access{}, err
	}
	if access.HTTP, err = c.Expose(net.JoinHostPort(c.GatewayAddress(), "80")); err != nil {
		return Access{}, err
	}
	if access.HTTPS, err = c.Expose(net.JoinHostPort(c.GatewayAddress(), "443")); err != nil {
		return Access{}, err
	}
	return access, nil
}

func (c *Cluster) hasGatewayAPI() bool {
	_, err := c.typed.Discovery().ServerResourcesForGroupVersion(gatewayClasses.GroupVersion().String())
	return err == nil
}

// Instructions are commands that a user can paste into a shell to look at the cluster. Site is what
// to request, "example.com/". ca is the file of the authority that clients trust, empty for clients
// that trust anybody. remark describes the result.
func (a Access) Instructions(site, ca, remark string) string {
	text := fmt.Sprintf("Kubernetes:\n  export KUBECONFIG=%s\n  kubectl get %s -A\n", a.Kubeconfig, a.resources)
	if !a.served {
		return text
	}
	trust := "-k"
	if ca != "" {
		trust = "--cacert " + ca
	}
	return text + fmt.Sprintf("\nTraffic. %[1]s\n  curl -i --connect-to ::%[3]s http://%[2]s\n  curl -i --connect-to ::%[4]s %[5]s https://%[2]s\n",
		remark, site, a.HTTP, a.HTTPS, trust)
}
