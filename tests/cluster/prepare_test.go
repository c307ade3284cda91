package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFollowBuild(t *testing.T) {
	t.Parallel()
	output := strings.Join([]string{
		"go: downloading example.com/a v1.0.0",
		"example.com/a",
		"example.com/b",
		"# example.com/b",
		"b.go:3:1: undefined: x",
	}, "\n")
	line := &progressLine{}
	complaints := followBuild(strings.NewReader(output), 5, line)
	if want := "# example.com/b\nb.go:3:1: undefined: x"; complaints != want {
		t.Errorf("complaints %q, want %q", complaints, want)
	}
	if want := "package 2 of 5"; line.state != want {
		t.Errorf("the line says %q, want %q", line.state, want)
	}
}

func TestIsThere(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	p := program{name: "etcd", output: filepath.Join(directory, "etcd"), stamp: "one\n"}
	steps := []struct {
		what string
		do   func() error
		want bool
	}{
		{"nothing is there", func() error { return nil }, false},
		{"only the program", func() error { return os.WriteFile(p.output, nil, 0o755) }, false},
		{"with its stamp", func() error { return os.WriteFile(p.stampFile(), []byte("one\n"), 0o644) }, true},
		{"with another stamp", func() error { return os.WriteFile(p.stampFile(), []byte("two\n"), 0o644) }, false},
		{"from its wheel", func() error {
			p.wheel = &wheel{sums: map[string]string{runtime.GOARCH: "two\n"}}
			return nil
		}, true},
		{"from another wheel", func() error { p.wheel.sums = map[string]string{runtime.GOARCH: "three\n"}; return nil }, false},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := p.isThere(); got != step.want {
			t.Errorf("%s: there is %v, want %v", step.what, got, step.want)
		}
	}
}

// TestStampTellsSourcesApart changes each thing that a program is built from.
func TestStampTellsSourcesApart(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "a")
	write("go.sum", "b")
	p := program{name: "etcd", module: "controlplane", pkg: "example.com/etcd", source: directory}
	seen := map[string]bool{}
	note := func(goVersion string) {
		t.Helper()
		stamp, err := p.makeStamp(goVersion)
		if err != nil {
			t.Fatal(err)
		}
		if seen[stamp] {
			t.Errorf("stamp %q does not tell the change", stamp)
		}
		seen[stamp] = true
	}
	note("go1.26.0")
	note("go1.26.1")
	p.ldflags = "-s"
	note("go1.26.1")
	p.tags = "generic"
	note("go1.26.1")
	p.wheel = traefikWheel(traefikVersion)
	note("go1.26.1")
	write("go.sum", "c")
	note("go1.26.1")
	write("go.mod", "module d\n\ngo 1.26.0\n\nrequire e v1.0.0\n")
	note("go1.26.1")

	// Which Go it is that builds is told by its version, and not by what go.mod asks for.
	write("go.mod", "module d\n\ngo 1.26.0\n\ntoolchain go1.26.5\n\nrequire e v1.0.0\n")
	if stamp, err := p.makeStamp("go1.26.1"); err != nil || !seen[stamp] {
		t.Errorf("with a toolchain line the stamp is %q, %v", stamp, err)
	}
}

func TestLockIsHeldByOne(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	unlock, err := lock(t.Context(), directory, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := lock(hasty, directory, t.Output()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("locking twice: error %v, want the deadline's", err)
	}
	unlock()
	unlock, err = lock(t.Context(), directory, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestReadAudit(t *testing.T) {
	t.Parallel()
	log := strings.Join([]string{
		`{"stage":"ResponseComplete","verb":"get","user":{"username":"me"},"requestURI":"/api/v1/pods/a","objectRef":{"resource":"pods","namespace":"n","name":"a"},"responseStatus":{"code":404}}`,
		`{"stage":"ResponseComplete","verb":"get","user":{"username":"you"},"requestURI":"/api"}`,
		`{"stage":"ResponseStarted","verb":"watch","user":{"username":"me"},"requestURI":"/api/v1/pods?watch=1","objectRef":{"resource":"pods"},"responseStatus":{"code":200}}`,
		`{"stage":"ResponseComplete","verb":"watch","user":{"username":"me"},"requestURI":"/api/v1/pods?watch=1","objectRef":{"resource":"pods"},"responseStatus":{"code":200}}`,
		`{"stage":"ResponseComplete","verb":"patch","user":{"username":"me"},"objectRef":{"resource":"gateways","subresource":"status","apiGroup":"g"},"responseStatus":{"code":200}}`,
		`{"stage":"ResponseComplete","verb":"ge`,
	}, "\n")
	got, err := readAudit(strings.NewReader(log), "me")
	if err != nil {
		t.Fatal(err)
	}
	want := []Request{
		{User: "me", Verb: "get", Resource: "pods", Namespace: "n", Name: "a", URI: "/api/v1/pods/a", Code: 404},
		{User: "me", Verb: "watch", Resource: "pods", URI: "/api/v1/pods?watch=1", Code: 200},
		{User: "me", Verb: "patch", Group: "g", Resource: "gateways", Subresource: "status", Code: 200},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	whats := []string{}
	for _, request := range got {
		whats = append(whats, request.what())
	}
	if diff := cmp.Diff([]string{"get pods", "watch pods", "patch gateways/status"}, whats); diff != "" {
		t.Errorf("what was asked (-want +got):\n%s", diff)
	}
	if _, err := readAudit(strings.NewReader("no JSON\n"), "me"); err == nil {
		t.Error("a line that is no JSON was read")
	}
}

// TestPollKeepsTheReason has a check fail for a reason before time is up.
func TestPollKeepsTheReason(t *testing.T) {
	t.Parallel()
	reason := errors.New("not there yet")
	err := poll(t.Context(), 20*time.Millisecond, time.Millisecond, func(ctx context.Context) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return reason
	})
	if !errors.Is(err, reason) {
		t.Errorf("got error %v, want the reason in it", err)
	}
}
