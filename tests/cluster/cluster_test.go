package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

func TestMain(m *testing.M) { os.Exit(cluster.Main(m.Run)) }

// start starts a cluster that ends with the test. Addresses are fixed, so
// tests that start one cannot run in parallel with each other.
func start(t *testing.T, options cluster.Options) *cluster.Cluster {
	t.Helper()
	options.Progress = t.Output()
	c, err := cluster.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestCluster(t *testing.T) {
	c := start(t, cluster.Options{})
	// The group returns when its parallel tests have, before the outage.
	t.Run("group", func(t *testing.T) {
		t.Run("traffic", func(t *testing.T) { t.Parallel(); testTraffic(t, c) })
		t.Run("removal", func(t *testing.T) { t.Parallel(); testRemoval(t, c) })
		t.Run("trust and counts", func(t *testing.T) { t.Parallel(); testTrustAndCounts(t, c) })
		t.Run("outside", func(t *testing.T) { t.Parallel(); testOutside(t, c) })
		t.Run("fixed address", func(t *testing.T) { t.Parallel(); testFixedAddress(t, c) })
		t.Run("controller model", func(t *testing.T) { t.Parallel(); testControllerModel(t, c) })
		t.Run("ipv6", func(t *testing.T) { t.Parallel(); testIPv6(t, c) })
	})
	t.Run("outage", func(t *testing.T) { testOutage(t, c) })
}

// testTraffic makes by hand what the charm makes, and asks for the page.
func testTraffic(t *testing.T, c *cluster.Cluster) {
	site := newSite(t, c, "traffic", "web.example.com")
	site.apply(t)
	body := eventuallyGet(t, site.client(), "https://web.example.com/", http.StatusOK)
	if want := "hello from web-0 to /"; body != want {
		t.Errorf("got body %q, want %q", body, want)
	}
	if body := eventuallyGet(t, site.client(), "http://web.example.com/", http.StatusNotFound); !strings.Contains(body, "404") {
		t.Errorf("plain HTTP, which has no listener, answered %q", body)
	}
	if _, err := c.Client(nil).Get("https://web.example.com/"); err == nil {
		t.Error("a client that trusts nobody was answered")
	}

	if err := site.pod.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		slices, err := c.Typed().DiscoveryV1().EndpointSlices("traffic").List(ctx,
			metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=web"})
		if err != nil {
			return err
		}
		for _, slice := range slices.Items {
			if len(slice.Endpoints) > 0 {
				return fmt.Errorf("slice %s still has %v", slice.Name, slice.Endpoints[0].Addresses)
			}
		}
		return nil
	})
	eventuallyGet(t, site.client(), "https://web.example.com/", http.StatusServiceUnavailable)
}

// testControllerModel deploys beside Juju's controller: the namespace of that model has another name, and
// a charm learns it from its credentials only.
func testControllerModel(t *testing.T, c *cluster.Cluster) {
	ctx := t.Context()
	must(t, c.CreateModel(ctx, "controller"))
	kubeconfig, err := c.DeployApplication(ctx, "controller", "app")
	must(t, err)
	const namespace = "controller-test"
	set, err := c.Typed().AppsV1().StatefulSets(namespace).Get(ctx, "app", metav1.GetOptions{})
	must(t, err)
	if id := set.Annotations["model.juju.is/id"]; id != cluster.ModelUUID("controller") {
		t.Errorf("the model's UUID is %q", id)
	}
	config, err := clientcmd.LoadFromFile(kubeconfig)
	must(t, err)
	if got := config.Contexts[config.CurrentContext].Namespace; got != namespace {
		t.Errorf("the charm is told of namespace %q", got)
	}
	must(t, c.RemoveApplication(ctx, "controller", "app"))
	must(t, c.DestroyModel(ctx, "controller"))
}

