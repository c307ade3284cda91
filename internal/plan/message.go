package plan

import (
	"strings"
	"unicode"
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

func blocked(t trouble) Status           { return t.status(Blocked) }
func waiting(message string) Status      { return trouble{what: message}.status(Waiting) }
func active(message string) Status       { return trouble{what: message}.status(Active) }
func statusOf(status Status) *Status     { return &status }
func waitingFor(what, why string) Status { return trouble{what: what, why: why}.status(Waiting) }

// A trouble is a status message in its parts: "Listener l is in conflict", "HostnameConflict:
// taken", "see `kubectl …`".
type trouble struct {
	what string
	why  string // in somebody else's words, mostly; empty for nothing to say
	cure string // what the operator has to do; empty where it is not his turn
}

// elsewhere is where a message is found whole when it has no room for its own cure.
const elsewhere = "see `juju debug-log`"

// status puts the parts together. Where there is no room for all, the cure is kept
// whole and the rest is cut: of what is wrong the log says more, of what to do about it
// the operator has to be told here.
func (t trouble) status(kind Kind) Status {
	// Controllers' messages may have several lines.
	what, why, cure := oneLine(t.what), oneLine(t.why), oneLine(t.cure)
	if cure != "" {
		why = strings.TrimRight(why, ".") // Theirs may be a sentence; ours goes on.
	}
	text := what
	if why != "" {
		text += ": " + why
	}
	ending := ""
	switch {
	case cure != "" && strings.HasSuffix(text, "."):
		ending = " Try " + cure
	case cure != "":
		ending = "; " + cure
	}
	whole := text + ending
	if length(whole) <= maxMessage {
		return Status{Kind: kind, Message: whole}
	}
	// Less than half of a message does not tell what is wrong.
	if length(ending) > maxMessage*2/3 {
		ending = "; " + elsewhere
	}
	return Status{Kind: kind, Message: cut(text, maxMessage-length(ending)) + ending, Whole: whole}
}

// oneLine makes text of others fit to be shown: what is not to be seen, and might
// control a terminal, counts as space.
func oneLine(text string) string {
	unseen := func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }
	return strings.Join(strings.FieldsFunc(text, unseen), " ")
}

func length(text string) int { return len([]rune(text)) }

// cut marks what it takes off.
func cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return strings.TrimRight(string(runes[:limit-1]), " ") + "…"
}

// Standby is the status of a unit that is not the leader.
func Standby() Status { return active("Standby") }

// Failed is what the application shows after a hook that has failed, while the unit itself
// is in error. Whether Juju repeats the hook is for the model to say
// (automatically-retry-hooks).
func Failed(failure error) Status {
	reason, _, _ := strings.Cut(failure.Error(), "\n")
	return trouble{what: "Hook failed", why: reason, cure: elsewhere}.status(Waiting)
}
