package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// copied lists the files that go into the charm exactly as they stand in the
// charm's directory, and whether a charm can be packed without them.
var copied = []struct {
	name     string
	required bool
}{
	{"LICENSE", true},
	{"README.md", false},
	{"actions.yaml", true},
	{"config.yaml", true},
	{"icon.svg", false},
	{"metadata.yaml", true},
}

// entry is one file of the charm.
type entry struct {
	name    string
	mode    fs.FileMode
	content []byte
}

// pack builds the charm for one platform and returns the zip's bytes.
func pack(ctx context.Context, charm project, platform string) ([]byte, error) {
	arch, err := charm.architecture(platform)
	if err != nil {
		return nil, err
	}
	entries, err := copiedEntries(charm.root)
	if err != nil {
		return nil, err
	}
	manifest, err := manifestFor(charm.base, arch)
	if err != nil {
		return nil, err
	}
	version, err := describe(ctx, charm.root)
	if err != nil {
		return nil, err
	}
	program, err := build(ctx, charm.root, "./cmd/"+charm.name, arch)
	if err != nil {
		return nil, err
	}
	supply, err := supplyEntries(ctx, charm.root, charm.name, version, program)
	if err != nil {
		return nil, err
	}
	entries = append(entries, supply...)
	entries = append(
		entries,
		entry{"dispatch", 0o755, program},
		entry{"manifest.yaml", 0o644, manifest},
		entry{"version", 0o644, []byte(version + "\n")},
	)
	return archive(entries)
}

// supplyEntries are the files that say what the program is made of.
func supplyEntries(ctx context.Context, root, name, version string, program []byte) ([]entry, error) {
	dependencies, err := dependenciesOf(ctx, root, program)
	if err != nil {
		return nil, err
	}
	bom, err := sbom(name, version, dependencies)
	if err != nil {
		return nil, err
	}
	return []entry{
		{"sbom.cdx.json", 0o644, bom},
		{"third-party-licenses.txt", 0o644, licenseTexts(dependencies)},
	}, nil
}

func copiedEntries(root string) ([]entry, error) {
	var entries []entry
	for _, file := range copied {
		content, err := os.ReadFile(filepath.Join(root, file.name))
		if errors.Is(err, fs.ErrNotExist) && !file.required {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", file.name, err)
		}
		entries = append(entries, entry{file.name, 0o644, content})
	}
	return entries, nil
}

// manifestFor returns manifest.yaml:
//
//	bases:
//	    - architectures:
//	        - amd64
//	      channel: "24.04"
//	      name: ubuntu
//
// charmcraft also writes its own version and the time; this is not charmcraft,
// a time would change the bytes, and Juju reads the bases only.
func manifestFor(base base, arch string) ([]byte, error) {
	content, err := yaml.Marshal(map[string]any{
		"bases": []map[string]any{{
			"name":          base.name,
			"channel":       base.channel,
			"architectures": []string{arch},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot write manifest: %w", err)
	}
	return content, nil
}

// archive writes entries into a zip: sorted by name, all of one time.
func archive(entries []entry) ([]byte, error) {
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	// The first moment that a zip can tell.
	modified := time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

	var out bytes.Buffer
	writer := zip.NewWriter(&out)
	writer.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, entry := range entries {
		header := &zip.FileHeader{Name: entry.name, Method: zip.Deflate, Modified: modified}
		header.SetMode(entry.mode)
		file, err := writer.CreateHeader(header)
		if err != nil {
			return nil, fmt.Errorf("cannot add %s: %w", entry.name, err)
		}
		if _, err := file.Write(entry.content); err != nil {
			return nil, fmt.Errorf("cannot add %s: %w", entry.name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("cannot finish zip: %w", err)
	}
	return out.Bytes(), nil
}
