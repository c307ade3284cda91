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
	dataPlane  = flag.String("data-plane", string(cluster.Traefik), "what serves Gateways: "+cluster.DataPlanes())
	clusterDir = flag.String("cluster-dir", "", "where the cluster's data and logs go, and stay")
	differing  = flag.Bool("differing", false, "leave out the stories that are the same on all data planes")
)

// untoldStories are those that are not told on a data plane, with the reasons, as the page
// docs/reference/controllers.md has them. All others are told on each.
var untoldStories = map[cluster.DataPlane]map[string]string{
	cluster.Traefik:   {"TestAddressPool": noPools},
	cluster.Traefik37: {"TestAddressPool": noPools},
	cluster.Envoy:     {"TestTwoInstances": ownAddresses, "TestAddressPool": noPools},
	cluster.Cilium: {
		"TestTwoInstances":             ownAddresses,
		"TestTLSBackend":               noTLS,
		"TestTLSBackendOfAnotherModel": noTLS,
		"TestTLSBackendOfOldProvider":  noTLS,
		"TestTLSBackendOneUnit":        noTLS,
		"TestTLSBackendOverHTTP":       noTLS,
		"TestTLSBackendRotation":       noTLS,
		"TestTLSBackendScaled":         noTLS,
		"TestTLSBackendSixUnits":       noTLS,
		"TestTLSBackendUnits":          noTLS,
	},
	cluster.Cilium120: {"TestTwoInstances": ownAddresses},
}

const (
	ownAddresses = "the test ground gives each model one address there, and two Gateways have two"
	noPools      = "its addresses come from no pools"
	noTLS        = "it speaks no TLS to applications before 1.20"
)

// alikeStories are about Juju, authorities and the charm, whatever the data plane. make test tells them
// on Traefik alone.
const alikeStories = "Renewal|RenewalOutlivesAFailedCommit|Expired|IssuedExpired|NotYetValid|Garbage|UnusualHosts|" +
	"ToldOnEach|Imitation|Withdrawal|OwnDataAreTrusted|ObeyTakesNoOrders|ControllerModel|ModelsOfOneName|SameNameTwice|" +
	"Crowd|Denied|Ghosts|Processes|Leader.*|Provider(Errors|FallsSilent)|Refused(Renewal|Replacement)|" +
	"RevokedWhile.*|RotationTwice|TakeOverCertificates|Status(Without.*|Of(Options|Records|Applications|Standby))"

// chooseDataPlane reads the flags. The stories that are not told on the data plane are left
// out, unless -run or -skip say which.
func chooseDataPlane() cluster.DataPlane {
	flag.Parse()
	plane := cluster.DataPlane(*dataPlane)
	run, skip := flag.Lookup("test.run").Value, flag.Lookup("test.skip").Value
	untold := slices.Sorted(maps.Keys(untoldStories[plane]))
	if *differing {
		untold = append(untold, "Test("+alikeStories+")")
	}
	if len(untold) > 0 && run.String() == "" && skip.String() == "" {
		_ = skip.Set("^(" + strings.Join(untold, "|") + ")$")
	}
	return plane
}

// traits are those of the data plane: what the stories have to know of it.
func traits() cluster.Traits { return cluster.DataPlane(*dataPlane).Traits() }

// class is the GatewayClass that there is.
func class() string { return traits().Class }

// addressOfTraefik is that address, and not the beginning of another.
var addressOfTraefik = regexp.MustCompile(`10\.43\.45\.1\b`)

// here is a text that has the address of a Gateway of Traefik's, with that of the
// model's: elsewhere each Gateway has an address of its own.
func (f *fixture) here(text string) string {
	return addressOfTraefik.ReplaceAllString(text, f.Address())
}

// routed accepts what a client is answered while one route takes the place of another,
// or the names in the policy of a Service change: what the application says; and 503
// where the data plane hears of the parts in any order.
func routed(response lab.Response) error {
	if response.Code == 503 && traits().LateParts {
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

// planes are the data planes as the page calls them. Those that make test runs come first:
// they are its columns, from left to right.
var planes = []struct {
	title string
	plane cluster.DataPlane
}{
	{"Traefik", cluster.Traefik},
	{"Envoy", cluster.Envoy},
	{"Cilium", cluster.Cilium},
	{"Traefik 3.7", cluster.Traefik37},
	{"Cilium 1.20", cluster.Cilium120},
}

const columns = 3

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	toldRow      = regexp.MustCompile(`(?m)^\|[^|]*\| ([^|]*Test[^|]*) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$`)
	untoldRow    = regexp.MustCompile("(?m)^\\| `(Test\\w+)` \\| ([^|]*) \\| (.*) \\|$")
	testName     = regexp.MustCompile(`Test\w+`)
)

// notStories are tests of the tests.
var notStories = []string{"TestToldOnEach", "TestObeyTakesNoOrders", "TestImitation"}

// TestToldOnEach keeps docs/reference/controllers.md true: the stories that it says were proven on
// a data plane run there, and it has a reason for every other story.
func TestToldOnEach(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "controllers.md"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[cluster.DataPlane][]string{}
	for _, row := range toldRow.FindAllStringSubmatch(string(page), -1) {
		for i, column := range planes[:columns] {
			if strings.HasPrefix(row[2+i], "✓") {
				told[column.plane] = append(told[column.plane], testName.FindAllString(row[1], -1)...)
			}
		}
	}
	untold := map[cluster.DataPlane]map[string]string{}
	for _, row := range untoldRow.FindAllStringSubmatch(string(page), -1) {
		for _, column := range planes {
			if !slices.Contains(strings.Split(row[2], ", "), column.title) {
				continue
			}
			if untold[column.plane] == nil {
				untold[column.plane] = map[string]string{}
			}
			untold[column.plane][row[1]] = row[3]
		}
	}
	if diff := cmp.Diff(untoldStories, untold); diff != "" {
		t.Errorf("what is not told, and why (-here +on the page):\n%s", diff)
	}
	stories := slices.DeleteFunc(allTests(t), func(name string) bool { return slices.Contains(notStories, name) })
	slices.Sort(stories)
	for _, column := range planes[:columns] {
		here := slices.Clone(stories)
		for name := range untoldStories[column.plane] {
			if !slices.Contains(stories, name) {
				t.Errorf("there is no story %s", name)
			}
			here = slices.DeleteFunc(here, func(story string) bool { return story == name })
		}
		slices.Sort(told[column.plane])
		if diff := cmp.Diff(here, told[column.plane]); diff != "" {
			t.Errorf("what is told on %s (-here +on the page):\n%s", column.title, diff)
		}
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
