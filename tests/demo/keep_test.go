package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/cluster/shell"
)

// asProgram has this program be the demo.
const asProgram = "DEMO_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// wholeTour is more than all that the tour does takes.
const wholeTour = 5 * time.Minute

// TestKeep takes the tour, stays, and pastes what it prints.
func TestKeep(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	if err := reader.SetReadDeadline(time.Now().Add(wholeTour)); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("/proc/self/exe", "--keep")
	command.Env = append(os.Environ(), asProgram+"=yes")
	command.Stdout, command.Stderr = writer, os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	_ = writer.Close()
	var printed strings.Builder
	for lines := bufio.NewScanner(reader); lines.Scan() && !strings.Contains(lines.Text(), "Press Ctrl-C"); {
		fmt.Fprintln(&printed, lines.Text())
	}
	_, around, found := strings.Cut(printed.String(), "Look around")
	if !found {
		t.Fatalf("the tour does not stay:\n%s", printed.String())
	}

	var sh shell.Shell
	var codes []int
	for _, command := range shell.Commands(around) {
		code, err := sh.Run(t.Context(), command)
		if err != nil {
			t.Errorf("%s: %v", command, err)
		}
		if code != 0 {
			codes = append(codes, code)
		}
	}
	if fmt.Sprint(codes) != "[301 200]" {
		t.Errorf("curl is answered with %v; printed:\n%s", codes, around)
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, reader); err != nil {
		t.Fatalf("a process still lives: %v", err)
	}
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
	files := regexp.MustCompile(`/\S+(?:kubeconfig|\.pem)`).FindAllString(around, -1)
	if len(files) != 2 || filepath.Dir(files[0]) != filepath.Dir(files[1]) {
		t.Errorf("files are %v", files)
	}
	for _, file := range files {
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", file, err)
		}
	}
}
