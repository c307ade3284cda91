package lab

import (
	"strings"
	"testing"
)

func TestTruncated(t *testing.T) {
	t.Parallel()
	const app = "gateway-api-integrator-https-"
	for name, want := range map[string]string{
		app + strings.Repeat("a", 34):                                 app + strings.Repeat("a", 34),
		app + strings.Repeat("a", 35):                                 app + strings.Repeat("a", 25) + "-HASH",
		app + strings.Repeat("a", 24) + "-" + strings.Repeat("b", 20): app + strings.Repeat("a", 24) + "-HASH",
	} {
		got := truncated(name)
		if head, ok := strings.CutSuffix(want, "HASH"); ok {
			if !strings.HasPrefix(got, head) || len(got) != len(head)+8 {
				t.Errorf("%s is truncated to %s", name, got)
			}
		} else if got != want {
			t.Errorf("%s becomes %s", name, got)
		}
	}
}
