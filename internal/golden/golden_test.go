package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// base is what the patches below change.
const base = `
application: gateway
model: prod
config: {externalHostname: web.example.com}
requirers:
- {relationID: 7, application: shop, name: shop, port: 80, hosts: [a, b]}
- {relationID: 9, application: blog, name: blog, port: 81}
cluster:
  gateway:
    metadata: {name: gateway, annotations: {juju.is/settings: old}}
    status:
      conditions:
      - {type: Accepted, status: "True"}
      - {type: Programmed, status: "True"}
`

// write makes a directory of golden cases, and returns the path of the case that is called case.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "base"), 0o755); err != nil {
		t.Fatal(err)
	}
	files["base/plain.yaml"] = base
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "case"+suffix)
}

// TestPatches shows each thing that a patch can say.
func TestPatches(t *testing.T) {
	t.Parallel()
	for patch, change := range map[string]func(*state.State){
		"": func(*state.State) {},
		"config.externalHostname: other.example.com": func(s *state.State) { s.Config.ExternalHostname = "other.example.com" },
		"config.externalHostname: null":              func(s *state.State) { s.Config.ExternalHostname = "" },
		"config: {enforceHTTPS: true}":               func(s *state.State) { s.Config.EnforceHTTPS = true },
		"cluster.gateway: null":                      func(s *state.State) { s.Cluster.Gateway = nil },
		"requirers[shop].port: 8080":                 func(s *state.State) { s.Requirers[0].Port = 8080 },
		"requirers[1].port: 8080":                    func(s *state.State) { s.Requirers[1].Port = 8080 },
		"requirers[*].port: 8080":                    func(s *state.State) { s.Requirers[0].Port, s.Requirers[1].Port = 8080, 8080 },
		"requirers[shop]: null":                      func(s *state.State) { s.Requirers = s.Requirers[1:] },
		"requirers[shop].hosts: [c]":                 func(s *state.State) { s.Requirers[0].Hosts = []string{"c"} },
		"requirers[shop].hosts[1]: c":                func(s *state.State) { s.Requirers[0].Hosts[1] = "c" },
		"requirers[shop].hosts[+]: [c, d]":           func(s *state.State) { s.Requirers[0].Hosts = []string{"a", "b", "c", "d"} },
		"requirers[+]: {relationID: 11, application: news}": func(s *state.State) {
			s.Requirers = append(s.Requirers, state.Requirer{RelationID: 11, Application: "news"})
		},
		"requirers[+]: {like: blog, application: news, hosts: [c]}\nrequirers[news].port: 82": func(s *state.State) {
			s.Requirers = append(s.Requirers, state.Requirer{Application: "news", Name: "blog", RelationID: 9, Port: 82, Hosts: []string{"c"}})
		},
		"cluster.gateway.metadata.annotations: {juju.is/settings: new}": func(s *state.State) {
			s.Cluster.Gateway.Annotations["juju.is/settings"] = "new"
		},
		"cluster.gateway:\n  metadata.name: other\n  status.conditions[Accepted].status: Unknown": func(s *state.State) {
			s.Cluster.Gateway.Name, s.Cluster.Gateway.Status.Conditions[0].Status = "other", "Unknown"
		},
	} {
		got, err := Load(write(t, map[string]string{"case.in.yaml": "# A comment.\nfrom: plain\n" + patch}))
		if err != nil {
			t.Errorf("%s: %v", patch, err)
			continue
		}
		want, err := Load(write(t, map[string]string{"case.in.yaml": "from: plain"}))
		if err != nil {
			t.Fatal(err)
		}
		if change(&want); cmp.Diff(want, got) != "" {
			t.Errorf("%s (-want +got):\n%s", patch, cmp.Diff(want, got))
		}
	}
}

// TestMistakes shows what a case cannot mean, and what is said of it.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                                 "no mapping",
		"config.enforceHTTPS: no":                          "its first key has to be from: NAME",
		"from: nothing":                                    `case.in.yaml: from "nothing": there has to be either such a base or such a case`,
		"from: both":                                       `case.in.yaml: from "both": there has to be either such a base or such a case`,
		"from: other":                                      "case.in.yaml changes nothing in the case other",
		"from: third\nmodel: m":                            "is too far from a base",
		"from: derived":                                    "is a base, and comes from another",
		"from: plain\nfrom: plain\n":                       `unknown field "from"`,
		"from: plain\nmodel: m\nmodel: n":                  "case.in.yaml:3: model: it is there twice",
		"from: plain\nmodel: prod":                         "case.in.yaml:2: model: it changes nothing",
		"from: plain\nrequirers[*].port: 80":               "case.in.yaml:2: requirers[*].port: element 0: it changes nothing",
		"from: plain\nrequirers[+]: []":                    "it changes nothing",
		"from: plain\nconfig: {}":                          "it changes nothing",
		"from: plain\nmodle: m":                            `unknown field "modle"`,
		"from: plain\nrequirers[shop].prot: 1":             `unknown field "prot"`,
		"from: plain\nrequirers[shop].port: many":          "cannot take",
		"from: plain\ncluster.gatway.metadata.name: m":     "case.in.yaml:2: cluster.gatway.metadata.name: there is no gatway",
		"from: plain\ncluster.routes: null":                "case.in.yaml:2: cluster.routes: there is no routes",
		"from: plain\nrequirers[news].port: 1":             `no element is called news; there are ["shop" "blog"]`,
		"from: plain\nrequirers[2]: null":                  "there is no element 2 of 2",
		"from: plain\nrequirers[+].port: 1":                "the path goes on after [+]",
		"from: plain\nrequirers[+]: {like: news, port: 1}": "no element is called news",
		"from: plain\nrequirers[+]: {like: blog}":          "it changes nothing",
		"from: plain\nrequirers[0].application: blog\nrequirers[blog]: null":  "two elements are called blog: say [0] or [1]",
		"from: plain\nrequirers.port: 1":                                      "what should have the field port is no mapping",
		"from: plain\nconfig[shop]: 1":                                        "what should have an element [shop] is no list",
		"from: plain\nrequirers[shop].hosts: []\nrequirers[shop].hosts[*]: a": "the list is empty",
		"from: plain\nconfig.: 1":                                             "no path: fields are separated by dots",
		"from: plain\n[0].a: 1":                                               "did not find expected",
		"from: plain\n'[0].a': 1":                                             "no path: it begins with a field",
		"from: plain\nrequirers[0: 1":                                         "a bracket is not closed",
		"from: plain\ncluster.gateway.metadata.labels: {a.b: c}":              "case.in.yaml:2: a.b: a path, where nothing is yet that it could lead to",
		"from: plain\ncluster.gateway.metadata.labels: {a: null}":             "null, where nothing is that it could remove",
		"from: plain\nconfig: &x {enforceHTTPS: true}\ncertificates: *x":      "neither aliases nor anchors are read",
	} {
		_, err := Load(write(t, map[string]string{
			"case.in.yaml": text, "other.in.yaml": "from: plain\nmodel: m", "second.in.yaml": "from: other\nmodel: n",
			"third.in.yaml": "from: second\nmodel: o", "both.in.yaml": "from: plain", "base/both.yaml": base, "base/derived.yaml": "from: plain",
		}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestInputsOfAnEmptyDirectory(t *testing.T) {
	t.Parallel()
	if found, err := Inputs(t.TempDir()); err == nil {
		t.Errorf("found %q", found)
	}
}
