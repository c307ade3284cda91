package e2e_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// The flags of these tests: go test ./e2e -args -data-plane=envoy.
var (
	dataPlane  = flag.String("data-plane", string(cluster.Traefik), "what serves Gateways: traefik or envoy")
	clusterDir = flag.String("cluster-dir", "", "where the cluster's data and logs go, and stay")
)

// toldTwice are the stories that are told on Envoy as well as on Traefik: those in
// which a data plane has something to say, in about two minutes. The rest is told on
// Traefik alone, for the reasons in docs/reference/controllers.md.
var toldTwice = []string{
	"TestAddHostWhilePending", "TestCAReplaced", "TestCertificatesOptional", "TestCrossModel",
	"TestDomainChanged", "TestEnforceSwitched", "TestGatewayRoute", "TestGatewayRouteInClear", "TestH2C",
	"TestHTTPS", "TestHostChange", "TestIssuedExpired", "TestLeaderAndPodLoss", "TestNoChange",
	"TestOneBadApplication", "TestPlainHTTP", "TestPort443", "TestProviderFallsSilent",
	"TestProviderReplaced", "TestRedirectOne", "TestRefresh", "TestRefreshBack", "TestRemoveHost", "TestRevocation", "TestRotation",
	"TestRoutingSwitched", "TestRoutingSwitchedInClear", "TestTLSBackend", "TestTLSBackendOfAnotherModel", "TestTLSBackendOfOldProvider", "TestTLSBackendOverHTTP",
	"TestTLSBackendRotation", "TestTLSBackendUnits", "TestTakeOver", "TestTakeOverCertificates",
	"TestUnitsOfAnotherModel", "TestUnitsOfOurModel", "TestWithdrawal",
}

// chooseDataPlane reads the flags. With Envoy the stories that are told twice run,
// unless -run says which.
func chooseDataPlane() cluster.DataPlane {
	flag.Parse()
	if run := flag.Lookup("test.run"); onEnvoy() && run.Value.String() == "" {
		_ = run.Value.Set("^(" + strings.Join(toldTwice, "|") + ")$")
	}
	return cluster.DataPlane(*dataPlane)
}

func onEnvoy() bool { return cluster.DataPlane(*dataPlane) == cluster.Envoy }

// here is a text that has the address of a Gateway of Traefik's, with that of the
// model's: on Envoy each Gateway has an address of its own.
func (f *fixture) here(text string) string {
	return strings.ReplaceAll(text, "10.43.45.1", f.Address())
}

// routed accepts what a client is answered while one route takes the place of another,
// or the names in the policy of a Service change: what the application says; and on
// Envoy, which hears of the parts in any order, 503.
func routed(response lab.Response) error {
	if response.Code == 503 && onEnvoy() {
		return nil
	}
	return lab.Succeeds(response)
}

// watchReplaced is like watch for a URL whose HTTPRoute is replaced by another.
func (f *fixture) watchReplaced(story, url string) *watch {
	f.t.Helper()
	f.awaitAnswer(url, 200)
	w := &watch{Probes: &lab.Probes{All: []*lab.Probe{f.ProbeWith(url, f.ca.Pool(), routed)}}, f: f, story: story}
	f.t.Cleanup(w.Stop)
	return w
}

// unverified is the answer for an application whose certificate the data plane does
// not accept.
func unverified() int {
	if onEnvoy() {
		return 503
	}
	return 500
}

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	toldRow      = regexp.MustCompile(`(?m)^\|.*\| (Test\w+) \|.*✓.*\| ✓.*\|$`)
	alone        = regexp.MustCompile("`(Test\\w+)(…?)`")
)

// notStories are tests of the tests.
var notStories = []string{"TestToldTwice", "TestObeyTakesNoOrders"}

// TestToldTwice keeps docs/reference/controllers.md true: what it says was proven on
// Envoy is what runs there, and every other story is told why it does not.
func TestToldTwice(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "controllers.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := []string{}
	for _, found := range toldRow.FindAllStringSubmatch(string(page), -1) {
		rows = append(rows, found[1])
	}
	slices.Sort(rows)
	if told := slices.Sorted(slices.Values(toldTwice)); !slices.Equal(rows, told) {
		t.Errorf("the page says that these are told on Envoy:\n%v\nand these are:\n%v", rows, told)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	stories := []string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range testFunction.FindAllStringSubmatch(string(content), -1) {
			stories = append(stories, found[1])
		}
	}
	for _, name := range toldTwice {
		if !slices.Contains(stories, name) {
			t.Errorf("there is no story %s", name)
		}
	}
	reasons := alone.FindAllStringSubmatch(string(page), -1)
	for _, name := range stories {
		explained := slices.ContainsFunc(reasons, func(found []string) bool {
			return name == found[1] || (found[2] != "" && strings.HasPrefix(name, found[1]))
		})
		if !slices.Contains(toldTwice, name) && !slices.Contains(notStories, name) && !explained {
			t.Errorf("the page does not say why %s is told on Traefik alone; or let it be told twice", name)
		}
	}
}
