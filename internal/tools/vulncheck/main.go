package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/tools/toolchain"
)

// onNetwork is where the database of vulnerabilities is kept up to date.
const onNetwork = "https://vuln.go.dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "vulncheck: %v\n", err)
		}
		stop()
		os.Exit(1)
	}
}

// run looks up the module in root, and prints a line for all that was found or left out.
// Its error lists what has to be mended.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("vulncheck", flag.ContinueOnError)
	root := flags.String("root", "../..", "the directory of the module that is looked up")
	database := flags.String("db", onNetwork, "the `address` of the database")
	if err := flags.Parse(args); err != nil {
		return err
	}
	directory, err := os.MkdirTemp("", "vulncheck-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	if why := unreachable(ctx, *database); why != nil {
		if err := copied.into(ctx, directory); err != nil {
			fmt.Fprintf(stdout, "LEFT OUT: the look-up of vulnerabilities: %s; nor is there a copy: %s\n", oneLine(why), oneLine(err))
			return nil
		}
		fmt.Fprintf(stdout, "LEFT OUT: the newest vulnerabilities: %s; looked up in the copy %s %s\n", oneLine(why), copied.path, copied.version)
		*database = "file://" + filepath.ToSlash(directory)
	}
	output, err := scan(ctx, *root, *database)
	if err != nil {
		return err
	}
	found, version, err := parse(output)
	if err != nil {
		return err
	}
	asked, err := toolchain.AskedFor(*root)
	if err != nil {
		return err
	}
	mend, wait := judge(found, version, asked)
	if len(wait) > 0 {
		fmt.Fprintf(stdout, "LEFT OUT: %s, which mends what the library of %s has: %s\n", asked, version, names(wait))
	}
	if len(mend) > 0 {
		return fmt.Errorf("the charm's code can reach weaknesses:\n%s", table(mend))
	}
	fmt.Fprintf(stdout, "nothing found that a newer module or a newer toolchain line would mend\n")
	return nil
}

// unreachable says why a database cannot be asked, if so.
func unreachable(ctx context.Context, database string) error {
	if strings.HasPrefix(database, "file://") {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, database+"/index/db.json", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", database, response.Status)
	}
	return nil
}

// scan has govulncheck look up the module in root, and gives what it says, as JSON.
func scan(ctx context.Context, root, database string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", "tool", "govulncheck", "-C", root, "-db", database, "-format", "json", "./...")
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot look up vulnerabilities: %w\n%s", err, stderr.String())
	}
	return output, nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
