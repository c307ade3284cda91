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
	Active  Kind = "active"  // all is served as asked
	Waiting Kind = "waiting" // another party will act
	Blocked Kind = "blocked" // the operator must act
)

// Status is what `juju status` shows: sentence case, in the operator's words,
// at most maxMessage characters.
type Status struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
	// Whole is the message before it was cut, for the log; empty when it was not.
	Whole string `json:"whole,omitempty"`
}

// maxMessage bounds a status message, so that a table of units stays readable.
const maxMessage = 120

func blocked(t trouble) Status { return t.status(Blocked) }

func waiting(message string) Status { return trouble{what: message}.status(Waiting) }

func active(message string) Status { return trouble{what: message}.status(Active) }

func statusOf(status Status) *Status { return &status }

func waitingFor(what, why string) Status { return trouble{what: what, why: why}.status(Waiting) }

// A trouble is a status message in its parts: "Listener l is in conflict", "HostnameConflict:
// taken", "2 of 3 listeners are set up", "see `kubectl …`".
type trouble struct {
	what      string
	why       string // in somebody else's words, mostly; empty for nothing to say
	aside     string // what is well all the same; left out where there is no room
	cure      string // what the operator has to do; empty where it is not his turn
	separator string // what stands before the cure, where that is not a semicolon
	more      int    // how many other applications have troubles, of which the log tells
}

// elsewhere is where a message is found whole when it has no room for its own cure.
const seeLog = "see `juju debug-log`"

// status puts the parts together. Where there is no room for all, names are shortened or
// the aside goes, then both, then what is wrong is cut, and the cure is kept whole: of what
// is wrong the log says more, of what to do about it the operator has to be told here.
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
	// Less than half of a message does not tell what is wrong.
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

// clean makes the parts fit to be put together. Only a cure has commands: words of others
// are quoted where they come in, and whatever got past that is none.
func (t trouble) clean() trouble {
	t.what, t.why, t.aside, t.cure = pyjson.Commandless(oneLine(t.what)), theirs(oneLine(t.why)), pyjson.Commandless(oneLine(t.aside)), oneLine(t.cure)
	if t.cure != "" || t.aside != "" {
		t.why = strings.TrimRight(t.why, ".") // Theirs may be a sentence; ours goes on.
	}
	return t
}

// short has the names in it shortened.
func (t trouble) short() trouble {
	t.what, t.why, t.aside = shortened(t.what), shortened(t.why), shortened(t.aside)
	return t
}

func (t trouble) text() string { return t.said() + t.ending() }

func (t trouble) fits() bool { return length(t.text()) <= maxMessage }

// said is what is wrong, and why.
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

// ending is the cure as it follows what is said.
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

// statusSaying is a status with a message that may say less than the whole.
func statusWithWhole(kind Kind, message, whole string) Status {
	if message == whole {
		whole = ""
	}
	return Status{Kind: kind, Message: message, Whole: whole}
}

// oneLine makes text of others fit to be shown: what is not to be seen, and might
// control a terminal, counts as space.
func oneLine(text string) string {
	unseen := func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }
	return strings.Join(strings.FieldsFunc(text, unseen), " ")
}

// theirs keeps text of others from looking like a cure of ours: those stand behind a
// semicolon, and have their commands in backquotes.
var theirs = strings.NewReplacer("`", "'", ";", ",").Replace

// shortened takes the middle out of long names, such as Juju's for applications of other
// models (remote-0123456789abcdef0123456789abcdef), hosts and Secrets. Commands stay whole.
func shortened(text string) string {
	const long, head, tail = 32, 14, 8
	words := strings.Split(text, " ")
	command := false
	for i, word := range words {
		runes := []rune(word)
		if quotes := strings.Count(word, "`"); quotes > 0 || command {
			command = command != (quotes%2 == 1)
			continue
		}
		if len(runes) > long {
			words[i] = string(runes[:head]) + "…" + string(runes[len(runes)-tail:])
		}
	}
	return strings.Join(words, " ")
}

func length(text string) int { return len([]rune(text)) }

// cut marks what it takes off. A quotation that it cuts ends all the same.
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

// quoting reports whether a quotation begins in the text and does not end there.
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

// someOf lists as many as there is room for, the first at least, and counts the others.
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

// Undecided is the status while Juju lists a relation, does not let the charm read it, and
// its controller does not say either whether it is there.
func Undecided() Status {
	return trouble{
		what: "Waiting for a relation that Juju lists", why: "it cannot be read, and nothing is changed meanwhile", cure: seeLog,
	}.status(Waiting)
}
