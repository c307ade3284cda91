package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"strings"
)

// oldestGo is the oldest Go that a charm is packed with. Go's library is a part of the
// program, and reads what strangers write: older patches can be made to crash by a
// certificate (GO-2026-5972) or a handshake (GO-2026-6090, GO-2026-6218). It is raised with
// the next weakness of that kind, and is never newer than what go.mod asks for.
const oldestGo = "go1.26.8"

// goVersion is the Go that compiles the program of root.
func goVersion(ctx context.Context, root string) (string, error) {
	command := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	command.Dir = root
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("cannot ask Go for its version: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

// goVersionOf is the Go that has compiled a program.
func goVersionOf(program []byte) (string, error) {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return "", fmt.Errorf("cannot read which Go has compiled the program: %w", err)
	}
	return info.GoVersion, nil
}

// judgeGo refuses a Go that is older than a charm may be packed with. One that is only
// older than the one asked for it lets pass with a remark: not every machine can have
// that, and whoever gives the charm to others has to see it.
func judgeGo(got, asked string) (remark string, err error) {
	// "go1.26.8 X:jsonv2" and "go1.26.8-custom" are go1.26.8.
	released, _, _ := strings.Cut(got, " ")
	released, _, _ = strings.Cut(released, "-")
	const cure = "GOTOOLCHAIN=auto has Go fetch the one that go.mod asks for"
	switch {
	case !version.IsValid(released):
		return "", fmt.Errorf("cannot pack with %q, which is no release of Go", got)
	case version.Compare(released, oldestGo) < 0:
		return "", fmt.Errorf("cannot pack with %s, whose library has weaknesses that strangers can reach: want %s or newer; %s", got, oldestGo, cure)
	case asked != "" && version.Compare(released, asked) < 0:
		return fmt.Sprintf("LEFT OUT: the newest Go: the charm is packed with %s, and go.mod asks for %s; %s", got, asked, cure), nil
	}
	return "", nil
}
