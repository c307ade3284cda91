package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// An edit puts text before and behind a piece of a file. One without text behind it stands in the
// place of the piece, which is an operator. A # in the text is the number of the mutant.
type edit struct {
	start, end     token.Pos // in the file once it is in a place
	prefix, suffix string
}

func wrap(node ast.Node, prefix, suffix string) edit {
	return edit{node.Pos(), node.End(), prefix, suffix}
}

// helpers is a file of the woven package: what its mutants are made of. Which of them lives is
// asked for by the environment.
const helpers = `package %s

import (
	"cmp"
	"os"
	"strconv"
)

var mutantLiving = func() int {
	number, _ := strconv.Atoi(os.Getenv("MUTANT"))
	return number
}()

func mutantOn(number int) bool { return number == mutantLiving }

func mutantOff(number int) uint {
	if mutantOn(number) {
		return 0
	}
	return 64
}

func mutantText(number int, text string) string {
	if mutantOn(number) {
		return ""
	}
	return text
}

func mutantLess[T cmp.Ordered](number int, a, b T) bool    { return a < b || mutantOn(number) && a == b }
func mutantAtMost[T cmp.Ordered](number int, a, b T) bool  { return a < b || !mutantOn(number) && a == b }
func mutantMore[T cmp.Ordered](number int, a, b T) bool    { return mutantLess(number, b, a) }
func mutantAtLeast[T cmp.Ordered](number int, a, b T) bool { return mutantAtMost(number, b, a) }
`

// An insertion is a text at an offset, in the place of so many bytes. At one offset what closes
// comes first, the innermost before the others, and then what opens, the outermost first.
type insertion struct {
	at, instead, order int
	text               string
}

// weave returns the source with all changes in it, of which one at most is at work. No line begins
// elsewhere than it did.
func weave(content []byte, places []place) []byte {
	var insertions []insertion
	for i, p := range places {
		number := strconv.Itoa(p.number)
		for _, e := range p.edits {
			prefix, suffix := strings.ReplaceAll(e.prefix, "#", number), strings.ReplaceAll(e.suffix, "#", number)
			if suffix == "" {
				insertions = append(insertions, insertion{int(e.start), int(e.end - e.start), len(places), prefix})
				continue
			}
			insertions = append(insertions, insertion{int(e.start), 0, i, prefix}, insertion{int(e.end), 0, -1 - i, suffix})
		}
	}
	slices.SortStableFunc(insertions, func(a, b insertion) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	var woven bytes.Buffer
	done := 0
	for _, one := range insertions {
		woven.Write(content[done:one.at])
		woven.WriteString(one.text)
		done = one.at + one.instead
	}
	woven.Write(content[done:])
	return woven.Bytes()
}

// withoutRefused leaves out the changes in lines that the compiler complains about: numbers first,
// whose types are a guess, and the others when the line has none.
func withoutRefused(places []place, output string) ([]place, error) {
	refused := map[string]bool{}
	for line := range strings.Lines(output) {
		if found := complaint.FindStringSubmatch(line); found != nil {
			refused[found[1]+":"+found[2]] = true
		}
	}
	in := func(p place) bool { return refused[fmt.Sprintf("%s:%d", p.file, p.line)] }
	numbers := map[string]bool{}
	for _, p := range places {
		if in(p) && p.isNumber {
			numbers[fmt.Sprintf("%s:%d", p.file, p.line)] = true
		}
	}
	kept := slices.DeleteFunc(slices.Clone(places), func(p place) bool {
		return in(p) && (p.isNumber || !numbers[fmt.Sprintf("%s:%d", p.file, p.line)])
	})
	if len(kept) == len(places) {
		return nil, fmt.Errorf("cannot compile the package with its mutants:\n%s", output)
	}
	return kept, nil
}
