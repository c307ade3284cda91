package plan

import (
	"fmt"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Kind is a workload status of Juju.
type Kind string

// The workload statuses that the charm sets.
const (
	Active  Kind = "active"  // all is served as asked
	Waiting Kind = "waiting" // another party will act
	Blocked Kind = "blocked" // the operator must act
)

// Status is what `juju status` shows: sentence case, in the operator's words,
// at most maxMessage characters.
type Status struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
	// Whole is the message before it was cut, for the log; empty when it was not.
	Whole string `json:"whole,omitempty"`
}

// maxMessage bounds a status message, so that a table of units stays readable.
const maxMessage = 120

func blocked(message string) Status  { return newStatus(Blocked, message) }
func waiting(message string) Status  { return newStatus(Waiting, message) }
func active(message string) Status   { return newStatus(Active, message) }
func statusOf(status Status) *Status { return &status }

func newStatus(kind Kind, message string) Status {
	// Controllers' messages may have several lines.
	whole := strings.Join(strings.Fields(message), " ")
	runes := []rune(whole)
	if len(runes) <= maxMessage {
		return Status{Kind: kind, Message: whole}
	}
	return Status{Kind: kind, Message: string(runes[:maxMessage-1]) + "…", Whole: whole}
}

// Standby is the status of a unit that is not the leader.
func Standby() Status { return active("Standby") }

// status climbs the ladder; the first rung that has something to say wins. The
// order is that of causes: what stands further down often follows from what
// stands above.
func status(s state.State, set settings, routing routing) Status {
	if set.config != nil {
		return *set.config
	}
	if !s.Cluster.Usable() {
		return clusterStatus(s)
	}
	if set.classStatus != nil {
		return *set.classStatus
	}
	rungs := []func() *Status{
		func() *Status { return gatewayStatus(s.Cluster.Gateway, set) },
		func() *Status { return listenerStatus(s, set) },
		func() *Status { return listenersNotValid(s.Cluster.Gateway) },
		func() *Status { return certificateStatus(s, set) },
		func() *Status { return addressStatus(s.Cluster.Gateway) },
		func() *Status { return requirerStatus(routing) },
		func() *Status { return routeStatus(s, set, routing) },
		func() *Status { return dnsStatus(s, set) },
	}
	for _, rung := range rungs {
		if status := rung(); status != nil {
			return *status
		}
	}
	return activeStatus(s, set, routing)
}

func clusterStatus(s state.State) Status {
	if s.Cluster.WithoutGatewayAPI {
		return blocked("Gateway API resources are not installed in the cluster: install the Gateway API CRDs (standard channel)")
	}
	return blocked("Insufficient permissions, try: `juju trust " + s.Application + " --scope=cluster`")
}

// requirerStatus speaks when nothing can be served to anybody. As long as some
// application is served, those that are not are named in the active status.
func requirerStatus(routing routing) *Status {
	if len(routing.targets)+len(routing.routes) > 0 {
		return nil
	}
	if len(routing.omitted) > 0 {
		first := routing.omitted[0]
		return statusOf(blocked("Validation of " + first.iface + " relation data failed. " + first.application + ": " + first.reason))
	}
	if len(routing.silent) > 0 {
		return statusOf(waiting("Waiting for " + routing.silent[0].iface + " relation data from " + routing.silentNames(routing.silent[0].iface)))
	}
	return nil
}

func activeStatus(s state.State, set settings, routing routing) Status {
	message := "Gateway addresses: " + strings.Join(addresses(s.Cluster.Gateway), ", ")
	if !set.enforce {
		message += " (enforce-https is set to false)"
	}
	if withoutRecords(s, set) {
		message += "; no DNS records, which take IP addresses only"
	}
	if renewal := renewing(s, set); renewal != "" {
		message += "; " + renewal
	}
	served, left := len(routing.targets)+len(routing.routes), len(routing.omitted)+len(routing.silent)
	if left == 0 {
		return active(message)
	}
	message += fmt.Sprintf("; %d of %d applications served", served, served+left)
	if len(routing.omitted) > 0 {
		message += "; " + routing.omitted[0].application + ": " + routing.omitted[0].reason
	} else {
		message += "; no data yet from " + routing.silentNames("")
	}
	return active(message)
}

// silentNames are the applications that have not written yet, over one interface or,
// without its name, over any.
func (r routing) silentNames(iface string) string {
	var names []string
	for _, one := range r.silent {
		if iface == "" || one.iface == iface {
			names = append(names, one.application)
		}
	}
	return strings.Join(names, ", ")
}
