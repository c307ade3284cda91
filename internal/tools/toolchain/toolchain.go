package toolchain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

var line = regexp.MustCompile(`(?m)^toolchain\s+(go\S+)`)

// AskedFor is the Go of the toolchain line of root's go.mod, such as "go1.26.11": the newest
// patch when the line was written. It is empty where there is none.
func AskedFor(root string) (string, error) {
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read which Go is asked for: %w", err)
	}
	if found := line.FindSubmatch(content); found != nil {
		return string(found[1]), nil
	}
	return "", nil
}
