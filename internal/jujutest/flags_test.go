package jujutest

import (
	"fmt"
	"slices"
	"testing"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-r", "db:1", "key"}, `r=db:1 app=false [key]`},
		{[]string{"-r=db:1", "key"}, `r=db:1 app=false [key]`},
		{[]string{"-rdb:1"}, `r=db:1 app=false []`},
		{[]string{"--relation", "1", "--app"}, `r=1 app=true []`},
		{[]string{"--relation=1"}, `r=1 app=false []`},
		{[]string{"key", "unit/0", "-r", "1", "--app"}, `r=1 app=true [key unit/0]`},
		{[]string{"-", "unit/0"}, `r= app=false [- unit/0]`},
		{[]string{"--", "-r", "--app"}, `r= app=false [-r --app]`},
		{[]string{"-ar", "1"}, `r=1 app=true []`},
		{[]string{"--app=false"}, `r= app=false []`},
		{[]string{"-a=true"}, `r= app=true []`},
		{[]string{"--app=maybe"}, `invalid boolean value "maybe" for option --app: invalid syntax`},
		{[]string{"--nope"}, `option provided but not defined: --nope`},
		{[]string{"-x"}, `option provided but not defined: -x`},
		{[]string{"-r"}, `option needs an argument: -r`},
		{[]string{"-r", "bad"}, `invalid value "bad" for option -r: no such thing`},
		{[]string{"--relation=bad"}, `invalid value "bad" for option --relation: no such thing`},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.args), func(t *testing.T) {
			t.Parallel()
			var flags flagSet
			var relation string
			var app bool
			flags.bool(&app, "app", "a")
			flags.value(func(v string) error {
				if v == "bad" {
					return fmt.Errorf("no such thing")
				}
				relation = v
				return nil
			}, "r", "relation")
			positional, err := flags.parse(slices.Clone(test.args))
			got := fmt.Sprintf("r=%s app=%v %v", relation, app, positional)
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
