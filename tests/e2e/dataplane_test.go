package e2e_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// The flags of these tests: go test ./e2e -args -data-plane=envoy.
var (
	dataPlane  = flag.String("data-plane", string(cluster.Traefik), "what serves Gateways: traefik or envoy")
	clusterDir = flag.String("cluster-dir", "", "where the cluster's data and logs go, and stay")
)

// onTraefikAlone are the stories that are not told on Envoy, with the reasons, as the
// page docs/reference/controllers.md has them. All others are told on both.
var onTraefikAlone = map[string]string{
	"TestTwoInstances": "with Envoy the test ground gives each model one address, and two Gateways have two",
}

// chooseDataPlane reads the flags. With Envoy the stories for Traefik alone are left out,
// unless -run or -skip say which.
func chooseDataPlane() cluster.DataPlane {
	flag.Parse()
	run, skip := flag.Lookup("test.run").Value, flag.Lookup("test.skip").Value
	if onEnvoy() && len(onTraefikAlone) > 0 && run.String() == "" && skip.String() == "" {
		_ = skip.Set("^(" + strings.Join(slices.Sorted(maps.Keys(onTraefikAlone)), "|") + ")$")
	}
	return cluster.DataPlane(*dataPlane)
}

// class is the GatewayClass that there is.
func class() string {
	if onEnvoy() {
		return cluster.EnvoyClass
	}
	return cluster.TraefikClass
}

func onEnvoy() bool { return cluster.DataPlane(*dataPlane) == cluster.Envoy }

// addressOfTraefik is that address, and not the beginning of another.
var addressOfTraefik = regexp.MustCompile(`10\.43\.45\.1\b`)

// here is a text that has the address of a Gateway of Traefik's, with that of the
// model's: on Envoy each Gateway has an address of its own.
func (f *fixture) here(text string) string {
	return addressOfTraefik.ReplaceAllString(text, f.Address())
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

// watchReplaced is like watch for URLs whose HTTPRoutes are replaced by others.
func (f *fixture) watchReplaced(story string, urls ...string) *watch {
	f.t.Helper()
	w := &watch{Probes: &lab.Probes{}, f: f, story: story}
	for _, url := range urls {
		f.awaitAnswer(url, 200)
		w.All = append(w.All, f.ProbeWith(url, f.ca.Pool(), routed))
	}
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
	toldRow      = regexp.MustCompile(`(?m)^\|.*\| ([^|]*) \| ✓[^|]*\| ✓[^|]*\|$`)
	aloneRow     = regexp.MustCompile("(?m)^\\| `(Test\\w+)` \\| (.*) \\|$")
	testName     = regexp.MustCompile(`Test\w+`)
)

// notStories are tests of the tests.
var notStories = []string{"TestToldTwice", "TestObeyTakesNoOrders", "TestImitation"}

// TestToldTwice keeps docs/reference/controllers.md true: what it says was proven on
// Envoy is what runs there, and every other story is told why it does not.
func TestToldTwice(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "controllers.md"))
	if err != nil {
		t.Fatal(err)
	}
	told, alone := []string{}, map[string]string{}
	for _, row := range toldRow.FindAllStringSubmatch(string(page), -1) {
		told = append(told, testName.FindAllString(row[1], -1)...)
	}
	for _, row := range aloneRow.FindAllStringSubmatch(string(page), -1) {
		alone[row[1]] = row[2]
	}
	if diff := cmp.Diff(onTraefikAlone, alone); diff != "" {
		t.Errorf("what is told on Traefik alone, and why (-here +on the page):\n%s", diff)
	}
	stories := slices.DeleteFunc(allTests(t), func(name string) bool { return slices.Contains(notStories, name) })
	for name := range onTraefikAlone {
		if !slices.Contains(stories, name) {
			t.Errorf("there is no story %s", name)
		}
	}
	both := slices.DeleteFunc(stories, func(name string) bool { return onTraefikAlone[name] != "" })
	slices.Sort(both)
	slices.Sort(told)
	if diff := cmp.Diff(both, told); diff != "" {
		t.Errorf("what is told on both (-here +on the page):\n%s", diff)
	}
}

// allTests names the tests of this package.
func allTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range testFunction.FindAllStringSubmatch(string(content), -1) {
			all = append(all, found[1])
		}
	}
	return all
}
