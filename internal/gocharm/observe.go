package gocharm

import (
	"context"
	"time"
)

// Observe returns a runner that passes every call to r and reports it with the
// time it took, for counting and tracing. The calls reported lack standard input
// and secret content. Report must be ready for several goroutines.
func Observe(r Runner, report func(Call, time.Duration)) Runner {
	return observer{Runner: r, report: report}
}

type observer struct {
	Runner
	report func(Call, time.Duration)
}

// Run runs and reports. See [Runner].
func (o observer) Run(ctx context.Context, call Call) ([]byte, error) {
	start := time.Now()
	stdout, err := o.Runner.Run(ctx, call)
	o.report(Call{Tool: call.Tool, Args: call.Args}, time.Since(start))
	return stdout, err
}
