package plan

import (
	"cmp"
	"fmt"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

func (r *routing) remark(application string, relation int, remark string) {
	r.remarks = append(r.remarks, fmt.Sprintf("%s (relation %d): %s", application, relation, remark))
}

// omit records that an application is not served, and why.
func (r *routing) omit(iface, application string, relation int, reason, cure string) {
	r.omitted = append(r.omitted, omission{application: application, relation: relation, iface: iface, reason: reason, cure: cure})
	if cure != "" {
		reason += "; " + cure
	}
	r.remark(application, relation, "not served: "+reason)
}

// omitOther omits an application that speaks a version of the interface which we do not serve.
func (r *routing) omitOther(iface, application string, relation int, reason, cure string) {
	r.omit(iface, application, relation, reason, cure)
	r.omitted[len(r.omitted)-1].other = true
}

// addWithoutData records an application on ingress that has not written enough yet.
func (r *routing) addWithoutData(requirer state.Requirer) {
	reason := ""
	switch {
	case requirer.Waiting:
	case !requirer.HasUnits:
		reason = "it has no unit"
	case len(requirer.Addresses) == 0:
		reason = "no unit says its address (ip)"
	}
	r.withoutData = append(r.withoutData, omission{application: requirer.Application, relation: requirer.RelationID, iface: "ingress", reason: reason})
}

// trouble returns the trouble of a unit that is left out, alone or with its application.
func (o omission) trouble(aside string) trouble {
	return trouble{what: o.unit + " " + o.reason, aside: aside, cure: cmp.Or(o.cure, correctThere)}
}

// inWords returns the reason, and what to do about it.
func (o omission) inWords() string {
	if o.cure == "" {
		return o.reason
	}
	return o.reason + "; " + o.cure
}
