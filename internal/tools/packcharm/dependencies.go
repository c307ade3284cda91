package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// A dependency is one Go module whose code is in the program.
type dependency struct {
	path, version string
	sum           string   // as in go.sum: "h1:…"
	licenses      []string // SPDX identifiers, sorted
	texts         []licenseText
}

// A licenseText is one file of a module that its licence wants passed on.
type licenseText struct {
	name    string // within the module: "LICENSE", "internal/forked/LICENSE"
	content []byte
}

// compatible are the licences under which code may be part of a program that is
// under the Apache License 2.0 and is given to anybody. Another one is a
// decision for people, so packing stops there.
var compatible = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

// Files with terms or notices have such a name, or lie in a directory for them.
var (
	licenseFile      = regexp.MustCompile(`(?i)(^|[._-])(licen[cs]es?|unlicen[cs]e|copying|copyright|notice)([._-]|$)`)
	licenseDirectory = regexp.MustCompile(`(?i)(^|/)licen[cs]es/[^/]+$`)
)

// wellKnown is how much of a file, in percent, has to be the text of known licences: the
// rest is names and years. What is added to a licence may take back what it grants.
const wellKnown = 90

// dependenciesOf reads from a program which modules are in it, and from Go's
// module cache under which licences they are. root is a directory of the
// program's module; its go.sum says what the cache must hold.
func dependenciesOf(ctx context.Context, root string, program []byte) ([]dependency, error) {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return nil, fmt.Errorf("cannot read what is in the program: %w", err)
	}
	// Go's own library is under the licence of the golang.org/x modules.
	all := []dependency{{path: "std", version: strings.TrimPrefix(info.GoVersion, "go"), licenses: []string{"BSD-3-Clause"}}}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		all = append(all, dependency{path: module.Path, version: module.Version, sum: module.Sum})
	}
	directories, err := moduleDirectories(ctx, root, all[1:])
	if err != nil {
		return nil, err
	}
	for i := range all[1:] {
		one := &all[i+1]
		if err := one.readLicenses(directories[one.path]); err != nil {
			return nil, fmt.Errorf("cannot tell the licence of %s: %w", one.path, err)
		}
	}
	return all, nil
}

// moduleDirectories returns where the modules lie in the module cache, by path.
func moduleDirectories(ctx context.Context, root string, modules []dependency) (map[string]string, error) {
	directories := map[string]string{}
	if len(modules) == 0 {
		return directories, nil
	}
	args := []string{"mod", "download", "-json"}
	for _, module := range modules {
		args = append(args, module.path+"@"+module.version)
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = root
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot find the modules: %w\n%s%s", err, output, stderr.String())
	}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var module struct{ Path, Dir string }
		err := decoder.Decode(&module)
		if errors.Is(err, io.EOF) {
			return directories, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot find the modules: %w", err)
		}
		directories[module.Path] = module.Dir
	}
}

// readLicenses collects the licence files of a module, also those of code that it
// took from others, and what they are.
func (d *dependency) readLicenses(directory string) error {
	return d.readLicenseFiles(os.DirFS(directory))
}

func (d *dependency) readLicenseFiles(module fs.FS) error {
	err := fs.WalkDir(module, ".", func(path string, file fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file.IsDir() && (file.Name() == "testdata" || file.Name() == "vendor"):
			return fs.SkipDir
		case file.IsDir() || strings.HasSuffix(path, ".go"):
			return nil
		case !licenseFile.MatchString(filepath.Base(path)) && !licenseDirectory.MatchString(path):
			return nil
		}
		content, err := fs.ReadFile(module, path)
		if err != nil {
			return err
		}
		d.texts = append(d.texts, licenseText{name: path, content: content})
		known, notice := licensecheck.Scan(content), strings.HasPrefix(strings.ToLower(file.Name()), "notice")
		switch {
		case notice:
		case len(known.Match) == 0:
			return fmt.Errorf("%s is none that is known", path)
		case known.Percent < wellKnown:
			return fmt.Errorf("%s has other terms beside what is known: %.0f %% of it is", path, known.Percent)
		}
		for _, match := range known.Match { // An address of a licence is one, too.
			if !slices.Contains(d.licenses, match.ID) {
				d.licenses = append(d.licenses, match.ID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(d.licenses)
	if len(d.licenses) == 0 {
		return fmt.Errorf("no file of it says so")
	}
	for _, license := range d.licenses {
		if !slices.Contains(compatible, license) {
			return fmt.Errorf("%s is not among %s", license, strings.Join(compatible, ", "))
		}
	}
	return nil
}

// licenseTexts is what has to go with the program: the licences and notices of
// all that is in it, each text once.
func licenseTexts(dependencies []dependency) []byte {
	type group struct {
		of      []string
		content []byte
	}
	var groups []group
	for _, dependency := range dependencies {
		for _, text := range dependency.texts {
			name := dependency.path + " " + dependency.version + ": " + text.name
			i := slices.IndexFunc(groups, func(g group) bool { return bytes.Equal(g.content, text.content) })
			if i < 0 {
				i = len(groups)
				groups = append(groups, group{content: text.content})
			}
			groups[i].of = append(groups[i].of, name)
		}
	}
	var out bytes.Buffer
	out.WriteString("The program in this charm holds code of others. These are their terms, as they stand in\nthe files named.\n")
	for _, group := range groups {
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(group.of, "\n"), bytes.TrimSpace(group.content))
	}
	return out.Bytes()
}
