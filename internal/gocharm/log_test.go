package gocharm

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// logRunner keeps the messages that are logged.
type logRunner struct{ messages []string }

func (r *logRunner) Run(_ context.Context, call Call) ([]byte, error) {
	r.messages = append(r.messages, call.Args[len(call.Args)-1])
	return nil, nil
}

func (*logRunner) Close() error { return nil }

func TestLogList(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxListed-10)
	tests := map[string]struct {
		messages, want []string
	}{
		"none":      {nil, nil},
		"one":       {[]string{"a\nb"}, []string{"a\n    b"}},
		"several":   {[]string{"a", "b"}, []string{"Seen:\n    a\n    b"}},
		"in lines":  {[]string{"a\nb", "c"}, []string{"Seen:\n    a\n        b\n    c"}},
		"one empty": {[]string{"a", "", "b"}, []string{"Seen:\n    a\n    b"}},
		"all empty": {[]string{"", "\n"}, nil},
		"long":      {[]string{strings.Repeat("y", maxListed+3), "b"}, []string{"Seen:\n    " + strings.Repeat("y", maxListed) + "... (3 bytes more)\n    b"}},
		"unprintable": {
			[]string{"a\x1b[31m", "b"}, []string{"Seen:\n    a\\x1b[31m\n    b"},
		},
		"more than a call takes": {
			[]string{long, long, long, long, long, long, long, long, long},
			[]string{"Seen:" + strings.Repeat("\n    "+long, 8), "Seen:\n    " + long},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runner := &logRunner{}
			if err := NewTools(runner).LogList(t.Context(), LevelInfo, "Seen:", test.messages); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, runner.messages); diff != "" {
				t.Errorf("logged (-want +got):\n%s", diff)
			}
		})
	}
}
