package plan

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Kind is a workload status of Juju.
type Kind string

// The workload statuses that the charm sets.
const (
	Active  Kind = "active"  // everything is served as asked
	Waiting Kind = "waiting" // another party will act
	Blocked Kind = "blocked" // the operator must act
)

// Status is what `juju status` shows. It is in sentence case and in the operator's words, and has
// at most maxMessage characters.
type Status struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
	// Whole is the message before it was cut, for the log. It is empty if nothing was cut.
	Whole string `json:"whole,omitempty"`
}

// maxMessage bounds a status message, so that a table of units stays readable.
const maxMessage = 120

// A trouble is a status message in its parts, such as "Listener l is in conflict",
// "HostnameConflict: taken", "2 of 3 listeners are set up", "see `kubectl …`".
type trouble struct {
	what      string
	why       string // mostly in the words of a controller, a provider or the API server; may be empty
	aside     string // what works nevertheless; omitted if there is no room
	cure      string // what the operator has to do; empty if another party must act
	separator string // text before the cure, if it is not a semicolon
	more      int    // number of other applications with troubles; the log lists them
}

// seeLog is the cure of a message that has no room for its own cure: the log has the whole message.
const seeLog = "see `juju debug-log`"

// status joins the parts. If they do not fit, it first shortens names or drops the aside, then does
// both, then cuts the description of the problem. The cure stays whole: the log says more about the
// problem, but the operator must read here what to do.
func (t trouble) status(kind Kind) Status {
	t = t.clean()
	brief := t
	brief.aside = ""
	for _, one := range []trouble{t, t.short(), brief, brief.short()} {
		if one.fits() {
			return statusWithWhole(kind, one.text(), t.text())
		}
	}
	brief = brief.short()
	// The ending may take two thirds at most: the rest must be enough to say what is wrong.
	const most = maxMessage * 2 / 3
	ending := brief.ending()
	if length(ending) > most {
		brief.more = 0
		ending = brief.ending()
	}
	if length(ending) > most {
		ending = "; " + seeLog
	}
	return statusWithWhole(kind, cut(brief.said(), maxMessage-length(ending))+ending, t.text())
}

// clean prepares the parts for joining. Only a cure may contain commands. Text of others is quoted
// where it enters the charm; clean makes harmless whatever was missed there.
func (t trouble) clean() trouble {
	t.what, t.why, t.aside, t.cure = pyjson.Commandless(oneLine(t.what)), theirs(oneLine(t.why)), pyjson.Commandless(oneLine(t.aside)), oneLine(t.cure)
	if t.cure != "" || t.aside != "" {
		t.why = strings.TrimRight(t.why, ".") // Their text may be a whole sentence; ours continues after it.
	}
	return t
}

// short returns the trouble with the names in it shortened. The cure stays whole: it has commands.
func (t trouble) short() trouble {
	t.what, t.why, t.aside = shortened(t.what), shortened(t.why), shortened(t.aside)
	return t
}

func (t trouble) text() string { return t.said() + t.ending() }

func (t trouble) fits() bool { return length(t.text()) <= maxMessage }

// said returns what is wrong, and why.
func (t trouble) said() string {
	text := t.what
	if t.why != "" {
		text += ": " + t.why
	}
	switch {
	case t.aside != "" && strings.HasSuffix(text, "."):
		text += " " + t.aside
	case t.aside != "":
		text += "; " + t.aside
	}
	return text
}

// ending returns the cure with the punctuation before it.
func (t trouble) ending() string {
	more := ""
	if t.more > 0 {
		more = fmt.Sprintf("; %d more in the log", t.more)
	}
	switch {
	case t.cure == "":
		return more
	case t.separator != "":
		return t.separator + t.cure + more
	case strings.HasSuffix(t.said(), "."):
		return " Try " + t.cure + more
	default:
		return "; " + t.cure + more
	}
}

// statusWithWhole returns a status whose message may be shorter than the whole.
func statusWithWhole(kind Kind, message, whole string) Status {
	if message == whole {
		whole = ""
	}
	return Status{Kind: kind, Message: message, Whole: whole}
}

func blocked(t trouble) Status { return t.status(Blocked) }

func waiting(message string) Status { return trouble{what: message}.status(Waiting) }

func waitingFor(what, why string) Status { return trouble{what: what, why: why}.status(Waiting) }

func active(message string) Status { return trouble{what: message}.status(Active) }

func statusOf(status Status) *Status { return &status }

// oneLine makes text of others safe to show. Characters that cannot be printed, and might control a
// terminal, become spaces.
func oneLine(text string) string {
	unseen := func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }
	return strings.Join(strings.FieldsFunc(text, unseen), " ")
}

// theirs keeps text of others from looking like a cure of ours: our cures follow a semicolon, and
// their commands are in backquotes.
var theirs = strings.NewReplacer("`", "'", ";", ",").Replace

// shortened cuts the middle out of long names, such as hosts, Secrets, and Juju's names for
// applications of other models (remote-0123456789abcdef0123456789abcdef).
func shortened(text string) string {
	const long, head, tail = 32, 14, 8
	words := strings.Split(text, " ")
	for i, word := range words {
		if runes := []rune(word); len(runes) > long {
			words[i] = string(runes[:head]) + "…" + string(runes[len(runes)-tail:])
		}
	}
	return strings.Join(words, " ")
}

func length(text string) int { return len([]rune(text)) }

// cut shortens text to the limit and ends it with an ellipsis. It closes a quotation that it cuts.
func cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	short := strings.TrimRight(string(runes[:limit-1]), " …")
	if !quoting(short) {
		return short + "…"
	}
	return strings.TrimRight(string(runes[:limit-2]), " …") + `…"`
}

// quoting reports whether the text opens a quotation and does not close it.
func quoting(text string) bool {
	inside, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = inside
		case r == '"':
			inside = !inside
		}
	}
	return inside
}

// someOf lists as many entries as there is room for, at least the first, and counts the rest.
func someOf(all []string, room int) string {
	for n := len(all); n > 1; n-- {
		text := strings.Join(all[:n], ", ")
		if n < len(all) {
			text += fmt.Sprintf(" and %d more", len(all)-n)
		}
		if length(text) <= room {
			return text
		}
	}
	if len(all) > 1 {
		return fmt.Sprintf("%s and %d more", all[0], len(all)-1)
	}
	return strings.Join(all, ", ")
}

func day(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }

// Standby is the status of a unit that is not the leader.
func Standby() Status { return active("Standby") }

// Undecided is the status while Juju lists a relation that the charm may not read, and Juju's
// controller does not say either whether the relation exists.
func Undecided() Status {
	return trouble{
		what: "Waiting for a relation that Juju lists", why: "it cannot be read, and nothing is changed meanwhile", cure: seeLog,
	}.status(Waiting)
}
