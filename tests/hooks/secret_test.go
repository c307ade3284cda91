package hooks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// Juju's clock, and its secrets: more words of `juju`.

// now is Juju's clock.
func (s *story) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

// clock sets Juju's clock forward, and lets the hooks run of what is due then. The
// charm and the authorities keep the machine's time.
func (s *story) clock(ctx context.Context, args []string) error {
	var by time.Duration
	if err := durations(args, &by); err != nil {
		return err
	}
	if by <= 0 {
		return fmt.Errorf("%w: time does not stand, nor go back", errUsage)
	}
	s.mu.Lock()
	s.ahead += by
	s.mu.Unlock()
	return s.lab.Tick(ctx)
}

// secrets prints a line for each secret of the model, sorted: owner, label, latest
// revision, those that are left if they are several, the keys of its content, and
// when it expires. The time in an alarm's label is "N", and so is the digest in that of a record.
func (s *story) secrets(_ context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	var lines []string
	for _, secret := range s.lab.Juju.Secrets() {
		line := fmt.Sprintf("%s %s revision %d", secret.Owner, alarmTime.ReplaceAllString(secret.Label, "${1}N"), secret.Revision)
		if len(secret.Revisions) > 1 {
			line += fmt.Sprintf(" of %d", len(secret.Revisions))
		}
		line += ": " + strings.Join(slices.Sorted(maps.Keys(secret.Content)), ", ")
		if !secret.Expires.IsZero() {
			line += ", expires " + fromNow(secret.Expires, s.now())
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for _, line := range lines {
		s.print("%s", line)
	}
	return nil
}

// fromNow says how far away a time is, in words that do not change while a story
// runs: to the hour or, below two of them, to the minute.
func fromNow(at, now time.Time) string {
	distance := at.Sub(now)
	unit, name := time.Hour, "hours"
	if distance.Abs() < 2*time.Hour {
		unit, name = time.Minute, "minutes"
	}
	rounded := int64(distance.Round(unit) / unit)
	if rounded < 0 {
		return fmt.Sprintf("%d %s ago", -rounded, name)
	}
	return fmt.Sprintf("in %d %s", rounded, name)
}

// addSecret adds a secret that an earlier charm of the application has made. Its
// owner is the application or a unit; a value that begins with @ is a file's.
func (s *story) addSecret(_ context.Context, args []string) error {
	flags := newFlags("add-charm-secret")
	expire := flags.Duration("expire", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() < 3 {
		return errUsage
	}
	content, err := pairs(flags.Args()[2:])
	if err != nil {
		return err
	}
	for key, value := range content {
		if file, ok := strings.CutPrefix(value, "@"); ok {
			content[key] = s.script.ReadFile(file)
		}
	}
	var at time.Time
	if *expire != 0 {
		at = s.now().Add(*expire)
	}
	_, err = s.lab.Juju.AddCharmSecret(flags.Arg(0), flags.Arg(1), content, at)
	return err
}

// copySecret copies a field of a secret to a file, so that no key is printed. Of
// several secrets whose labels end so, the unit's own is the last choice.
func (s *story) copySecret(_ context.Context, args []string) error {
	var label, field, file string
	if err := exactly(args, &label, &field, &file); err != nil {
		return err
	}
	secrets := s.lab.Juju.Secrets()
	slices.SortFunc(secrets, func(a, b jujutest.Secret) int { return cmp.Compare(a.Owner, b.Owner) })
	i := slices.IndexFunc(secrets, func(secret jujutest.Secret) bool { return strings.HasSuffix(secret.Label, label) })
	if i < 0 || secrets[i].Content[field] == "" {
		return fmt.Errorf("no secret …%s has a %s", label, field)
	}
	return os.WriteFile(s.script.MkAbs(file), []byte(secrets[i].Content[field]), 0o600)
}
