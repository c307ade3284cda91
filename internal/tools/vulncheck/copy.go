package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A source is a Go module that has the database's entries as files, one version of it.
type source struct {
	path, version string
	sum           string // of its files, as in a go.sum
}

// copied is the copy that is looked up where the database cannot be reached. Its version
// says of which day it is.
var copied = source{
	path:    "golang.org/x/vulndb",
	version: "v0.0.0-20261105234957-e22db6528018",
	sum:     "h1:mfngRv0Yoh0VApsXKEN82CjD99kl7mtparN3bs3JnqI=",
}

// into writes the database into a directory, as govulncheck reads it.
func (s source) into(ctx context.Context, directory string) error {
	module, err := s.download(ctx)
	if err != nil {
		return err
	}
	return writeDatabase(filepath.Join(module, "data", "osv"), directory)
}

// download returns where the module lies in the module cache.
func (s source) download(ctx context.Context) (string, error) {
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", s.path+"@"+s.version)
	command.Dir = os.TempDir() // Outside any module: none requires it.
	// The sum is compared here, so no checksum database need be reached.
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GONOSUMDB="+s.path)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	var answer struct{ Dir, Sum, Error string }
	if decodeErr := json.Unmarshal(output, &answer); err != nil || decodeErr != nil || answer.Error != "" {
		return "", fmt.Errorf("go mod download: %s%s", answer.Error, stderr.String())
	}
	if answer.Sum != s.sum {
		return "", fmt.Errorf("%s %s has the sum %s, and not %s", s.path, s.version, answer.Sum, s.sum)
	}
	return answer.Dir, nil
}

// writeDatabase makes a database (https://go.dev/security/vuln/database) of the entries in
// a directory: the entries as they are, and an index by module.
func writeDatabase(entries, directory string) error {
	type inModule struct {
		ID       string `json:"id"`
		Modified string `json:"modified"`
	}
	type module struct {
		Path  string     `json:"path"`
		Vulns []inModule `json:"vulns"`
	}
	files, err := filepath.Glob(filepath.Join(entries, "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("the copy has no entries")
	}
	for _, name := range []string{"ID", "index"} {
		if err := os.MkdirAll(filepath.Join(directory, name), 0o755); err != nil {
			return err
		}
	}
	index, places := []module{}, map[string]int{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var entry struct {
			ID, Modified string
			Affected     []struct{ Package struct{ Name string } }
		}
		if err := json.Unmarshal(content, &entry); err != nil || entry.ID+".json" != filepath.Base(file) {
			return fmt.Errorf("%s is no entry: %w", filepath.Base(file), errors.Join(err, errors.New("the name is another")))
		}
		if err := os.WriteFile(filepath.Join(directory, "ID", filepath.Base(file)), content, 0o644); err != nil {
			return err
		}
		for _, affected := range entry.Affected {
			path := affected.Package.Name
			if _, known := places[path]; !known {
				places[path] = len(index)
				index = append(index, module{Path: path})
			}
			place := &index[places[path]]
			if n := len(place.Vulns); n == 0 || place.Vulns[n-1].ID != entry.ID {
				place.Vulns = append(place.Vulns, inModule{entry.ID, strings.TrimSpace(entry.Modified)})
			}
		}
	}
	content, err := json.Marshal(index)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(directory, "index", "modules.json"), content, 0o644); err != nil {
		return err
	}
	// Entries of the copy tell no time; nobody asks for it.
	return os.WriteFile(filepath.Join(directory, "index", "db.json"), []byte(`{"modified":"0001-01-01T00:00:00Z"}`), 0o644)
}
