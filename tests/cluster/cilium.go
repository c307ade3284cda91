package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// CiliumClass is the GatewayClass that Cilium serves, named as Canonical Kubernetes names it.
const CiliumClass = "ck-gateway"

const (
	ciliumController = "io.cilium/gateway-controller"
	// ciliumSecrets is the namespace that the operator copies Secrets to, and the agent
	// reads them from.
	ciliumSecrets = "cilium-secrets"
	// ciliumNode is the address of the node's Envoy, one for all Gateways.
	ciliumNode       = "10.0.0.4"
	ciliumEnvoyAdmin = "127.0.0.1:9901"
)

var ipPools = schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumloadbalancerippools"}

// cilium is the running operator, the node's Envoy, and what carries the one's
// configuration to the other.
type cilium struct {
	operator *process
	envoy    *process
	agent    *ciliumAgent
}

// ciliumSettings are the operator's, as the ConfigMap cilium-config has them where Gateways
// are switched on: each is a file in a directory, since not all are flags too. The second
// group leaves out what wants kubelets and agents, and elects a leader at once.
var ciliumSettings = map[string]string{
	"enable-gateway-api":              "true",
	"enable-gateway-api-secrets-sync": "true",
	"gateway-api-secrets-namespace":   ciliumSecrets,
	"kube-proxy-replacement":          "true",
	"enable-ipv4":                     "true",
	"enable-ipv6":                     "false",
	"identity-allocation-mode":        "crd",

	"ipam":                           "kubernetes",
	"cilium-endpoint-gc-interval":    "5m0s",
	"nodes-gc-interval":              "0s",
	"unmanaged-pod-watcher-interval": "0",
	"synchronize-k8s-services":       "false",
	"remove-cilium-node-taints":      "false",
	"set-cilium-node-taints":         "false",
	"set-cilium-is-up-condition":     "false",
	"enable-metrics":                 "false",
	"operator-api-serve-addr":        "127.0.0.1:9234",
	"leader-election-retry-period":   "1s",
	"skip-crd-creation":              "true", // They are there before it.
}

// startCilium starts Cilium's operator as its Helm chart installs it, Envoy, and the stand-in
// for the agent, and returns when the GatewayClass is accepted and there are addresses to
// give. The class is made if there is none.
func (c *Cluster) startCilium(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.CreateGatewayClass(ctx, CiliumClass, ciliumController); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ciliumSecrets}}
	if _, err := c.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create namespace %s: %w", ciliumSecrets, err)
	}
	definitions, err := c.bundleCRDs(ciliumReleases[c.plane].crds())
	if err != nil {
		return err
	}
	if err := c.installAll(ctx, definitions); err != nil {
		return err
	}
	others := map[string]any{"matchExpressions": []any{map[string]any{
		"key": LabelServiceNamespace, "operator": "NotIn", "values": []any{ModelWithoutPool},
	}}}
	if err := c.CreateIPPool(ctx, "gateways", gatewayAddress, "10.43.45.254", others); err != nil {
		return err
	}
	if err := c.createCiliumConfig(ctx); err != nil {
		return err
	}
	c.cilium = &cilium{}
	if c.cilium.agent, err = startCiliumAgent(c); err != nil {
		return err
	}
	if c.cilium.operator, err = c.startCiliumOperator(); err != nil {
		return err
	}
	if c.cilium.envoy, err = c.startCiliumEnvoy(); err != nil {
		return err
	}
	if err := c.cilium.envoy.waitUntil(ctx, c.timeouts, dial(ciliumEnvoyAdmin)); err != nil {
		return err
	}
	return c.cilium.operator.waitUntil(ctx, c.timeouts, func(ctx context.Context) error { return c.classAccepted(ctx, CiliumClass) })
}

// stop ends all of it.
func (p *cilium) stop() {
	if p == nil {
		return
	}
	p.agent.stop()
	p.envoy.stop(0)
	p.operator.stop(0)
}

// createCiliumConfig shows the settings where Cilium's Helm chart has them.
func (c *Cluster) createCiliumConfig(ctx context.Context) error {
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "cilium-config", Namespace: metav1.NamespaceSystem}, Data: ciliumSettings}
	if _, err := c.typed.CoreV1().ConfigMaps(config.Namespace).Create(ctx, config, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create ConfigMap %s: %w", config.Name, err)
	}
	return nil
}

// ModelWithoutPool is a model for which Cilium's LB-IPAM has no pool, as for any model of a cluster
// whose operator has not made one.
const ModelWithoutPool = "poolless"

// LabelServiceNamespace is what the selector of a pool may have instead of a label: the namespace
// of a Service.
const LabelServiceNamespace = "io.kubernetes.service.namespace"

// CreateIPPool makes a pool of LB-IPAM with the addresses from first to last for the Services that
// selector selects, as an operator of a cluster does by hand. An existing pool is left alone.
func (c *Cluster) CreateIPPool(ctx context.Context, name, first, last string, selector map[string]any) error {
	pool := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": ipPools.GroupVersion().String(),
		"kind":       "CiliumLoadBalancerIPPool",
		"metadata":   map[string]any{"name": name},
		"spec": map[string]any{
			"blocks":          []any{map[string]any{"start": first, "stop": last}},
			"serviceSelector": selector,
		},
	}}
	if _, err := c.dynamic.Resource(ipPools).Create(ctx, pool, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create the pool of addresses: %w", err)
	}
	return nil
}

func (c *Cluster) startCiliumOperator() (*process, error) {
	kubeconfig := filepath.Join(c.directory, "cilium-operator.kubeconfig")
	if err := c.credentials.writeKubeconfig(kubeconfig, c.server(), userCilium, c.credentials.tokens[userCilium], ""); err != nil {
		return nil, err
	}
	settings := filepath.Join(c.directory, "cilium-config")
	if err := os.MkdirAll(settings, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make a place for Cilium's settings: %w", err)
	}
	for name, value := range ciliumSettings {
		if err := os.WriteFile(filepath.Join(settings, name), []byte(value), 0o644); err != nil {
			return nil, fmt.Errorf("cannot write Cilium's settings: %w", err)
		}
	}
	command := exec.Command(*ciliumReleases[c.plane].asset(&c.assets), "--config-dir="+settings, "--k8s-kubeconfig-path="+kubeconfig)
	command.Dir = c.directory
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.directory, "TMPDIR=" + os.TempDir(),
		"CILIUM_K8S_NAMESPACE=kube-system", "K8S_NODE_NAME=" + nodeName,
	}
	return startCommand(c.directory, "cilium-operator", command)
}

func (c *Cluster) startCiliumEnvoy() (*process, error) {
	bootstrap := filepath.Join(c.directory, "cilium-envoy.json")
	if err := os.WriteFile(bootstrap, []byte(ciliumBootstrap), 0o644); err != nil {
		return nil, fmt.Errorf("cannot write Envoy's configuration: %w", err)
	}
	return startProcess(c.directory, "cilium-envoy", c.assets.Envoy,
		"--config-path", bootstrap, "--disable-hot-restart", "--concurrency", "2")
}
