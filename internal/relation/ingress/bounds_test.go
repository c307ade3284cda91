package ingress_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
)

func TestBounds(t *testing.T) {
	t.Parallel()
	long := `"` + strings.Repeat("x", 64<<10) + `"`
	huge := with("other", strings.Repeat("x", 5<<20))
	many := with()
	for i := range 1001 {
		many[fmt.Sprint("key", i)] = ""
	}
	for name, c := range map[string]struct {
		bag  bag
		want string
	}{
		"name":    {with("name", long), "name: longer than 65536 bytes"},
		"scheme":  {with("scheme", long), "scheme: longer than 65536 bytes"},
		"bag":     {huge, "databag has 5242912 bytes, more than 4194304"},
		"keys":    {many, "databag has 1004 keys, more than 1000"},
		"excerpt": {with("port", strings.Repeat("9", 1000)), portError(`"` + strings.Repeat("9", 40) + `"...`)},
		"nesting": {with("port", strings.Repeat("[", 30_000)), portError(`"` + strings.Repeat("[", 40) + `"...`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ingress.ParseApplication(c.bag)
			if message(err) != c.want {
				t.Errorf("error %q, want %q", message(err), c.want)
			}
		})
	}
	t.Run("at the bound", func(t *testing.T) {
		t.Parallel()
		// Their length is not what is wrong with them.
		most := long[1:len(long)-3] + `"`
		if _, err := ingress.ParseApplication(with("name", `"`+most)); message(err) != "name: longer than 63 characters" {
			t.Errorf("name: %v", err)
		}
		u, err := ingress.ParseUnit(unit("ip", `"`+most))
		if err != nil || len(u.Remarks) != 1 || !strings.HasPrefix(u.Remarks[0], "ip: not an IP address; ignored") {
			t.Errorf("ip: %+v, %v", u, err)
		}
	})
	t.Run("port of a health check", func(t *testing.T) {
		t.Parallel()
		for port, want := range map[string]int{
			"1": 1, "65535": 65535, `"1"`: 1, `"65535"`: 65535,
			"0": 0, "65536": 0, `"0"`: 0, `"65536"`: 0, `"-1"`: 0, `"a"`: 0, `""`: 0, "true": 0,
		} {
			app, err := ingress.ParseApplication(with("healthcheck_params", `{"path": "/", "port": `+port+`}`))
			if err != nil || (app.HealthCheck != nil) != (want > 0) || want > 0 && app.HealthCheck.Port != want {
				t.Errorf("port %s: %+v, %v", port, app.HealthCheck, err)
			}
		}
	})
	t.Run("health check", func(t *testing.T) {
		t.Parallel()
		app, err := ingress.ParseApplication(with("healthcheck_params", `{"path": `+long+`}`))
		if err != nil || app.HealthCheck != nil || len(app.Remarks) != 1 {
			t.Errorf("got %v, %v, %q, want it ignored with a remark", app.HealthCheck, err, app.Remarks)
		}
	})
	t.Run("unit", func(t *testing.T) {
		t.Parallel()
		if _, err := ingress.ParseUnit(unit("host", long)); message(err) != "host: longer than 65536 bytes" {
			t.Errorf("host: %v", err)
		}
		if u, err := ingress.ParseUnit(unit("ip", long)); err != nil || u.IP.IsValid() || len(u.Remarks) != 1 {
			t.Errorf("ip: %+v, %v", u, err)
		}
		if _, err := ingress.ParseUnit(huge); err == nil {
			t.Error("a huge bag was taken")
		}
	})
}

func FuzzParseApplication(f *testing.F) {
	for _, b := range recordedBags(f) {
		f.Add(b["model"], b["name"], b["port"], b["strip-prefix"], b["scheme"], b["healthcheck_params"], b["host"])
	}
	f.Add(`"m"`, `"web"`, "8080", "true", `"h2c"`, `{"path": "/", "port": "80"}`, "")
	f.Add("m", "web/0", "80", "", "", "", "localhost")
	f.Add(`"../x"`, `"café"`, "1e3", "2", "[]", `"{}"`, `"a\nb"`)
	name := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	f.Fuzz(func(t *testing.T, model, app, port, flag, scheme, healthCheck, host string) {
		b := bag{"model": model, "name": app, "port": port, "strip-prefix": flag, "scheme": scheme, "healthcheck_params": healthCheck, "host": host}
		for key, value := range b {
			if value == "" { // Juju holds no empty values.
				delete(b, key)
			}
		}
		got, err := ingress.ParseApplication(b)
		if err != nil {
			checkError(t, err)
			return
		}
		if !name.MatchString(got.Model) || !name.MatchString(got.Name) || got.Port < 1 || got.Port > 65535 {
			t.Errorf("taken: %+v", got)
		}
		if got.Scheme != ingress.HTTP && got.Scheme != ingress.HTTPS && got.Scheme != ingress.H2C {
			t.Errorf("taken: scheme %q", got.Scheme)
		}
		if strings.ContainsAny(got.Host, "\r\n \"/") || got.Version != 1 && got.Version != 2 {
			t.Errorf("taken: %+v", got)
		}
	})
}

// recordedBags are all databags of the recordings, of both sides.
func recordedBags(f *testing.F) []map[string]string {
	f.Helper()
	var bags []map[string]string
	for _, name := range []string{"history", "requirer", "provider"} {
		bags = append(bags, recorded.Bags(f, recorded.Text(f, "testdata/ingress_"+name+".txt"))...)
	}
	return bags
}

func FuzzParseUnit(f *testing.F) {
	for _, b := range recordedBags(f) {
		f.Add(b["host"], b["ip"])
	}
	f.Add(`"web-0.web-endpoints.m.svc.cluster.local"`, `"10.1.2.3"`)
	f.Add(`"localhost"`, "null")
	f.Add("raw", `"fe80::1%eth0"`)
	f.Fuzz(func(t *testing.T, host, ip string) {
		got, err := ingress.ParseUnit(bag{"host": host, "ip": ip})
		if err != nil {
			checkError(t, err)
			return
		}
		if len(got.Host) > 253 || strings.ContainsAny(got.Host, "\r\n \"/") {
			t.Errorf("taken: host %q", got.Host)
		}
		if got.IP.IsValid() && (got.IP.Zone() != "" || got.IP.IsLoopback() || got.IP.Is4In6()) {
			t.Errorf("taken: ip %v", got.IP)
		}
	})
}

// checkError checks that an error is of a kind that callers know, and fit to show.
func checkError(t *testing.T, err error) {
	t.Helper()
	var invalid *ingress.InvalidError
	if !errors.As(err, &invalid) && !errors.Is(err, ingress.ErrNotWritten) {
		t.Errorf("error of type %T: %v", err, err)
	}
	text := err.Error()
	if len(text) > 400 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("error not fit to show: %q", text)
	}
}
