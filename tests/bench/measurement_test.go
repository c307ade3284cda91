package bench_test

import (
	"math"
	"testing"
	"time"
)

// A measurement is what a benchmark has measured.
type measurement struct {
	scenario string
	size     size
	costs    []cost
	bytes    int64         // to and from the API server, of one hook
	peak     int64         // memory in bytes, the highest of all hooks
	start    time.Duration // of the process, to its first call of a hook tool
}

func (m *measurement) add(c cost) { m.costs = append(m.costs, c) }

// mean is the mean of a number over all hooks.
func (m *measurement) mean(of func(cost) float64) float64 {
	sum := 0.0
	for _, c := range m.costs {
		sum += of(c)
	}
	return sum / math.Max(1, float64(len(m.costs)))
}

func (m *measurement) took() time.Duration {
	return time.Duration(m.mean(func(c cost) float64 { return float64(c.took) }))
}

func (m *measurement) calls() float64 {
	return m.mean(func(c cost) float64 { return float64(c.calls) })
}

// asked is how many of the calls a controller of Juju has to answer.
func (m *measurement) asked() float64 {
	return m.mean(func(c cost) float64 { return float64(c.asked) })
}

func (m *measurement) reads() float64 {
	return m.mean(func(c cost) float64 { return float64(c.reads) })
}

func (m *measurement) writes() float64 {
	return m.mean(func(c cost) float64 {
		sum := 0
		for _, n := range c.writes {
			sum += n
		}
		return float64(sum)
	})
}

func (m *measurement) verb(name string) float64 {
	return m.mean(func(c cost) float64 { return float64(c.verbs[name]) })
}

// report hands the numbers to the benchmark. The time is that of the hooks alone: the
// benchmark's own has Juju's and what prepares the hook in it.
func (m *measurement) report(b *testing.B) {
	b.ReportMetric(float64(m.took()), "ns/op")
	b.ReportMetric(m.calls(), "hook-tool-calls/op")
	b.ReportMetric(m.asked(), "controller-calls/op")
	b.ReportMetric(m.reads(), "api-reads/op")
	b.ReportMetric(m.writes(), "api-writes/op")
	for _, verb := range []string{"get", "list", "watch", "create", "patch", "update", "delete"} {
		if n := m.verb(verb); n > 0 {
			b.ReportMetric(n, "api-"+verb+"/op")
		}
	}
	b.ReportMetric(float64(m.bytes), "api-bytes/op")
	b.ReportMetric(megabytes(m.peak), "peak-rss-MB")
	b.ReportMetric(milliseconds(m.start), "start-ms")
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
