package jujutest_test

import (
	"errors"
	"os"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

func TestClearFaults(t *testing.T) {
	t.Parallel()
	w, broken := flakyWorld(t)
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	for range 10 { // More than are retried.
		w.must(w.FailNextFlush("gw/0", errors.New("no")))
	}
	w.must(w.FailFlushAt("gw/0", jujutest.FlushRelations, errors.New("no")))
	w.must(w.KillDuringHook("gw/0", 1))
	w.ClearFaults()
	w.settle()
	for _, run := range w.take() {
		if run.Err != nil {
			t.Errorf("%s failed: %v", run.Name, run.Err)
		}
	}
	w.must(w.KillHook("gw/0")) // It runs none.
}
