package plan_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/golden"
	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// cures are what a blocked message may ask for: a command to paste, or something that only a person
// can do, at a place that the message names.
var cures = regexp.MustCompile("`(juju|kubectl|k8s) [^`…]+`" +
	`|; (allow it at|settle it at|correct) [^…]+$` + // at another charm, or in it
	`|; (let the controller offer port \d+|refresh [^…]+ to a release with [^…]+|install [^…]+|scale [^…]+|set [a-z-]+ to [^…]+|see its (?:status|log)|delete it(, or [^…]+)?)$`)

// namesACure reports whether a status tells the operator what to do, if the operator must act.
func namesACure(status plan.Status) bool {
	return status.Kind != plan.Blocked || cures.MatchString(status.Message)
}

func TestNamesACure(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]bool{
		"Insufficient permissions, try: `juju trust gateway --scope=cluster`": true,
		"HTTP listener is in conflict: taken":                                 false,
		"HTTP listener is in conflict: taken; see `kubectl -n prod descr…":    false,
		"Validation of ingress relation data failed. web: port missing":       false,
		"Certificate for a.example.com: no; allow it at the prov…":            false,
		"Certificate for a.example.com: no; allow it at the provider":         true,
	} {
		if namesACure(plan.Status{Kind: plan.Blocked, Message: message}) != want {
			t.Errorf("%q names a cure: %t", message, !want)
		}
	}
}

// TestEveryBlockedMessageNamesACure checks the golden cases; the random walks check the same for
// every plan (broken).
func TestEveryBlockedMessageNamesACure(t *testing.T) {
	t.Parallel()
	for name, p := range goldenPlans(t) {
		if !namesACure(p.Status) {
			t.Errorf("%s: no cure: %q", name, p.Status.Message)
		}
	}
}

// TestCuresHaveRealNames plans every case for an application and a model with other names: the
// commands in the messages must have these names.
func TestCuresHaveRealNames(t *testing.T) {
	t.Parallel()
	const application, model = "edge", "team-a"
	commands := map[string]*regexp.Regexp{
		"juju trust " + application:         regexp.MustCompile("`juju trust ([a-z-]+)"),
		"juju config " + application:        regexp.MustCompile("`juju config ([a-z-]+)"),
		"juju integrate " + application:     regexp.MustCompile("`juju integrate ([a-z-]+)"),
		"kubectl -n " + model + " describe": regexp.MustCompile("`kubectl -n ([a-z-]+) describe"),
	}
	found := map[string]int{}
	for name := range goldenPlans(t) {
		s := readState(t, "testdata/"+name+".in.yaml")
		s.Application, s.Model = application, model
		message := plan.Make(s).Status.Message
		for want, pattern := range commands {
			if match := pattern.FindStringSubmatch(message); match != nil {
				found[want]++
				if !strings.Contains(want+" ", " "+match[1]+" ") {
					t.Errorf("%s: %q is not for %s", name, message, want)
				}
			}
		}
	}
	for want := range commands {
		if found[want] == 0 {
			t.Errorf("no message has %s", want)
		}
	}
}

// planGolden plans all golden cases. Several tests look at the same plans, and change none.
var planGolden = sync.OnceValues(func() (map[string]plan.Plan, error) {
	inputs, err := golden.Inputs("testdata")
	plans := map[string]plan.Plan{}
	for _, input := range inputs {
		s, err := golden.Load(input)
		if err != nil {
			return nil, err
		}
		plans[golden.Name(input)] = plan.Make(s)
	}
	return plans, err
})

// goldenPlans returns the plans of all golden cases, by name.
func goldenPlans(t *testing.T) map[string]plan.Plan {
	t.Helper()
	plans, err := planGolden()
	if err != nil {
		t.Fatal(err)
	}
	return plans
}

// statusPage is the reference of all messages.
const statusPage = "../../docs/reference/statuses.md"

// A documented message is one row of the page.
type documented struct {
	kind    plan.Kind
	text    string
	pattern *regexp.Regexp
}

// asides are what a message may say beside what is wrong; the page mentions them once.
var asides = regexp.MustCompile(`; (?:\d+ of \d+ (?:applications served|hosts served over HTTPS|listeners set up)|all applications served|\d+ more in the log)|(\.) \d+ of \d+ hosts served over HTTPS`)

// TestStatusPageHasEveryMessage compares the page and the code: each message of a golden case is a
// row of the page, and each row is the message of some case.
func TestStatusPageHasEveryMessage(t *testing.T) {
	t.Parallel()
	rows, used := documentedMessages(t), map[string]bool{}
	check := func(name string, status plan.Status) {
		matched := false
		if status.Kind != plan.Active {
			status.Message = asides.ReplaceAllString(status.Message, "$1")
		}
		for _, row := range rows {
			if row.kind == status.Kind && row.pattern.MatchString(status.Message) {
				matched, used[row.text] = true, true
			}
		}
		if !matched {
			t.Errorf("%s: the page has no %s %q", name, status.Kind, status.Message)
		}
	}
	for name, p := range goldenPlans(t) {
		if p.Status.Whole != "" {
			p.Status.Message = p.Status.Whole
		}
		check(name, p.Status)
	}
	check("another unit", plan.Standby())
	check("a relation that cannot be read", plan.Undecided())
	for _, row := range rows {
		if !used[row.text] {
			t.Errorf("no golden case has the page's %s %s", row.kind, row.text)
		}
	}
}

