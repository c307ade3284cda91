package hooks

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// What can be seen of a model: the words of `juju` that show something.

// status prints a line for each unit of the charm under test, the leader's with
// an asterisk: unit, status of the workload, status of the agent, message.
func (s *story) status(_ context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	status := s.lab.Juju.Status()
	for _, app := range s.deployed {
		for _, unit := range status.Application(app).Units {
			leader := map[bool]string{true: "*"}[unit.Leader]
			agent := unit.Agent
			if unit.AgentMessage != "" {
				agent += " (" + unit.AgentMessage + ")"
			}
			s.print("%s%s %s %s: %s", unit.Name, leader, unit.Status, agent, unit.Message)
		}
	}
	return nil
}

// data prints the databag of an application or unit in the relation of an
// application that the story plays, a line for each key.
func (s *story) data(_ context.Context, args []string) error {
	var app, entity string
	if err := exactly(args, &app, &entity); err != nil {
		return err
	}
	id, err := s.relationOf(app)
	if err != nil {
		return err
	}
	bag := s.lab.Juju.RelationData(id, entity)
	for _, key := range slices.Sorted(maps.Keys(bag)) {
		s.print("%s=%s", key, bag[key])
	}
	return nil
}

// urls prints a line for each ingress requirer that something is published to:
// its name and the value, byte by byte.
func (s *story) urls(_ context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	for _, relation := range s.lab.Juju.Status().Relations {
		provider, _, _ := strings.Cut(relation.Provider, ":")
		requirer, _, _ := strings.Cut(relation.Requirer, ":")
		if bag := s.lab.Juju.RelationData(relation.ID, provider); relation.Interface == "ingress" && len(bag) > 0 {
			s.print("%s %s", requirer, bag["ingress"])
		}
	}
	return nil
}

var (
	// logPrefix is what comes before the level in a line of the log.
	logPrefix = regexp.MustCompile(`(?m)^unit-\S+ \S+ `)
	// took is how long a hook took.
	took = regexp.MustCompile(`in \d+ ms;`)
	// alarmTime is the time in the label of an alarm, or the digest in that of a record.
	alarmTime = regexp.MustCompile(`(-renewal-certificates-|-integrator-record-)[0-9a-f]+`)
)

// debugLog prints the log since the mark or, with --all, all of it, without what
// differs from run to run.
func (s *story) debugLog(_ context.Context, args []string) error {
	flags := newFlags("debug-log")
	all := flags.Bool("all", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := exactly(flags.Args()); err != nil {
		return err
	}
	s.mu.Lock()
	text := s.log.String()
	if *all {
		text = s.all.String()
	}
	s.mu.Unlock()
	_, err := s.out.Write([]byte(took.ReplaceAllString(logPrefix.ReplaceAllString(text, ""), "in N ms;")))
	return err
}

// hooksRun prints a line for each hook since the mark.
func (s *story) hooksRun(_ context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	for _, run := range s.hooks() {
		s.print("%s %s exit %d", run.Unit, run.Name, run.ExitCode)
	}
	return nil
}

// calls prints the hook tools that were called since the mark, or with --all ever:
// all or those named, with their arguments. A text of several lines is one line here; the time
// in an alarm's label is "N", and so is the digest in that of a record.
func (s *story) calls(_ context.Context, args []string) error {
	flags := newFlags("calls")
	all := flags.Bool("all", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	runs, tools := s.hooks(), flags.Args()
	if *all {
		runs = s.everyHook()
	}
	for _, run := range runs {
		for _, call := range run.Calls {
			if len(tools) == 0 || slices.Contains(tools, call.Tool) {
				line := strings.Join(append([]string{call.Tool}, call.Args...), " ")
				line = alarmTime.ReplaceAllString(strings.ReplaceAll(line, "\n", `\n`), "${1}N")
				s.print("%s", took.ReplaceAllString(line, "in N ms;"))
			}
		}
	}
	return nil
}
