package jujutest_test

import (
	"errors"
	"os"
	"testing"
	"time"

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

func TestDelayTool(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	w.addSecret("gw/0", "--label key value=one")
	const delay = 300 * time.Millisecond
	w.must(w.DelayTool("gw/0", "secret-get", delay))
	w.take()
	for _, slow := range []bool{true, false} {
		w.exec("gw/0", "is-leader; secret-get --label key")
		if took := w.take()[0].Duration; slow && took < delay {
			t.Errorf("the run took %s", took)
		}
	}
	if err := w.DelayTool("gw/9", "secret-get", delay); err == nil {
		t.Error("no error for an unknown unit")
	}
}
