package e2e_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// pending is the status message of a charm that waits for its provider.
const pending = "Waiting for TLS certificates to be issued."

// A watch is clients that ask for URLs, over and over, while a story goes on. None
// of their requests may fail.
type watch struct {
	*lab.Probes
	f     *fixture
	story string
}

// watch waits until the URLs are served, and has clients ask for them from then on.
func (f *fixture) watch(story string, urls ...string) *watch {
	f.t.Helper()
	for _, url := range urls {
		f.awaitAnswer(url, 200)
	}
	w := &watch{Probes: f.Probes(f.ca.Pool(), urls...), f: f, story: story}
	f.t.Cleanup(w.Stop)
	return w
}

// more waits until each client was answered since: what has just changed is seen.
func (w *watch) more() {
	w.f.t.Helper()
	w.f.must(w.AwaitMore(w.f.ctx, 3))
}

// end stops the clients and reports.
func (w *watch) end() {
	w.f.t.Helper()
	w.more()
	w.Stop()
	w.f.t.Logf("%s: %d requests, %d failed", w.story, w.Sent(), w.Failed())
	if w.Failed() > 0 {
		w.f.t.Errorf("%s: %d of %d requests failed, first: %v", w.story, w.Failed(), w.Sent(), w.First())
	}
}

// neverClear has a client ask for a URL of plain HTTP, which the application must
// not answer once. The function it gives ends that, and reports.
func (f *fixture) neverClear(story, url string) func() {
	return f.ending(story, f.ProbeWith(url, nil, func(response lab.Response) error {
		if response.Echo.Unit != "" || response.Code == 200 {
			return fmt.Errorf("answer %d of %q in clear", response.Code, response.Echo.Unit)
		}
		return nil
	}))
}

// ending returns a function that ends a client once it has asked a few times more, and
// fails the test if one of its requests has failed.
func (f *fixture) ending(story string, probe *lab.Probe) func() {
	f.t.Cleanup(probe.Stop)
	return func() {
		f.t.Helper()
		f.must(probe.AwaitMore(f.ctx, 3))
		probe.Stop()
		f.t.Logf("%s: %d requests, %d failed", story, probe.Sent, probe.Failed)
		if probe.Failed > 0 {
			f.t.Errorf("%s: %d of %d requests failed, first: %v", story, probe.Failed, probe.Sent, probe.First)
		}
	}
}

// settle lets all happen that is pending, and gives the hooks that ran.
func (f *fixture) settle() []string {
	f.t.Helper()
	f.ran = nil
	f.must(f.Settle(f.ctx))
	return f.ran
}

// settleInOne settles in one hook of that name, no more: nothing later has mended it.
func (f *fixture) settleInOne(hook string) {
	f.t.Helper()
	if ran, want := f.settle(), []string{charm + "/0 " + hook}; !slices.Equal(ran, want) {
		f.t.Errorf("ran %v, want %v", ran, want)
	}
}

// updateStatus lets the charm look after itself, as it does every five minutes.
func (f *fixture) updateStatus() {
	f.t.Helper()
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
}

// status returns the unit's status as "active message".
func (f *fixture) status() string {
	unit := f.Juju.Status().Unit(charm + "/0")
	return unit.Status + " " + unit.Message
}

// configure is `juju config`.
func (f *fixture) configure(config map[string]any) {
	f.t.Helper()
	f.must(f.Juju.SetConfig(f.ctx, charm, config))
	f.must(f.Settle(f.ctx))
}

// requests are the texts of the requests that the authority is asked to answer.
func (f *fixture) requests() []string {
	f.t.Helper()
	requests, err := f.Requests(f.ca)
	f.must(err)
	return requests
}

// awaitRequests waits until there are so many: an old host is left, and nothing requested
// for it any more, some seconds after an application has moved.
func (f *fixture) awaitRequests(count int) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		if n := len(f.requests()); n != count {
			return fmt.Errorf("%d requests, want %d", n, count)
		}
		return nil
	}))
}

// parsed reads requests.
func (f *fixture) parsed(requests []string) []*x509.CertificateRequest {
	f.t.Helper()
	var all []*x509.CertificateRequest
	for _, text := range requests {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			f.t.Fatalf("a request is no PEM: %q", text)
		}
		request, err := x509.ParseCertificateRequest(block.Bytes)
		f.must(err)
		all = append(all, request)
	}
	return all
}

// has reports whether the cluster has an object of the charm, such as
// "Secret/gateway-api-integrator-secret-a.example.com".
func (f *fixture) has(object string) bool {
	f.t.Helper()
	objects, err := f.Objects(f.ctx, charm)
	f.must(err)
	return slices.Contains(objects, object)
}

// action is `juju run charm/0 action`, which must complete.
func (f *fixture) action(unit, name string) map[string]string {
	f.t.Helper()
	result, err := f.Juju.RunAction(f.ctx, unit, name, nil)
	f.must(err)
	if result.Status != "completed" {
		f.t.Fatalf("action %s is %s: %s", name, result.Status, result.Message)
	}
	return result.Results
}

// labelled are the Juju secrets whose labels begin with the prefix.
func (f *fixture) labelled(prefix string) []jujutest.Secret {
	return slices.DeleteFunc(f.Juju.Secrets(), func(s jujutest.Secret) bool { return !strings.HasPrefix(s.Label, prefix) })
}

// await lets real time pass, in which certificates grow old. Nothing else can be
// waited for.
func (f *fixture) await(at time.Time) {
	f.t.Helper()
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.ctx.Done():
		f.t.Fatal(errors.New("the test is over before its time"))
	}
}

// A clock is Juju's, which can be set forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// reach sets the clock forward to a time, if it has not come yet.
func (c *clock) reach(at time.Time) {
	if ahead := int64(time.Until(at)); ahead > c.ahead.Load() {
		c.ahead.Store(ahead)
	}
}

// of makes the clock that of a model.
func (c *clock) of(o *lab.Options) { o.Now = c.now }

// newSubdomains deploys the charm with a host for each application, under a domain
// named after the model, and an authority.
func newSubdomains(t *testing.T, model string, options ...func(*lab.Options)) *fixture {
	t.Helper()
	return newFixture(t, model, map[string]any{"external-hostname": model + ".example.com", "routing-mode": "subdomain"}, options...).withAuthority()
}

// host is the host of an application of a model with newSubdomains.
func (f *fixture) host(app string) string {
	return f.Model + "-" + app + "." + f.Model + ".example.com"
}

func labels(secrets []jujutest.Secret) []string {
	var all []string
	for _, secret := range secrets {
		all = append(all, secret.Label)
	}
	return all
}
