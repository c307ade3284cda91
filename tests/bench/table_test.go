package bench_test

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// A controller of Juju answers a question of a unit's agent in about this time; the
// simulated one does at once.
const (
	quickCall = 2 * time.Millisecond
	slowCall  = 5 * time.Millisecond
)

// report shows all that was measured as tables in Markdown; nothing when nothing was.
func (g *ground) report() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.measured) == 0 {
		return ""
	}
	return "\n" + measuredTable(g.measured) + "\n" + budgetTable(g.measured, g.programSize())
}

// programSize is the size of the charm's program in bytes; 0 when there is no world to
// find it in.
func (g *ground) programSize() int64 {
	for _, m := range g.worlds {
		if m.world == nil {
			continue
		}
		if info, err := os.Stat(m.world.dispatch()); err == nil {
			return info.Size()
		}
	}
	return 0
}

func measuredTable(all []measurement) string {
	var text strings.Builder
	text.WriteString("| hook | requirers | tools | time | hook tools | of the controller | with a controller | API reads | writes | KB | peak MB | start ms |\n")
	text.WriteString("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, m := range all {
		fmt.Fprintf(&text, "| %s | %d | %s | %s | %.0f | %.0f | %s to %s | %.0f | %.0f | %.0f | %.1f | %.1f |\n",
			m.scenario, m.size.requirers, m.size.tools, show(m.took()), m.calls(), m.asked(), show(m.with(quickCall)), show(m.with(slowCall)),
			m.reads(), m.writes(), float64(m.bytes)/1e3, megabytes(m.peak), milliseconds(m.start))
	}
	return text.String()
}

// with is the time of the hook if each call that is the controller's to answer took so
// much longer.
func (m *measurement) with(call time.Duration) time.Duration {
	return m.took() + time.Duration(m.asked()*float64(call))
}

func show(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.0f ms", milliseconds(d))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// A budget is a bound on a number of one measurement.
type budget struct {
	what  string
	of    string // scenario; any when empty
	with  int    // requirers; any when 0
	value func(measurement) float64
	most  float64
	unit  string
}

func budgets() []budget {
	took := func(m measurement) float64 { return milliseconds(m.took()) }
	peak := func(m measurement) float64 { return megabytes(m.peak) }
	return []budget{
		{"start to the first hook tool call", "", 0, func(m measurement) float64 { return milliseconds(m.start) }, 15, "ms"},
		{"no change, 10 requirers", "NoChange", 10, took, 60, "ms"},
		{"no change, 10 requirers: API", "NoChange", 10, func(m measurement) float64 { return m.reads() + m.writes() }, 8, "requests"},
		{"no change, 10 requirers: API", "NoChange", 10, func(m measurement) float64 { return m.writes() }, 0, "writes"},
		{"no change, 1,000 requirers", "NoChange", 1000, took, 1000, "ms"},
		{"from an empty cluster, 1,000 requirers", "FirstReconcile", 1000, took, 20000, "ms"},
		{"peak memory, 10 requirers", "", 10, peak, 40, "MB"},
		{"peak memory, 1,000 requirers", "", 1000, peak, 120, "MB"},
	}
}

// worst is the highest of a budget's values, by socket; false when none was measured.
func (b budget) worst(all []measurement) (highest float64, ok bool) {
	for _, m := range all {
		if m.size.tools != bySocket || b.of != "" && b.of != m.scenario || b.with != 0 && b.with != m.size.requirers {
			continue
		}
		highest, ok = max(highest, b.value(m)), true
	}
	return highest, ok
}

// budgetTable compares what was measured by socket with what a hook may cost.
func budgetTable(all []measurement, programSize int64) string {
	var text strings.Builder
	text.WriteString("| budget | at most | measured | |\n|---|--:|--:|---|\n")
	for _, b := range budgets() {
		if value, ok := b.worst(all); ok {
			text.WriteString(budgetRow(b.what, b.most, value, b.unit))
		}
	}
	if programSize > 0 {
		text.WriteString(budgetRow("size of the program", 16, megabytes(programSize), "MB"))
	}
	return text.String()
}

func budgetRow(what string, most, value float64, unit string) string {
	verdict := "met"
	if value > most {
		verdict = "missed"
	}
	return fmt.Sprintf("| %s | %.0f %s | %.1f %s | %s |\n", what, most, unit, value, unit, verdict)
}
