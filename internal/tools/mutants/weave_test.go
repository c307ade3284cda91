package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A source with all that is changed, and what it gives for some values.
const everything = `package p

import (
	"fmt"
	"time"
)

type level uint8

var table = []byte{1, 2}

func All() (all string) {
	for _, a := range []int{0, 1, 2} {
		for _, b := range []int{0, 1, 2} {
			_, _ = a, b
			all += fmt.Sprint(order(a, b), join(a == 0, b == 0, a != b), steps(a, b), typed(a), text(a), ";")
		}
	}
	return all
}

func order(a, b int) [4]bool { return [...]bool{a < b, a <= b, a > b, a >= b} }

func join(x, y, z bool) string {
	switch {
	case x && y || !x && (z || y):
		return "one"
	case !x:
		return "two"
	case y:
		return word()
	}
	return "four"
}

func steps(a, b int) (all []int) {
	defer func() { all = append(all, 9) }()
	for i := 0; i < 4; i++ {
		if i == a {
			continue
		}
		if i == b+1 {
			break
		}
		all = append(all,
			i<<1, len(all)-1)
		a += 2; b++
	}
	return all
}

func typed(a int) string {
	var l level = 3
	var d time.Duration = 5 * time.Second
	return fmt.Sprint(l, d, table[a%2], uint16(a)<<8|1, true)
}

func text(a int) level {
	if a > 1 {
		return level(len(word()))
	}
	return 254
}

func word() string { return "word" }
`

// In the woven source each mutant does what it does when its change is the only one.
func TestWeave(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	places := found(t, everything)
	files := map[string]string{
		"go.mod":       "module example.com/woven\n\ngo 1.26\n",
		"w/p.go":       string(weave([]byte(everything), places)),
		"w/helpers.go": fmt.Sprintf(helpers, "p"),
	}
	var imports, calls strings.Builder
	for _, p := range places {
		files[fmt.Sprintf("e%d/p.go", p.number)] = string(p.apply([]byte(everything)))
		fmt.Fprintf(&imports, "\te%d \"example.com/woven/e%d\"\n", p.number, p.number)
		fmt.Fprintf(&calls, "\tcase \"%d\":\n\t\tfmt.Println(\"all\", e%d.All())\n", p.number, p.number)
	}
	files["main.go"] = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\n\tp \"example.com/woven/w\"\n" + imports.String() +
		")\n\nfunc main() {\n\tfmt.Println(\"all\", p.All())\n\tswitch os.Getenv(\"MUTANT\") {\n" + calls.String() + "\t}\n}\n"
	writeFiles(t, root, files)
	command := exec.CommandContext(t.Context(), "go", "build", "-o", "woven", ".")
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, output, files["w/p.go"])
	}
	run := func(number int) []string {
		t.Helper()
		command := exec.CommandContext(t.Context(), root+"/woven")
		command.Env = append(os.Environ(), fmt.Sprintf("MUTANT=%d", number))
		output, err := command.CombinedOutput()
		if err != nil {
			return []string{"panic", "panic"} // The woven one comes first, and the other would too.
		}
		return strings.Split(strings.TrimSuffix(string(output), "\n"), "\n")
	}
	original := run(0)[0]
	for _, p := range places {
		switch got := run(p.number); {
		case len(got) != 2 || got[0] != got[1]:
			t.Errorf("%s\nwoven and by itself:\n%s", p.describe([]byte(everything)), strings.Join(got, "\n"))
		case got[0] == original:
			t.Errorf("%s\nis as it was", p.describe([]byte(everything)))
		}
	}
}
