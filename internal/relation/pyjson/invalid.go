package pyjson

import (
	"errors"
	"fmt"
)

// ErrNotWritten says that a databag holds none of the interface's keys: the other side has not
// written yet, which is not an error to report.
var ErrNotWritten = errors.New("nothing written yet")

// InvalidError says why a databag cannot be used, with one sentence per key, in words for
// operators: "port: must be a whole number from 1 to 65535, not \"80a\"".
type InvalidError struct {
	Problems []string // never empty; in the order of the interface's keys
}

// Error returns the first problem and the number of the others: a status has room for one. The log
// should show all Problems.
func (e *InvalidError) Error() string {
	if more := len(e.Problems) - 1; more > 0 {
		return fmt.Sprintf("%s (and %d more)", e.Problems[0], more)
	}
	return e.Problems[0]
}
