package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"maps"
	"slices"
	"strings"
)

// A weakness is a known vulnerability that the charm's code can reach.
type weakness struct {
	id, summary   string
	module        string // "stdlib", "golang.org/x/net"
	found, mended string // versions: "v1.26.8"; mended is empty while nobody has mended it
}

// parse reads what govulncheck says, and gives what the code can reach, by name, with the
// version of the Go that was at hand.
func parse(output []byte) (reached []weakness, goVersion string, err error) {
	summaries, found := map[string]string{}, map[string]weakness{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var message struct {
			Config struct {
				GoVersion string `json:"go_version"`
			}
			OSV     struct{ ID, Summary string }
			Finding struct {
				OSV   string
				Fixed string `json:"fixed_version"`
				Trace []struct{ Module, Version, Function string }
			}
		}
		err := decoder.Decode(&message)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", fmt.Errorf("cannot read what govulncheck says: %w", err)
		}
		if message.Config.GoVersion != "" {
			goVersion = message.Config.GoVersion
		}
		summaries[message.OSV.ID] = message.OSV.Summary
		// A finding without a function is of code that is there and is not called.
		if trace := message.Finding.Trace; len(trace) > 0 && trace[0].Function != "" {
			id := message.Finding.OSV
			found[id] = weakness{id: id, module: trace[0].Module, found: trace[0].Version, mended: message.Finding.Fixed}
		}
	}
	if goVersion == "" {
		return nil, "", errors.New("cannot read what govulncheck says: it names no version of Go")
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		one := found[id]
		one.summary = summaries[id]
		reached = append(reached, one)
	}
	return reached, goVersion, nil
}

// judge tells what has to be mended here from what the Go that is asked for has mended
// already, while the one at hand is older.
func judge(reached []weakness, goVersion, asked string) (mend, wait []weakness) {
	for _, one := range reached {
		fixed := "go" + strings.TrimPrefix(one.mended, "v")
		if one.module == "stdlib" && one.mended != "" && asked != "" &&
			version.Compare(goVersion, fixed) < 0 && version.Compare(fixed, asked) <= 0 {
			wait = append(wait, one)
			continue
		}
		mend = append(mend, one)
	}
	return mend, wait
}

func names(all []weakness) string {
	var ids []string
	for _, one := range all {
		ids = append(ids, one.id)
	}
	return strings.Join(ids, ", ")
}

func table(all []weakness) string {
	var lines []string
	for _, one := range all {
		mended := "mended by nobody yet"
		if one.mended != "" {
			mended = "mended in " + one.mended
		}
		lines = append(lines, fmt.Sprintf("%s: %s (%s %s, %s)", one.id, one.summary, one.module, one.found, mended))
	}
	return strings.Join(lines, "\n")
}
