package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is one of the database: a function of Go's library that is weak until a version.
func entry(id, fixed string) string {
	return fmt.Sprintf(`{"schema_version": "1.3.1", "id": %q, "modified": "2026-01-02T00:00:00Z", "published": "2026-01-02T00:00:00Z",
"summary": "it prints", "details": "It prints.", "affected": [{"package": {"name": "stdlib", "ecosystem": "Go"},
"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": %q}]}],
"ecosystem_specific": {"imports": [{"path": "fmt", "symbols": ["Println"]}]}}]}`, id, fixed)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRunOnACopy has the real govulncheck look up a small program in databases that were
// made of entries.
func TestRunOnACopy(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module example.com/small\n\ngo 1.26.0\n\ntoolchain go1.26.11\n")
	write(t, filepath.Join(root, "main.go"), "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }\n")
	tests := map[string]struct{ fixed, out, err string }{
		"mended in this Go":             {fixed: "1.20.0", out: "nothing found"},
		"mended in no Go that there is": {fixed: "1.999.0", err: "GO-2026-0001: it prints (stdlib v1."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries, database := t.TempDir(), t.TempDir()
			write(t, filepath.Join(entries, "GO-2026-0001.json"), entry("GO-2026-0001", test.fixed))
			if err := writeDatabase(entries, database); err != nil {
				t.Fatal(err)
			}
			var stdout bytes.Buffer
			err := run(t.Context(), []string{"-root", root, "-db", "file://" + database}, &stdout)
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got error %v, want %q", err, test.err)
			}
			if !strings.HasPrefix(stdout.String(), test.out) {
				t.Errorf("got %q, want %q", stdout.String(), test.out)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/index/db.json" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
	}))
	if err := unreachable(t.Context(), server.URL); err != nil {
		t.Errorf("a database that answers: %v", err)
	}
	status = http.StatusForbidden
	if err := unreachable(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("one that refuses: %v", err)
	}
	server.Close()
	if unreachable(t.Context(), server.URL) == nil {
		t.Error("one that is not there is there")
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	library := func(mended string) weakness {
		return weakness{id: "GO-1", module: "stdlib", found: "v1.26.8", mended: mended}
	}
	tests := map[string]struct {
		one       weakness
		at, asked string
		wait      bool
	}{
		"the Go that is asked for has it":   {one: library("v1.26.9"), at: "go1.26.8", asked: "go1.26.11", wait: true},
		"that very Go has":                  {one: library("v1.26.11"), at: "go1.26.8", asked: "go1.26.11", wait: true},
		"a newer one has":                   {one: library("v1.26.12"), at: "go1.26.8", asked: "go1.26.11"},
		"no Go has":                         {one: library(""), at: "go1.26.8", asked: "go1.26.11"},
		"none is asked for":                 {one: library("v1.26.9"), at: "go1.26.8"},
		"the Go at hand should have it":     {one: library("v1.26.9"), at: "go1.26.9", asked: "go1.26.11"},
		"a module, whatever its version is": {one: weakness{id: "GO-1", module: "golang.org/x/net", mended: "v1.26.9"}, at: "go1.26.8", asked: "go1.26.11"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mend, wait := judge([]weakness{test.one}, test.at, test.asked)
			if len(mend)+len(wait) != 1 || (len(wait) == 1) != test.wait {
				t.Errorf("mend %v, wait %v", mend, wait)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, version, err := parse([]byte(`{"config": {"go_version": "go1.26.8"}}
{"osv": {"id": "GO-2", "summary": "two"}}
{"finding": {"osv": "GO-1", "fixed_version": "v1.0.0", "trace": [{"module": "a", "version": "v0.9.0"}]}}
{"finding": {"osv": "GO-2", "trace": [{"module": "b", "version": "v0.1.0"}]}}
{"finding": {"osv": "GO-2", "trace": [{"module": "b", "version": "v0.1.0", "function": "F"}, {"module": "c"}]}}`))
	want := []weakness{{id: "GO-2", summary: "two", module: "b", found: "v0.1.0"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(weakness{})); diff != "" || version != "go1.26.8" || err != nil {
		t.Errorf("version %q, %v (-want +got):\n%s", version, err, diff)
	}
	if got := table(got); got != "GO-2: two (b v0.1.0, mended by nobody yet)" {
		t.Errorf("told as %q", got)
	}
	for _, bad := range []string{"", "{}", `{"config": {"go_version": "go1.26.8"}} x`} {
		if _, _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestCopyOfAnotherSumIsRefused(t *testing.T) {
	t.Parallel()
	// A module that the tools need anyway, under a sum that it has not.
	other := source{path: "github.com/google/go-cmp", version: "v0.7.0", sum: copied.sum}
	if err := other.into(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "has the sum h1:") {
		t.Errorf("got %v", err)
	}
}

func TestWriteDatabaseRefuses(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"none": "", "no JSON": "{", "another's name": `{"id": "GO-2026-0002"}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries := t.TempDir()
			if content != "" {
				write(t, filepath.Join(entries, "GO-2026-0001.json"), content)
			}
			if err := writeDatabase(entries, t.TempDir()); err == nil {
				t.Error("a database was made")
			}
		})
	}
}
