package main

import (
	"bytes"
	"go/version"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/tools/toolchain"
)

func TestJudgeGo(t *testing.T) {
	t.Parallel()
	const asked = "go1.26.11"
	tests := map[string]struct {
		got    string
		remark string
		err    string
	}{
		"the one asked for":           {got: "go1.26.11"},
		"a newer patch":               {got: "go1.26.12"},
		"a newer Go":                  {got: "go1.27.0"},
		"with experiments":            {got: "go1.26.11 X:jsonv2"},
		"of a distribution":           {got: "go1.26.11-debian"},
		"the oldest that is packed":   {got: oldestGo, remark: "LEFT OUT: the newest Go: the charm is packed with " + oldestGo + ", and go.mod asks for go1.26.11"},
		"the next one, and no string": {got: "go1.26.9", remark: "LEFT OUT: "},
		"too old":                     {got: "go1.26.7", err: "cannot pack with go1.26.7"},
		"too old, with experiments":   {got: "go1.26.7 X:jsonv2", err: "cannot pack with go1.26.7"},
		"the first of its line":       {got: "go1.26.0", err: "want " + oldestGo + " or newer; GOTOOLCHAIN=auto"},
		"not even that":               {got: "go1.26rc1", err: "cannot pack with go1.26rc1"},
		"an older line's newest":      {got: "go1.25.99", err: "cannot pack"},
		"no release":                  {got: "devel go1.27-abcdef", err: "no release of Go"},
		"nothing":                     {got: "", err: "no release of Go"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remark, err := judgeGo(test.got, asked)
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got error %v, want one that says %q", err, test.err)
			}
			if (remark != "") != (test.remark != "") || !strings.HasPrefix(remark, test.remark) {
				t.Errorf("got remark %q, want %q", remark, test.remark)
			}
		})
	}
	if remark, err := judgeGo(oldestGo, ""); remark != "" || err != nil {
		t.Errorf("where nothing is asked for: %q, %v", remark, err)
	}
}

// TestOldestGoIsOneThatIsAskedFor holds the two versions of this repository together.
func TestOldestGoIsOneThatIsAskedFor(t *testing.T) {
	t.Parallel()
	asked, err := toolchain.AskedFor(repository)
	if err != nil {
		t.Fatal(err)
	}
	if version.Lang(asked) != version.Lang(oldestGo) || version.Compare(asked, oldestGo) < 0 {
		t.Errorf("go.mod asks for %q, and the packer for %s", asked, oldestGo)
	}
}

// TestOldGoPacksNothing has a go command that says it is an old one.
func TestOldGoPacksNothing(t *testing.T) {
	root, out, path := t.TempDir(), t.TempDir(), t.TempDir()
	smallCharm(t, root)
	if err := os.WriteFile(filepath.Join(path, "go"), []byte("#!/bin/sh\necho go1.26.5\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", path+string(os.PathListSeparator)+os.Getenv("PATH"))
	err := run(t.Context(), []string{"-root", root, "-out", out}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "cannot pack with go1.26.5") {
		t.Errorf("got error %v", err)
	}
	if files, err := os.ReadDir(out); err != nil || len(files) != 0 {
		t.Errorf("the old Go has packed %v, %v", files, err)
	}
}

// TestRunTellsOfOlderGo packs with the Go at hand where a newer one is asked for.
func TestRunTellsOfOlderGo(t *testing.T) {
	t.Parallel()
	root, out := t.TempDir(), t.TempDir()
	smallCharm(t, root)
	writeFiles(t, root, map[string]string{"go.mod": "module example.com/small\n\ngo 1.26.0\n"})
	program, err := build(t.Context(), root, "./cmd/small", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	got, err := goVersionOf(program)
	if err != nil {
		t.Fatal(err)
	}
	if told, err := goVersion(t.Context(), root); err != nil || told != got {
		t.Errorf("the go command says %q, %v, and the program %q", told, err, got)
	}
	// Both ways of packing say it. The line may not send Go for one that nobody has.
	writeFiles(t, out, map[string]string{"dispatch": string(program), "go.mod": "module example.com/small\n\ntoolchain go1.999.0\n"})
	charm := project{root: out, name: "small"}
	var stdout bytes.Buffer
	if err := writeSupply(t.Context(), charm, out, &stdout); err != nil {
		t.Fatal(err)
	}
	if want := "LEFT OUT: the newest Go: the charm is packed with " + got + ", and go.mod asks for go1.999.0"; !strings.HasPrefix(stdout.String(), want) {
		t.Errorf("got %q, want %q", stdout.String(), want)
	}
}
