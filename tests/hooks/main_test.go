package hooks

import (
	"archive/zip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

var update = flag.Bool("update", false, "write the files that stories compare with anew")

// stage is what all stories have in common.
type stage struct {
	cluster *cluster.Cluster
	charm   string // directory of the unpacked charm
}

// shared is set before the first story.
var shared stage

func TestMain(m *testing.M) {
	os.Exit(lab.MainOn(cluster.Options{Progress: os.Stderr, BriskTraefik: true}, func(c *cluster.Cluster) (int, error) { return run(m, c) }))
}

// run makes what the stories share besides the cluster, and takes it away after them.
func run(m *testing.M, c *cluster.Cluster) (code int, err error) {
	flag.Parse()
	directory, err := os.MkdirTemp("", "stories-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	// testscript makes its directories there, and leaves them when -run leaves
	// out a story.
	if err := os.Setenv("GOTMPDIR", directory); err != nil {
		return 0, err
	}
	unpacked := filepath.Join(directory, "charm")
	if err := unpack(lab.CharmFile(), unpacked); err != nil {
		return 0, fmt.Errorf("cannot unpack the charm: %w", err)
	}
	shared = stage{cluster: c, charm: unpacked}
	return m.Run(), nil
}

// unpack writes the files of a packed charm to the directory.
func unpack(file, directory string) error {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer archive.Close()
	for _, entry := range archive.File {
		if entry.Mode().IsDir() {
			continue
		}
		if err := unpackFile(entry, filepath.Join(directory, filepath.FromSlash(entry.Name))); err != nil {
			return err
		}
	}
	return nil
}

func unpackFile(entry *zip.File, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	content, err := entry.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, entry.Mode().Perm())
}

// TestScripts plays the stories that share the cluster peacefully, in parallel.
// It is not parallel itself, so that all of them end before TestAlone.
func TestScripts(t *testing.T) {
	testscript.Run(t, params("testdata"))
}

// TestAlone plays, one after the other, the stories that take away from the
// cluster what every other needs.
func TestAlone(t *testing.T) {
	testscript.RunT(sequential{t}, params(filepath.Join("testdata", "alone")))
}

func params(directory string) testscript.Params {
	return testscript.Params{
		Dir:                 directory,
		Setup:               setup,
		Cmds:                words(),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	}
}

// sequential is a test whose stories do not run in parallel: testscript always
// asks for that.
type sequential struct{ *testing.T }

func (s sequential) Parallel() {}

func (s sequential) Run(name string, story func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { story(sequential{t}) })
}

func (s sequential) Verbose() bool { return testing.Verbose() }
