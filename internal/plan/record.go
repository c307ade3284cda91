package plan

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Record is what Juju has to hold of the plan's objects, for the next hook to tell them
// from what others make of them; see [state.Record]. What the plan does not touch stays as
// it was recorded. Where the API server has refused an object, what stands there of before
// may go on being served.
func (p Plan) Record(s state.State) state.Record {
	var before, record state.Record
	if s.Record != nil {
		before = *s.Record
	}
	if p.KeepObjects {
		return before
	}
	record.Settings, record.Class, record.Held = before.Settings, before.Class, p.Held
	for _, object := range p.Objects {
		switch object := object.(type) {
		case *secret:
			record.Given = append(record.Given, state.ChainDigest(string(object.Data[secretTLSCert])))
		case *gatewayv1.Gateway:
			record.Settings, record.Class = object.Annotations[annotationSettings], string(object.Spec.GatewayClassName)
		case *configMap:
			record.Told = object.Annotations[AnnotationTold]
		}
	}
	if len(s.Cluster.Refused)+len(s.Cluster.Refusals) > 0 {
		for _, served := range s.Cluster.Served {
			record.Given = append(record.Given, state.ChainDigest(served.Chain))
		}
	}
	slices.Sort(record.Given)
	record.Given = slices.Compact(record.Given)
	return record
}
