package dnsrecord

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// maxAnswers limits the provider's list. It is far above pyjson.MaxEntries, because the bind charm
// writes its answers to all its requirers into every databag.
const maxAnswers = 20_000

// Status is the provider's status of one record, in the words of the interface.
type Status string

// The statuses. Unknown is also the status for every other word.
const (
	Approved         Status = "approved"
	PermissionDenied Status = "permission_denied"
	Conflict         Status = "conflict"
	InvalidData      Status = "invalid_data"
	Failure          Status = "failure"
	Pending          Status = "pending"
	Unknown          Status = "unknown"
)

// Answer is the provider's answer for one record. Its texts are fit for a line of
// a log or a status.
type Answer struct {
	Status      Status
	Word        string // Unknown only: the word that the provider wrote instead, quoted and cut
	Description string // at most maxText characters and "..."; often empty
}

// Provider is what the provider's application databag says.
type Provider struct {
	Answers map[string]Answer // by UUID, in lower case; includes those for other requirers
	Remarks []string          // entries left out and why, as [pyjson.Notes] limits them
}

// Answer returns the answer for a record of ours. Until there is one, the record is
// pending.
func (p Provider) Answer(r Record) Answer {
	if answer, ok := p.Answers[UUID(r.Hostname, r.Address)]; ok {
		return answer
	}
	return Answer{Status: Pending}
}

// ParseProvider reads the provider's application databag. It never fails: it leaves out an entry
// that cannot be used, and Remarks say which and why, in words for the log. If there are several
// answers for one UUID, the last counts. It does not even decode unknown keys and members.
func ParseProvider(bag map[string]string) Provider {
	var provider Provider
	var notes pyjson.Notes
	if err := pyjson.CheckBag(bag); err != nil {
		notes.Add("%v; ignored", err)
		provider.Remarks = notes.All()
		return provider
	}
	entries, err := list(bag[keyEntries], &notes)
	if err != nil {
		notes.Add("%s: %v; ignored", keyEntries, err)
	}
	if len(entries) > 0 {
		provider.Answers = make(map[string]Answer, len(entries))
	}
	for i, entry := range entries {
		where := fmt.Sprintf("%s[%d]", keyEntries, i)
		uuid, answer, err := parseAnswer(entry, where, &notes)
		if err != nil {
			notes.Add("%s: %v; ignored", where, err)
			continue
		}
		provider.Answers[uuid] = answer
	}
	provider.Remarks = notes.All()
	return provider
}

// list returns the first maxAnswers elements of the JSON list value, undecoded. It reads them one
// by one, so that the rest of a list of millions is not built in memory.
func list(value string, notes *pyjson.Notes) ([]json.RawMessage, error) {
	if value == "" {
		return nil, nil
	}
	decoder := json.NewDecoder(strings.NewReader(value))
	if token, err := decoder.Token(); err != nil {
		return nil, errNotJSON
	} else if token != json.Delim('[') {
		return nil, errors.New("not a list")
	}
	var entries []json.RawMessage
	for decoder.More() {
		if len(entries) == maxAnswers {
			notes.Add("%s: more than %d entries; the rest ignored", keyEntries, maxAnswers)
			return entries, nil
		}
		var entry json.RawMessage
		if err := decoder.Decode(&entry); err != nil {
			return nil, errNotJSON
		}
		entries = append(entries, entry)
	}
	if _, err := decoder.Token(); err != nil { // the closing bracket
		return nil, errNotJSON
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, pyjson.ErrTrailing
	}
	return entries, nil
}

var errNotJSON = errors.New("not JSON")

// parseAnswer reads one entry. It must have a UUID and a status. If the description cannot be read,
// it is left out with a note that begins with where: the status counts.
func parseAnswer(entry json.RawMessage, where string, notes *pyjson.Notes) (uuid string, answer Answer, err error) {
	// Not pyjson.Object: if the description exceeds that function's limit, it is to be cut, and
	// must not hide the status beside it. The limit of the databag applies.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(entry, &members); err != nil || members == nil {
		return "", Answer{}, errors.New("not a JSON object")
	}
	raw, ok := members["uuid"]
	if !ok {
		return "", Answer{}, errors.New("uuid missing")
	}
	text, _ := pyjson.String(string(raw))
	if uuid, ok = canonical(text); !ok {
		return "", Answer{}, fmt.Errorf("uuid: not a UUID: %s", pyjson.Excerpt(string(raw)))
	}
	if raw, ok = members["status"]; !ok {
		return "", Answer{}, errors.New("status missing")
	}
	answer.Status, answer.Word = parseStatus(string(raw))
	if raw, ok = members["description"]; ok && !pyjson.IsNull(string(raw)) {
		text, ok := pyjson.String(string(raw))
		if !ok {
			notes.Add("%s: description: not a string; ignored", where)
		}
		answer.Description = pyjson.Plain(text)
	}
	return uuid, answer, nil
}

// canonical returns the UUID text, with or without hyphens and in either case, in the form of UUID,
// and whether text is a UUID.
func canonical(text string) (string, bool) {
	const digits, hyphens = 32, 4
	bare := text
	if len(text) == digits+hyphens {
		bare = strings.ReplaceAll(text, "-", "")
	}
	if len(bare) != digits {
		return "", false
	}
	if _, err := hex.DecodeString(bare); err != nil {
		return "", false
	}
	uuid := hyphenate(strings.ToLower(bare))
	return uuid, bare == text || strings.EqualFold(uuid, text)
}

// parseStatus returns the status raw, a JSON value, and its text if the interface does not have
// that status. Like the Python library it accepts anything, also numbers and null, as an unknown
// status.
func parseStatus(raw string) (status Status, word string) {
	text, ok := pyjson.String(raw)
	if !ok {
		return Unknown, pyjson.Excerpt(raw)
	}
	switch status := Status(text); status {
	case Approved, PermissionDenied, Conflict, InvalidData, Failure, Pending:
		return status, ""
	}
	return Unknown, pyjson.Excerpt(text)
}
