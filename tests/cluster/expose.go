package cluster

import (
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

// ExposeAPI exposes the API server and writes an administrator's kubeconfig
// for use outside the private network to path.
func (c *Cluster) ExposeAPI(path string) error {
	address, err := c.Expose(strings.TrimPrefix(c.server(), "https://"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("cannot make a place for the kubeconfig: %w", err)
	}
	return c.credentials.writeKubeconfig(path, "https://"+address, userAdmin, c.credentials.tokens[userAdmin], "")
}

// Access is how a running cluster is reached from outside.
type Access struct {
	Kubeconfig string // path
	HTTP       string // forwards to port 80 of the Gateway, such as 127.0.0.1:40123
	HTTPS      string // forwards to port 443
}

// ExposeAll exposes the API server, by a kubeconfig at path, and the Gateway
// at its address of the moment.
func (c *Cluster) ExposeAll(path string) (Access, error) {
	access := Access{Kubeconfig: path}
	if err := c.ExposeAPI(path); err != nil {
		return Access{}, err
	}
	var err error
	if access.HTTP, err = c.Expose(net.JoinHostPort(c.GatewayAddress(), "80")); err != nil {
		return Access{}, err
	}
	if access.HTTPS, err = c.Expose(net.JoinHostPort(c.GatewayAddress(), "443")); err != nil {
		return Access{}, err
	}
	return access, nil
}

// Instructions tell somebody with a shell how to poke at the cluster: commands
// to paste, with host as the example of a host name that a Gateway serves, and
// ca as the file of the authority that clients trust.
func (a Access) Instructions(host, ca string) string {
	return fmt.Sprintf(`Kubernetes:
  export KUBECONFIG=%[1]s
  kubectl get gatewayclasses,gateways,httproutes,services,endpointslices,pods -A

Traffic (any host name that a Gateway serves, here %[2]s):
  curl -i --connect-to ::%[3]s http://%[2]s/
  curl -i --connect-to ::%[4]s --cacert %[5]s https://%[2]s/
  (-k in place of --cacert trusts any certificate)
`, a.Kubeconfig, host, a.HTTP, a.HTTPS, ca)
}
