package ingress_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
)

var historyLine = regexp.MustCompile(`(?m)^patch (\d+) (pydantic\d) ([^:]+): (?:app=({.*}) unit=({.*})|EXC .*)$`)

// TestHistory reads what every version of the requirer library wrote. Patches 1 and 2 wrote plain
// text under the keys of version 2; these are refused.
func TestHistory(t *testing.T) {
	t.Parallel()
	lines := historyLine.FindAllStringSubmatch(recorded.Text(t, "testdata/ingress_history.txt"), -1)
	if len(lines) != 66 {
		t.Fatalf("%d lines, want 66", len(lines))
	}
	want := map[string]ingress.Application{
		"plain":          {Scheme: ingress.HTTP},
		"strip+redirect": {Scheme: ingress.HTTP, StripPrefix: true, RedirectHTTPS: true},
		"https":          {Scheme: ingress.HTTPS},
	}
	for _, line := range lines {
		patch, kind := line[1], line[3]
		t.Run("patch "+patch+" "+line[2]+" "+kind, func(t *testing.T) {
			t.Parallel()
			old := patch == "1" || patch == "2"
			if line[4] == "" {
				if !old || kind != "https" {
					t.Fatal("nothing was recorded")
				}
				return // Those patches know no scheme.
			}
			app, err := ingress.ParseApplication(recorded.Bag(t, line[4]))
			unit, unitErr := ingress.ParseUnit(recorded.Bag(t, line[5]))
			if old {
				var invalid *ingress.InvalidError
				if !errors.As(err, &invalid) || !errors.As(unitErr, &invalid) {
					t.Fatalf("plain text was not refused: %v, %v", err, unitErr)
				}
				return
			}
			if err != nil || unitErr != nil {
				t.Fatal(err, unitErr)
			}
			want := want[kind]
			want.Version, want.Model, want.Name, want.Port = 2, "my-model", "myapp", 8080
			if diff := cmp.Diff(want, app); diff != "" {
				t.Errorf("application (-want +got):\n%s", diff)
			}
			if _, ok := recorded.Bag(t, line[5])["ip"]; unit.Host != "localhost" || unit.IP.IsValid() != ok {
				t.Errorf("unit = %+v", unit)
			}
		})
	}
}

var requirerBags = regexp.MustCompile(`   app =({.*})\n   unit=({.*})`)

// TestRequirers reads what the requirers of today write.
func TestRequirers(t *testing.T) {
	t.Parallel()
	plain := ingress.Application{Version: 2, Model: "my-model", Name: "myapp", Port: 8080, Scheme: ingress.HTTP}
	with := func(change func(*ingress.Application)) *ingress.Application {
		app := plain
		change(&app)
		return &app
	}
	want := map[string]*ingress.Application{ // nil: not written yet
		"v2.19 port only":  &plain,
		"v2.19 non-leader": nil,
		"v2.19 all opts": with(func(app *ingress.Application) {
			app.Scheme, app.StripPrefix, app.RedirectHTTPS = ingress.HTTPS, true, true
			app.HealthCheck = &ingress.HealthCheck{Path: "/health", Port: 9000, Interval: "10s", Timeout: "5s"}
		}),
		"v2.19 scheme h2c": with(func(app *ingress.Application) { app.Port, app.Scheme = 50051, ingress.H2C }),
		"v2.19 hc path only": with(func(app *ingress.Application) {
			app.HealthCheck = &ingress.HealthCheck{Path: "/", Interval: "30s", Timeout: "5s"}
		}),
		"v2.19 ipv6":             &plain,
		"v2.19 no port":          nil,
		"v2.21 relation_created": nil,
		"v2.21 relation_changed": &plain,
		"v1":                     with(func(app *ingress.Application) { app.Version, app.Host = 1, "localhost" }),
		"v1 all": with(func(app *ingress.Application) {
			app.Version, app.Host = 1, "foo.bar"
			app.StripPrefix, app.RedirectHTTPS = true, true
		}),
	}
	for _, block := range recorded.Section(t, "testdata/ingress_requirer.txt", "REQUIRER") {
		bags := requirerBags.FindStringSubmatch(block.Text)
		if bags == nil {
			if !strings.Contains(block.Name, "port 65535 EXC") {
				t.Errorf("block %q has no bags", block.Name)
			}
			continue
		}
		want, known := want[block.Name]
		t.Run(block.Name, func(t *testing.T) {
			t.Parallel()
			if !known {
				t.Fatal("block unknown to this test")
			}
			app, err := ingress.ParseApplication(recorded.Bag(t, bags[1]))
			if want == nil {
				if !errors.Is(err, ingress.ErrNotWritten) {
					t.Errorf("got %+v, %v, want ErrNotWritten", app, err)
				}
			} else if diff := cmp.Diff(*want, app); err != nil || diff != "" {
				t.Errorf("error %v, application (-want +got):\n%s", err, diff)
			}
			// Juju's own keys alone are not unit data.
			unitBag := recorded.Bag(t, bags[2])
			unit, err := ingress.ParseUnit(unitBag)
			if _, written := unitBag["host"]; !written {
				if !errors.Is(err, ingress.ErrNotWritten) {
					t.Errorf("unit %+v, %v, want ErrNotWritten", unit, err)
				}
			} else if err != nil || !unit.IP.IsValid() {
				t.Errorf("unit %+v, %v", unit, err)
			}
		})
	}
}

// TestPublish compares what we publish with what the Python provider published.
func TestPublish(t *testing.T) {
	t.Parallel()
	for _, block := range recorded.Section(t, "testdata/ingress_provider.txt", "publish normalization") {
		t.Run(block.Name, func(t *testing.T) {
			t.Parallel()
			raw := strings.Trim(strings.TrimPrefix(block.Name, "url "), "'")
			_, local, found := strings.Cut(block.Text, "local_app= ")
			if !found {
				t.Fatal("nothing was recorded")
			}
			want := recorded.Bag(t, local)
			url, err := ingress.NormalizeURL(raw)
			if raw == "http://münchen.example/x" {
				// The caller makes the punycode, because the standard library cannot.
				if err == nil {
					t.Fatalf("got %q, want an error", url)
				}
				url, err = ingress.NormalizeURL("http://xn--mnchen-3ya.example/x")
			}
			if len(want) == 0 {
				if err == nil {
					t.Errorf("got %q, want an error", url)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := ingress.EncodeURL(url)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
			if back, err := ingress.ParseURL(got); err != nil || back != url {
				t.Errorf("read back %q, %v, want %q", back, err, url)
			}
		})
	}
}
