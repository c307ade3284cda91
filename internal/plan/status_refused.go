package plan

import (
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

func clusterStatus(s observed) Status {
	if s.Cluster.WithoutGatewayAPI {
		return blocked(trouble{what: "Gateway API resources are not installed in the cluster", cure: "try `k8s enable gateway`, or install its CRDs"})
	}
	return notPermitted(s)
}

func notPermitted(s observed) Status {
	return blocked(trouble{what: "Insufficient permissions", separator: ", try: ", cure: trustCommand(s)})
}

// refusedStatus reports missing permissions, and refused objects that do not belong to a single
// application.
func (d *decision) refusedStatus() *Status {
	if len(d.refused) == 0 {
		return nil
	}
	if slices.ContainsFunc(d.refused, func(one state.Refusal) bool { return one.Permission }) {
		return statusOf(notPermitted(d.observed))
	}
	first := d.refused[0]
	verb, _, _ := strings.Cut(first.Action, " ")
	return statusOf(blocked(trouble{
		what: "The API server refuses to " + verb + " " + first.Kind + " " + first.Name, why: pyjson.Said(first.Reason), cure: seeLog,
	}))
}
