package gocharm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// toolbox is a directory with stand-ins for hook tools, which write down what
// they are given. See testdata/tool.
type toolbox struct {
	t    *testing.T
	dir  string // on PATH
	temp string // for the runner's temporary files
}

func newToolbox(t *testing.T, tools ...string) toolbox {
	t.Helper()
	b := toolbox{t: t, dir: t.TempDir(), temp: t.TempDir()}
	script, err := filepath.Abs("testdata/tool")
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		// A link, because a file just written may be "busy" for a moment.
		if err := os.Symlink(script, filepath.Join(b.dir, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// env returns a getenv that has the toolbox on PATH.
func (b toolbox) env(entries ...string) func(string) string {
	return environ(append([]string{"PATH=" + b.dir, "TMPDIR=" + b.temp}, entries...)...)
}

// processes returns the runner for the toolbox.
func (b toolbox) processes() *processRunner {
	b.t.Helper()
	return newProcessRunner(b.env())
}

// answer has the tools answer so.
func (b toolbox) answer(stdout, stderr, code string) {
	b.t.Helper()
	for name, text := range map[string]string{"stdout": stdout, "stderr": stderr, "code": code} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

// read returns what the tools wrote down, "" if nothing.
func (b toolbox) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Fatal(err)
	}
	return string(data)
}

// wantNoFiles fails the test if the runner has left anything behind.
func (b toolbox) wantNoFiles() {
	b.t.Helper()
	left, err := os.ReadDir(b.temp)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(left) > 0 {
		b.t.Errorf("temporary files left: %v", left)
	}
}

func TestProcessRun(t *testing.T) {
	t.Parallel()
	b := newToolbox(t, "relation-set")
	b.answer("out\n", "a warning", "0")
	stdout, err := b.processes().Run(t.Context(), Call{
		Tool: "relation-set", Args: []string{"-r", "gateway:3", "two\nlines", "", "$(x) *"}, Stdin: []byte("data"),
	})
	if err != nil || string(stdout) != "out\n" {
		t.Errorf("got %q, error %v", stdout, err)
	}
	if got, want := b.read("argv"), "<relation-set>\n<-r>\n<gateway:3>\n<two\nlines>\n<>\n<$(x) *>\n"; got != want {
		t.Errorf("argv: got %q, want %q", got, want)
	}
	if got := b.read("stdin"); got != "data" {
		t.Errorf("stdin: got %q", got)
	}
	if got := b.read("context"); got != "gateway-api-integrator/0-hook-9f\n" {
		t.Errorf("JUJU_CONTEXT_ID: got %q", got)
	}
}

func TestProcessSecretContent(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN PRIVATE KEY-----\nMIIE=\n-----END PRIVATE KEY-----\n"
	call := Call{Tool: "secret-add", Args: []string{"--label=key"}, Content: map[string]string{"private-key": key, "password": "hunter2"}}
	check := func(t *testing.T, b toolbox) {
		t.Helper()
		argv := b.read("argv")
		for _, secret := range []string{key, "PRIVATE", "MIIE", "hunter2"} {
			if strings.Contains(argv, secret) {
				t.Errorf("%q is on the command line: %s", secret, argv)
			}
		}
		lines := strings.Split(strings.TrimSpace(argv), "\n")
		if len(lines) != 4 || lines[1] != "<--label=key>" ||
			!strings.HasPrefix(lines[2], "<password#file=/proc/") || !strings.HasPrefix(lines[3], "<private-key#file=/proc/") {
			t.Errorf("argv: got %q", lines)
		}
		if got := b.read("content-private-key"); got != key {
			t.Errorf("private-key: got %q", got)
		}
		if got := b.read("content-password"); got != "hunter2" {
			t.Errorf("password: got %q", got)
		}
		if got := b.read("modes"); got != "600\n600\n" {
			t.Errorf("modes: got %q", got)
		}
		b.wantNoFiles()
	}

	t.Run("success", func(t *testing.T) {
		t.Parallel()
		b := newToolbox(t, "secret-add")
		b.answer("secret:cpkj\n", "", "0")
		if stdout, err := b.processes().Run(t.Context(), call); err != nil || string(stdout) != "secret:cpkj\n" {
			t.Errorf("got %q, error %v", stdout, err)
		}
		check(t, b)
	})
	t.Run("failure", func(t *testing.T) {
		t.Parallel()
		b := newToolbox(t, "secret-add")
		b.answer("", "ERROR key value \"password=hunter2\" not valid\n", "1")
		_, err := b.processes().Run(t.Context(), call)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got error %v", err)
		}
		check(t, b)
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		b := newToolbox(t, "secret-add")
		b.answer("", "", "0")
		if err := os.WriteFile(filepath.Join(b.dir, "hang"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer cancel()
			for {
				if _, err := os.Stat(filepath.Join(b.dir, "started")); err == nil || t.Context().Err() != nil {
					// Were we killed now, this is what would stay.
					b.wantNoFiles()
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		if _, err := b.processes().Run(ctx, call); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want cancelled", err)
		}
		check(t, b)
	})
	t.Run("no directory", func(t *testing.T) {
		t.Parallel()
		b := newToolbox(t, "secret-add")
		p := b.processes()
		p.tempDir = filepath.Join(b.temp, "none")
		if _, err := p.Run(t.Context(), call); !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got error %v, want that there is no directory", err)
		}
		if argv := b.read("argv"); argv != "" {
			t.Errorf("the tool was run: %s", argv)
		}
	})
}

func TestRunRefusesCall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		call Call
	}{
		{"path for a tool", Call{Tool: "../tool"}},
		{"no tool", Call{}},
		{"key with a path", Call{Tool: "secret-add", Content: map[string]string{"../../etc": "hunter2"}}},
		{"key too short", Call{Tool: "secret-add", Content: map[string]string{"ab": "hunter2"}}},
		{"key with a suffix", Call{Tool: "secret-add", Content: map[string]string{"abc#file": "hunter2"}}},
		{"no value", Call{Tool: "secret-add", Content: map[string]string{"abc": "", "abd": "hunter2"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newToolbox(t, "secret-add")
			agent := newAgent(t, func(AgentRequest, *AgentResponse) error { return nil })
			for _, r := range []Runner{b.processes(), agent.runner(b)} {
				if _, err := r.Run(t.Context(), test.call); err == nil || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%T: got error %v", r, err)
				}
			}
			if argv := b.read("argv"); argv != "" || len(agent.requests()) > 0 {
				t.Errorf("a tool was run: %s %v", argv, agent.requests())
			}
			b.wantNoFiles()
		})
	}
}

func TestProcessFailure(t *testing.T) {
	t.Parallel()
	b := newToolbox(t, "relation-get")
	b.answer("ignored", "WARNING x\nERROR invalid value \"gateway:9\" for option -r: relation not found\n", "2")
	_, err := b.processes().Run(t.Context(), Call{Tool: "relation-get"})
	var tool *ToolError
	if !errors.As(err, &tool) || tool.Tool != "relation-get" || tool.Code != 2 || !errors.Is(err, ErrRelationGone) {
		t.Errorf("got error %#v", err)
	}
	b.answer("", "", "3")
	if _, err := b.processes().Run(t.Context(), Call{Tool: "relation-get"}); err == nil || err.Error() != "relation-get: exit status 3" {
		t.Errorf("silent failure: got %v", err)
	}
}

func TestProcessMissingTool(t *testing.T) {
	t.Parallel()
	b := newToolbox(t, "relation-get")
	if err := os.Mkdir(filepath.Join(b.dir, "is-leader"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "config-get"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"relation-model-get", "is-leader", "config-get"} {
		if _, err := b.processes().Run(t.Context(), Call{Tool: tool}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: got error %v, want unsupported", tool, err)
		}
	}
	// The directory before on PATH lacks it, the one after has it.
	later := newProcessRunner(environ("PATH=.::" + b.temp + ":" + b.dir))
	if _, err := later.Run(t.Context(), Call{Tool: "relation-get"}); err != nil {
		t.Errorf("tool in a later directory: %v", err)
	}
	relative := newProcessRunner(environ("PATH=testdata"))
	if _, err := relative.Run(t.Context(), Call{Tool: "tool"}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("tool in a relative directory: got error %v, want unsupported", err)
	}
}
