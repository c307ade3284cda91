package addresses_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// The addresses of the load balancer.
const (
	first     = "10.43.45.7"
	second    = "10.43.45.8"
	ipv6      = "fd43::45"
	balancer  = "lb.example.com"
	charm     = "gateway-api-integrator"
	issuing   = "waiting Waiting for TLS certificates to be issued."
	atAddress = "active Gateway addresses: "
)

// shared is the cluster of all tests.
var shared *cluster.Cluster

func TestMain(m *testing.M) {
	options := cluster.Options{Addresses: []string{first}, Progress: os.Stderr, BriskTraefik: true}
	os.Exit(lab.MainOn(options, func(c *cluster.Cluster) (int, error) {
		shared = c
		return m.Run(), nil
	}))
}

// A fixture is a model with the charm, an authority and an application, web.
type fixture struct {
	*lab.Lab
	t   *testing.T
	ctx context.Context
	ca  *lab.Authority
	app *lab.App
}

// newFixture makes a model where Gateways have these addresses, and lets the
// authority be prepared before it is related.
func newFixture(t *testing.T, model string, addresses []string, prepare func(*lab.Authority)) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context()}
	f.must(shared.SetAddresses(f.ctx, addresses...))
	t.Cleanup(func() { // After the model's own.
		// Until its certificate for the address is gone, Traefik may present that to
		// the next test's clients.
		if err := cluster.Eventually(context.Background(), lab.Patience, gone(model)); err != nil {
			t.Errorf("cannot clear the model: %v", err)
		}
	})
	f.Lab = lab.ForTest(t, lab.Options{Cluster: shared, Model: model})
	f.must(f.Deploy(f.ctx, charm, nil, true))
	var err error
	f.ca, err = f.AddAuthority("ca")
	f.must(err)
	prepare(f.ca)
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	f.app, err = f.AddApp(f.ctx, "web", 8080, 1)
	f.must(err)
	f.must(f.Relate(f.ctx, "web:ingress", charm))
	f.must(f.Settle(f.ctx))
	return f
}

// gone checks that a model's namespace is not there any more.
func gone(model string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := shared.Typed().CoreV1().Namespaces().Get(ctx, model, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, fmt.Errorf("namespace %s is there", model))
	}
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// await waits for a status, "active …", with update-status as the clock.
func (f *fixture) await(want string) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		unit := f.Juju.Status().Unit(charm + "/0")
		if got := unit.Status + " " + unit.Message; got != want {
			return fmt.Errorf("status is %q, not %q", got, want)
		}
		return nil
	}))
}

// awaitAsked waits until certificates are asked for just these names, each request's
// joined by commas, oldest first.
func (f *fixture) awaitAsked(want ...string) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		requests, err := f.Requests(f.ca)
		if err != nil {
			return err
		}
		var got []string
		for _, text := range requests {
			block, _ := pem.Decode([]byte(text))
			request, err := x509.ParseCertificateRequest(block.Bytes)
			if err != nil {
				return err
			}
			names := slices.Clone(request.DNSNames)
			for _, address := range request.IPAddresses {
				names = append(names, address.String())
			}
			if request.Subject.CommonName != names[0] {
				return fmt.Errorf("the common name is %q of %v", request.Subject.CommonName, names)
			}
			got = append(got, strings.Join(names, ","))
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("asked for %q, not for %q", got, want)
		}
		return nil
	}))
}

// url is where the application is at an address.
func (f *fixture) url(address string) string {
	if ip := net.ParseIP(address); ip != nil && ip.To4() == nil {
		address = "[" + address + "]"
	}
	return "https://" + address + "/" + f.Model + "-web"
}

func (f *fixture) awaitServed(url string) {
	f.t.Helper()
	f.must(cluster.Eventually(f.ctx, lab.Patience, func(ctx context.Context) error {
		return f.Expect(ctx, url, f.ca.Pool(), 200)
	}))
}

// published waits for nothing: a URL is published by the hook that can.
func (f *fixture) published(want string) {
	f.t.Helper()
	if got := f.app.URL(charm); got != want {
		f.t.Errorf("published %q, want %q", got, want)
	}
}

// watch has clients ask for URLs that are served. The function it gives ends that,
// and fails the test if one request has failed.
func (f *fixture) watch(story string, urls ...string) func() {
	f.t.Helper()
	for _, url := range urls {
		f.awaitServed(url)
	}
	probes := f.Probes(f.ca.Pool(), urls...)
	f.t.Cleanup(probes.Stop)
	return func() {
		f.t.Helper()
		f.must(probes.AwaitMore(f.ctx, 3))
		probes.Stop()
		f.t.Logf("%s: %d requests, %d failed", story, probes.Sent(), probes.Failed())
		if probes.Failed() > 0 {
			f.t.Errorf("%s: %d of %d requests failed, first: %v", story, probes.Failed(), probes.Sent(), probes.First())
		}
	}
}

// configure is `juju config`.
func (f *fixture) configure(config map[string]any) {
	f.t.Helper()
	f.must(f.Juju.SetConfig(f.ctx, charm, config))
	f.must(f.Settle(f.ctx))
}
