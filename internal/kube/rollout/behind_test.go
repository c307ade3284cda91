package rollout

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestBehind: what a controller says of an object counts when it names no generation, and
// reports that it has left as they were do not count beside a new one.
func TestBehind(t *testing.T) {
	t.Parallel()
	yes := func(generation int64) metav1.Condition {
		return metav1.Condition{Type: "Accepted", Status: metav1.ConditionTrue, ObservedGeneration: generation}
	}
	unknown := metav1.Condition{Type: "Accepted", Status: metav1.ConditionUnknown, Reason: "Pending"}
	undecided := unknown
	undecided.ObservedGeneration = 1
	for name, c := range map[string]struct {
		reports [][]metav1.Condition
		want    bool
	}{
		"nobody's":              {nil, false},
		"nothing said":          {[][]metav1.Condition{{}, {unknown}}, false},
		"old":                   {[][]metav1.Condition{{yes(1)}}, true},
		"old, and undecided":    {[][]metav1.Condition{{undecided}}, true},
		"present":               {[][]metav1.Condition{{yes(2)}}, false},
		"undated":               {[][]metav1.Condition{{yes(0)}}, false},
		"undated beside old":    {[][]metav1.Condition{{yes(0), yes(1)}}, true},
		"old beside present":    {[][]metav1.Condition{{yes(1), yes(2)}}, false},
		"an old report first":   {[][]metav1.Condition{{yes(1)}, {yes(2)}}, false},
		"an old one, undated":   {[][]metav1.Condition{{yes(1)}, {yes(0)}}, false},
		"an old one, one empty": {[][]metav1.Condition{{yes(1)}, {unknown}}, true},
	} {
		if Behind(2, c.reports...) != c.want {
			t.Errorf("%s: judged as it was before: %t, want %t", name, !c.want, c.want)
		}
	}
}
