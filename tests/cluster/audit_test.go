package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A count that begins while another user's line is being written must not begin
// in the middle of it.
func TestEndOfLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10000)
	tests := map[string]struct {
		text string
		want int
	}{
		"empty":                   {"", 0},
		"whole lines":             {"a\nb\n", 4},
		"half a line":             {"a\nb", 2},
		"half a first line":       {long, 0},
		"half a long line":        {"a\n" + long, 2},
		"a long line":             {long + "\n", 10001},
		"at the end of a chunk":   {strings.Repeat("x", 4095) + "\n" + long[:4096], 4096},
		"at the start of a chunk": {"\n" + long[:4095], 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := endOfLines(path); err != nil || got != int64(test.want) {
				t.Errorf("got %d, %v; want %d", got, err, test.want)
			}
		})
	}
}
