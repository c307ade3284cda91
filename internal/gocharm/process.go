package gocharm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// pipeDelay is how long a tool's output may stay open after the tool has ended or was
// killed.
const pipeDelay = 5 * time.Second

// toolVariables are the environment variables by which a hook tool finds the agent, and
// PATH for tools that are scripts.
var toolVariables = []string{
	"PATH", "JUJU_CONTEXT_ID", "JUJU_AGENT_SOCKET_ADDRESS", "JUJU_AGENT_SOCKET_NETWORK",
	"JUJU_AGENT_CA_CERT", "JUJU_AGENT_TOKEN", "JUJU_UNIT_NAME", "JUJU_CHARM_DIR",
}

// processRunner runs hook tools as processes found on PATH.
type processRunner struct {
	path    []string // directories
	env     []string
	tempDir string
}

// newProcessRunner returns a runner whose tools get the environment of this process. The
// toolVariables come from getenv.
func newProcessRunner(getenv func(string) string) *processRunner {
	p := &processRunner{path: filepath.SplitList(getenv("PATH")), tempDir: getenv("TMPDIR")}
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); !slices.Contains(toolVariables, name) {
			p.env = append(p.env, entry)
		}
	}
	for _, name := range toolVariables {
		if value := getenv(name); value != "" {
			p.env = append(p.env, name+"="+value)
		}
	}
	if p.tempDir == "" {
		p.tempDir = os.TempDir()
	}
	return p
}

// Run starts a process. See [Runner].
func (p *processRunner) Run(ctx context.Context, call Call) ([]byte, error) {
	if err := call.check(); err != nil {
		return nil, err
	}
	path, err := p.find(call.Tool)
	if err != nil {
		return nil, err
	}
	if len(call.Content) == 0 {
		return p.start(ctx, path, call.Args, call)
	}
	return p.runWithContent(ctx, path, call)
}

// runWithContent runs the program with the call's secret content in files. Before the
// content is written, the file's name is removed: however this process ends, no file is
// left behind. The agent reads the files itself, and finds them among the open files of
// this process. Standard input does not work: secret-add and secret-set take files only.
func (p *processRunner) runWithContent(ctx context.Context, path string, call Call) ([]byte, error) {
	args := slices.Clone(call.Args)
	for _, key := range call.contentKeys() {
		file, err := p.nameless(call.Content[key])
		if err != nil {
			return nil, fmt.Errorf("cannot run %s: cannot write secret content: %w", call.Tool, err)
		}
		defer file.Close()
		args = append(args, fmt.Sprintf("%s#file=/proc/%d/fd/%d", key, os.Getpid(), file.Fd()))
	}
	return p.start(ctx, path, args, call)
}

// nameless returns an open file with this content and without a name. Other users cannot
// open it (mode 0600), and child processes do not inherit it.
func (p *processRunner) nameless(content string) (*os.File, error) {
	file, err := os.CreateTemp(p.tempDir, "gocharm-")
	if err != nil {
		return nil, err
	}
	if err = os.Remove(file.Name()); err == nil {
		_, err = file.WriteString(content)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Close does nothing. See [Runner].
func (p *processRunner) Close() error { return nil }

// start runs the program at path and waits until it ends.
func (p *processRunner) start(ctx context.Context, path string, args []string, call Call) ([]byte, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = p.env
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = pipeDelay
	if call.Stdin != nil {
		cmd.Stdin = bytes.NewReader(call.Stdin)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("cannot run %s: gave up waiting for it: %w", call.Tool, context.Cause(ctx))
	case errors.As(err, &exit):
		text := stderr.String()
		if text == "" {
			text = exit.ProcessState.String()
		}
		return nil, newToolError(call, exit.ExitCode(), text)
	default:
		return nil, fmt.Errorf("cannot run %s: %w", call.Tool, err)
	}
}

// find returns the path of a tool. It skips relative directories on PATH, as os/exec
// does.
func (p *processRunner) find(tool string) (string, error) {
	for _, dir := range p.path {
		if !filepath.IsAbs(dir) {
			continue
		}
		path := filepath.Join(dir, tool)
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return path, nil
		}
	}
	return "", &ToolError{Tool: tool, Code: 127, Stderr: "ERROR " + missingTool}
}
