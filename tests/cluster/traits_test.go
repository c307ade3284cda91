package cluster

import (
	"slices"
	"testing"
)

// TestTraits: each data plane can be started by what the table says, and asked for by name.
func TestTraits(t *testing.T) {
	t.Parallel()
	for plane, traits := range allTraits {
		if traits.Class == "" || traits.Controller == "" || !slices.Contains(Bundles(), traits.Bundle) {
			t.Errorf("%s: class %q, controller %q, bundle %q", plane, traits.Class, traits.Controller, traits.Bundle)
		}
		if (traits.VerifiedNames > 0) != (traits.Unverified > 0) {
			t.Errorf("%s verifies %d names, and answers %d where it cannot", plane, traits.VerifiedNames, traits.Unverified)
		}
		if _, known := ciliumReleases[plane]; known != plane.isCilium() {
			t.Errorf("%s is a release of Cilium: %t", plane, known)
		}
	}
	if _, err := newCluster(Assets{}, Options{DataPlane: "haproxy"}); err == nil || err.Error() != `there is no data plane "haproxy"` {
		t.Errorf("for one that there is not the error is %v", err)
	}
}
