package main

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestReplaceFile has several write one file at once: none fails, one of them is there as a
// whole, and nothing else is.
func TestReplaceFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.charm")
	var writers sync.WaitGroup
	for i := range 16 {
		writers.Go(func() {
			for range 50 {
				if err := replaceFile(path, bytes.Repeat([]byte{byte(i)}, 4096)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	content, err := os.ReadFile(path)
	if err != nil || len(content) != 4096 || !bytes.Equal(content, bytes.Repeat(content[:1], 4096)) {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