// testRemoval removes an application and expects the real garbage collector to
// remove what its StatefulSet owns, and the namespace controller the rest.
func testRemoval(t *testing.T, c *cluster.Cluster) {
	ctx := t.Context()
	must(t, c.CreateModel(ctx, "removal"))
	_, err := c.DeployApplication(ctx, "removal", "app")
	must(t, err)
	owner, err := c.Typed().AppsV1().StatefulSets("removal").Get(ctx, "app", metav1.GetOptions{})
	must(t, err)
	reference := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "app", UID: owner.UID}
	gateway := typedGateway("removal", "app", "removal.example.com")
	gateway.OwnerReferences = []metav1.OwnerReference{reference}
	create(t, c, gateways, gateway)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "owned", OwnerReferences: []metav1.OwnerReference{reference}}}
	_, err = c.Typed().CoreV1().Secrets("removal").Create(ctx, secret, metav1.CreateOptions{})
	must(t, err)
	pod, err := c.AddPod(ctx, "removal", "app", 0, cluster.Pod{Port: 8080, Handler: http.NotFoundHandler()})
	must(t, err)

	must(t, c.RemoveApplication(ctx, "removal", "app"))
	eventually(t, func(ctx context.Context) error {
		_, gatewayErr := c.Dynamic().Resource(gateways).Namespace("removal").Get(ctx, "app", metav1.GetOptions{})
		_, secretErr := c.Typed().CoreV1().Secrets("removal").Get(ctx, "owned", metav1.GetOptions{})
		_, setErr := c.Typed().AppsV1().StatefulSets("removal").Get(ctx, "app", metav1.GetOptions{})
		_, podErr := c.Typed().CoreV1().Pods("removal").Get(ctx, "app-0", metav1.GetOptions{})
		for _, err := range []error{gatewayErr, secretErr, setErr, podErr} {
			if !apierrors.IsNotFound(err) {
				return fmt.Errorf("an object is still there (%w)", err)
			}
		}
		return nil
	})
	must(t, pod.Stop(ctx))
	must(t, c.RemoveApplication(ctx, "removal", "app"))
	must(t, c.DestroyModel(ctx, "removal"))
	eventually(t, func(ctx context.Context) error {
		_, err := c.Typed().CoreV1().Namespaces().Get(ctx, "removal", metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("the namespace is still there (%w)", err)
		}
		return nil
	})
}

// testTrustAndCounts is a charm without trust, then with it, then without; the
// API server tells what was asked.
func testTrustAndCounts(t *testing.T, c *cluster.Cluster) {
	ctx := t.Context()
	must(t, c.CreateModel(ctx, "trust"))
	kubeconfig, err := c.DeployApplication(ctx, "trust", "app")
	must(t, err)
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(t, err)
	charm, err := dynamic.NewForConfig(config)
	must(t, err)
	listGateways := func() error {
		_, err := charm.Resource(gateways).Namespace("trust").List(ctx, metav1.ListOptions{})
		return err
	}
	allowed := func(want bool) {
		t.Helper()
		eventually(t, func(context.Context) error {
			err := listGateways()
			if forbidden := apierrors.IsForbidden(err); (err == nil) == want && forbidden != want {
				return nil
			}
			return fmt.Errorf("listing Gateways: got error %w, want it allowed: %v", err, want)
		})
	}
	allowed(false)
	must(t, c.Trust(ctx, "trust", "app"))
	allowed(true)

	user := cluster.ServiceAccount("trust", "app")
	must(t, c.ResetRequestCounts(user))
	must(t, listGateways())
	must(t, listGateways())
	_, err = charm.Resource(gatewayClasses).Get(ctx, "none-such", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("getting a GatewayClass that is not there: %v", err)
	}
	typed, err := kubernetes.NewForConfig(config)
	must(t, err)
	watch, err := typed.CoreV1().Pods("trust").Watch(ctx, metav1.ListOptions{})
	must(t, err)
	must(t, typed.RESTClient().Get().AbsPath("/apis/apps/v1").Do(ctx).Error())
	got, err := c.RequestCount(user)
	must(t, err)
	watch.Stop()
	want := map[string]int{"list gateways": 2, "get gatewayclasses": 1, "watch pods": 1, "get /apis/apps/v1": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request counts (-want +got):\n%s", diff)
	}

	must(t, c.Untrust(ctx, "trust", "app"))
	allowed(false)
}

// testOutage stops and starts each half of the cluster.
func testOutage(t *testing.T, c *cluster.Cluster) {
	ctx := t.Context()
	site := newSite(t, c, "outage", "outage.example.com")
	site.apply(t)
	eventuallyGet(t, site.client(), "https://outage.example.com/", http.StatusOK)

	c.StopAPIServer()
	if _, err := c.Typed().CoreV1().Namespaces().Get(ctx, "outage", metav1.GetOptions{}); err == nil {
		t.Error("a stopped API server answered")
	}
	eventuallyGet(t, site.client(), "https://outage.example.com/", http.StatusOK)
	must(t, c.StartAPIServer(ctx))
	if _, err := c.Typed().CoreV1().Namespaces().Get(ctx, "outage", metav1.GetOptions{}); err != nil {
		t.Errorf("the restarted API server lost a namespace: %v", err)
	}

	c.StopTraefik()
	if _, err := site.client().Get("https://outage.example.com/"); err == nil {
		t.Error("a stopped Traefik answered")
	}
	must(t, c.StartTraefik(ctx))
	eventuallyGet(t, site.client(), "https://outage.example.com/", http.StatusOK)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, check func(context.Context) error) {
	t.Helper()
	must(t, cluster.Eventually(t.Context(), deadline, check))
}

// eventuallyGet gets url until the answer has the status, and returns its body.
func eventuallyGet(t *testing.T, client *http.Client, url string, status int) string {
	t.Helper()
	var body []byte
	eventually(t, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if body, err = io.ReadAll(response.Body); err != nil {
			return err
		}
		if response.StatusCode != status {
			return errors.New(response.Status)
		}
		return nil
	})
	return string(body)
}