// TestStatusPageHasEveryReason does the same with the reasons why an application is left out.
func TestStatusPageHasEveryReason(t *testing.T) {
	t.Parallel()
	rows, used := documentedReasons(t), map[string]bool{}
	for name, p := range goldenPlans(t) {
		for _, remark := range p.Remarks {
			_, reason, found := strings.Cut(remark, "): not served: ")
			if !found {
				continue
			}
			matched := false
			for _, row := range rows {
				if row.pattern.MatchString(reason) {
					matched, used[row.text] = true, true
				}
			}
			if !matched {
				t.Errorf("%s: the page has no reason %q", name, reason)
			}
		}
	}
	for _, row := range rows {
		if !used[row.text] {
			t.Errorf("no golden case has the page's reason %s", row.text)
		}
	}
}

// tableRows returns the cells of all tables of the page, each with the first cell of its table's
// header.
func tableRows(t *testing.T, do func(header string, cells []string)) {
	t.Helper()
	text, err := os.ReadFile(statusPage)
	if err != nil {
		t.Fatal(err)
	}
	header := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			header = ""
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if header == "" {
			header = cells[0]
			continue
		}
		do(header, cells)
	}
}

// suffix is the beginning of the active messages on the page that say more than the first one.
const suffix = "Gateway addresses: <addresses>"

func documentedMessages(t *testing.T) []documented {
	var rows, endings []documented
	tableRows(t, func(header string, cells []string) {
		kind := plan.Kind(cells[0])
		if header != "status" || !slices.Contains([]plan.Kind{plan.Active, plan.Waiting, plan.Blocked}, kind) {
			return
		}
		row := documented{kind: kind, text: cells[1], pattern: patternOf(t, cells[1])}
		if strings.HasPrefix(cells[1], "`"+suffix) {
			endings = append(endings, row)
			return
		}
		rows = append(rows, row)
	})
	// Additions to an active message can occur together: each has to be found.
	for _, row := range endings {
		ending := strings.TrimPrefix(strings.Trim(row.text, "`"), suffix)
		pattern := `^Gateway addresses: [^;(]+( \(enforce|; |$)`
		if ending != "" {
			pattern = `^Gateway addresses: .*` + expression(ending) + `(;|$)`
		}
		rows = append(rows, documented{kind: row.kind, text: row.text, pattern: regexp.MustCompile(pattern)})
	}
	return rows
}

func documentedReasons(t *testing.T) []documented {
	var rows []documented
	tableRows(t, func(header string, cells []string) {
		if header != "reason" {
			return
		}
		for _, span := range codeSpans(cells[0]) {
			rows = append(rows, documented{text: span, pattern: regexp.MustCompile("^" + expression(span) + `(?: \(and \d+ more( in the list)?\))?$`)})
		}
	})
	return rows
}

// spans returns pieces of code between single backquotes or, if the code contains backquotes,
// double ones.
var spans = regexp.MustCompile("``\\s?(.+?)\\s?``(?:[^`]|$)|`([^`]+)`")

func codeSpans(cell string) []string {
	var all []string
	for _, match := range spans.FindAllStringSubmatch(cell, -1) {
		all = append(all, match[1]+match[2])
	}
	return all
}

// patternOf makes a regular expression of a cell: pieces of code stand for themselves. Text in
// italics between them is the words of somebody else, which may be missing together with the colon
// before them.
func patternOf(t *testing.T, cell string) *regexp.Regexp {
	t.Helper()
	pieces := codeSpans(cell)
	if len(pieces) == 0 {
		t.Fatalf("no message in %q", cell)
	}
	pattern := expression(pieces[0])
	if strings.Contains(cell, "*reason*") {
		pattern = strings.TrimSuffix(strings.TrimSuffix(pattern, " "), ":") + "(?:: .+)?"
	}
	if len(pieces) > 1 {
		pattern += expression(pieces[1])
	}
	return regexp.MustCompile("^" + pattern + "$")
}

var placeholder = regexp.MustCompile(`<[^>]+>`)

// expression returns the pattern of a text in which <…> is a value.
func expression(text string) string {
	var pattern strings.Builder
	at := 0
	for _, place := range placeholder.FindAllStringIndex(text, -1) {
		pattern.WriteString(regexp.QuoteMeta(text[at:place[0]]) + ".+")
		at = place[1]
	}
	return pattern.String() + regexp.QuoteMeta(text[at:])
}
