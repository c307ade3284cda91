package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestCrowd: an application names thirty hosts, and thirty others, five times. Although its
// relation is older, others keep their hosts, and it does not use up the rate limit of the
// authority.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const domain = ".crowd.example.com"
	f := newFixture(t, "crowd", map[string]any{"external-hostname": "shop" + domain}).withAuthority()
	web := f.app("web", 8080, nil)
	alpha := f.configurator("alpha", "crowd", "alpha"+domain)
	f.configurator("beta", "crowd", "beta"+domain)
	f.awaitStatus("active", active)
	watched := f.watch("an older neighbour that names thirty hosts", web.URL(charm), "https://beta"+domain+"/beta")

	asked := []string{"alpha" + domain}
	issued := func() (all int) {
		for _, host := range asked {
			all += len(f.ca.Issued(host))
		}
		return all
	}
	for write := range 5 {
		names := []string{}
		for i := range 30 {
			names = append(names, fmt.Sprintf("w%d-%02d%s", write, i, domain))
		}
		f.ask(alpha, names[0], names[1:]...)
		if write == 0 {
			f.awaitStatusBeginning("active alpha: 22 of 30 hosts left out: w0-08")
			f.awaitAnswer("https://"+names[7]+"/alpha", 200)
		}
		asked = append(asked, names...)
	}
	if got := issued(); got != 16 {
		t.Errorf("%d certificates are issued for an application that has named %d hosts", got, len(asked))
	}
	if listeners := f.listenersBeside("shop" + domain); listeners != 8+2 { // over HTTP, and beta over HTTPS
		t.Errorf("%d listeners are for applications with routes of their own", listeners)
	}
	if log := f.log.String(); !strings.Contains(log, "it has had certificates for 16 new hosts requested within an hour") {
		t.Error("the log does not say that alpha has spent its share")
	}

	// Back and forth is no way round it.
	for i := range 10 {
		f.ask(alpha, asked[i%2])
	}
	if got := issued(); got != 16 {
		t.Errorf("%d certificates are issued after it has changed one name ten times", got)
	}
	f.awaitStatusBeginning("active alpha: new certificates from ")

	// Who comes now has its certificate at once, and a hook that finds all as it should be
	// leaves it alone.
	f.configurator("gamma", "crowd", "gamma"+domain)
	f.awaitAnswer("https://gamma"+domain+"/gamma", 200)
	f.ownCertificate("gamma" + domain)
	if requests, all := f.atRest(); all > 8 {
		t.Errorf("a hook that changes nothing sends %d requests: %v", all, requests)
	}
	watched.end()
}

// listenersBeside counts the Gateway's listeners for other hosts.
func (f *fixture) listenersBeside(host string) int {
	f.t.Helper()
	gateway, err := shared.Dynamic().Resource(ourGateways).Namespace(f.Model).Get(f.ctx, charm, metav1.GetOptions{})
	f.must(err)
	listeners, _, err := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
	f.must(err)
	return len(slices.DeleteFunc(listeners, func(listener any) bool {
		return listener.(map[string]any)["hostname"] == host
	}))
}
