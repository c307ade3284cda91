package jujutest

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Status is the model as juju status sees it.
type Status struct {
	Model        string
	JujuVersion  string
	Applications []ApplicationStatus // by name
	Relations    []RelationStatus    // by id, without peer relations
}

// ApplicationStatus is one application.
type ApplicationStatus struct {
	Name     string
	Charm    string // "" for a scripted application
	Status   string
	Message  string
	Version  string
	Scripted bool
	Units    []UnitStatus // by number
}

// UnitStatus is one unit.
type UnitStatus struct {
	Name         string
	Leader       bool
	Status       string // workload status
	Message      string
	Agent        string // "allocating", "executing", "idle" or "error"
	AgentMessage string // the failed hook
	Address      string
	Version      string
}

// RelationStatus is one relation.
type RelationStatus struct {
	ID        int
	Provider  string // "app:endpoint"
	Requirer  string
	Interface string
	Removing  bool
}

// severity orders workload statuses: an application shows the worst of its units (core/status
// DeriveStatus). Maintenance means that the unit itself works, waiting that others do.
var severity = map[string]int{
	"error": 100, "blocked": 90, "maintenance": 80, "waiting": 70, "active": 60, "terminated": 50, "unknown": 40,
}

// Status returns the present state of the model.
func (j *Juju) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Status{Model: j.options.Model, JujuVersion: j.traits.version}
	for _, name := range sortedKeys(j.apps) {
		s.Applications = append(s.Applications, j.apps[name].report())
	}
	for _, id := range sortedKeys(j.relations) {
		r := j.relations[id]
		if r.isPeer() || r.ghost {
			continue
		}
		requirer, provider := r.ends[0], r.ends[1]
		s.Relations = append(s.Relations, RelationStatus{
			ID:        id,
			Requirer:  requirer.app.name + ":" + requirer.endpoint.Name,
			Provider:  provider.app.name + ":" + provider.endpoint.Name,
			Interface: provider.endpoint.Interface,
			Removing:  r.life != alive,
		})
	}
	return s
}

func (a *application) report() ApplicationStatus {
	status := a.workload()
	report := ApplicationStatus{Name: a.name, Status: status.Status, Message: status.Message, Scripted: a.scripted}
	if a.charm != nil {
		report.Charm = a.charm.name
	}
	for _, u := range a.units {
		report.Units = append(report.Units, u.report())
		if u.version != "" {
			report.Version = u.version
		}
	}
	return report
}

// workload returns the application's status: its own once a leader has set one, else the worst of
// its units; if several are equally bad, the first.
func (a *application) workload() workloadStatus {
	if a.status != nil {
		return *a.status
	}
	worst := workloadStatus{Status: "unknown"}
	for _, u := range a.units {
		if status := u.workload(); severity[status.Status] > severity[worst.Status] {
			worst = status
		}
	}
	return worst
}

// workload returns the unit's status as the controller shows it: a failed hook is an error of the
// workload, although the agent is in error.
func (u *unit) workload() workloadStatus {
	if u.agent != nil && u.agent.inError && !u.agent.busy {
		return workloadStatus{Status: "error", Message: u.agent.problem, Since: u.status.Since}
	}
	return u.status
}

func (u *unit) report() UnitStatus {
	report := UnitStatus{
		Name: u.name, Leader: u.app.leader == u.name, Status: u.status.Status, Message: u.status.Message,
		Agent: "idle", Address: u.address, Version: u.version,
	}
	switch a := u.agent; {
	case a == nil:
	case a.busy:
		report.Agent = "executing"
	case a.inError:
		report.Agent, report.AgentMessage = "error", a.problem
	case !a.installed:
		report.Agent = "allocating"
	}
	return report
}

// Application returns the status of one application; the zero value if there is none.
func (s Status) Application(name string) ApplicationStatus {
	for _, a := range s.Applications {
		if a.Name == name {
			return a
		}
	}
	return ApplicationStatus{}
}

// Unit returns the status of one unit; the zero value if there is none.
func (s Status) Unit(name string) UnitStatus {
	for _, u := range s.Application(applicationOf(name)).Units {
		if u.Name == name {
			return u
		}
	}
	return UnitStatus{}
}

// String draws the tables of juju status.
func (s Status) String() string {
	var text strings.Builder
	table := func(header string, rows []string) {
		if len(rows) == 0 {
			return
		}
		if text.Len() > 0 {
			text.WriteString("\n")
		}
		w := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
		// A strings.Builder does not fail.
		_, _ = fmt.Fprintln(w, header)
		for _, row := range rows {
			_, _ = fmt.Fprintln(w, row)
		}
		_ = w.Flush()
	}
	table("Model\tVersion", []string{s.Model + "\t" + s.JujuVersion})
	var apps, units, relations []string
	for _, a := range s.Applications {
		apps = append(apps, fmt.Sprintf("%s\t%s\t%s\t%d\t%s\t%s", a.Name, a.Version, a.Status, len(a.Units), a.Charm, a.Message))
		for _, u := range a.Units {
			units = append(units, u.row())
		}
	}
	for _, r := range s.Relations {
		removing := ""
		if r.Removing {
			removing = "removing"
		}
		relations = append(relations, fmt.Sprintf("%s\t%s\t%s\t%s", r.Provider, r.Requirer, r.Interface, removing))
	}
	table("App\tVersion\tStatus\tScale\tCharm\tMessage", apps)
	table("Unit\tWorkload\tAgent\tAddress\tMessage", units)
	table("Integration provider\tRequirer\tInterface\tMessage", relations)
	return trimLines(text.String())
}

// row shows a unit as Juju does: a failed hook is a workload in error with an idle agent.
func (u UnitStatus) row() string {
	name, status, agent, message := u.Name, u.Status, u.Agent, u.Message
	if u.Leader {
		name += "*"
	}
	if agent == "error" {
		status, agent, message = "error", "idle", u.AgentMessage
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", name, status, agent, u.Address, message)
}

func trimLines(text string) string {
	var trimmed strings.Builder
	for line := range strings.Lines(text) {
		trimmed.WriteString(strings.TrimRight(line, " \n"))
		trimmed.WriteString("\n")
	}
	return trimmed.String()
}
