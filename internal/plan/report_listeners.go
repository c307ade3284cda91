package plan

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// A Judgement is how the controller judges a listener or a route.
type Judgement string

// The judgements of controllers.
const (
	Ready   Judgement = "ready"   // it is set up
	Awaited Judgement = "waiting" // nothing is known yet, or the problem may pass
	Refused Judgement = "refused" // somebody must act
)

// judgementOf returns the judgement that a finding stands for; nil stands for nothing wrong.
func judgementOf(found *finding, known bool) (judgement Judgement, reason string) {
	switch {
	case found == nil && known:
		return Ready, ""
	case found == nil:
		return Awaited, ""
	case found.kind == Blocked:
		return Refused, found.clean().text()
	default:
		return Awaited, found.clean().text()
	}
}

// A Listener is what is known about one planned listener of the Gateway.
type Listener struct {
	Name     string    `json:"name"`
	Host     string    `json:"host"` // empty: any
	Protocol string    `json:"protocol"`
	Port     int       `json:"port"`
	State    Judgement `json:"state"`
	Reason   string    `json:"reason,omitempty"`
	// Since is when the controller last changed its judgement; zero if unknown.
	Since time.Time `json:"since,omitzero"`
}

// listenerReports reports on the listeners, in their order.
func (p *planned) listenerReports() []Listener {
	reported := map[gatewayv1.SectionName][]metav1.Condition{}
	if gateway := p.Cluster.Gateway; gateway != nil {
		for _, listener := range gateway.Status.Listeners {
			reported[listener.Name] = listener.Conditions
		}
	}
	var all []Listener
	for _, planned := range p.objects.gateway.Spec.Listeners {
		one := Listener{
			Name: string(planned.Name), Host: hostOf(planned), Protocol: string(planned.Protocol), Port: int(planned.Port),
			State: Awaited, Since: changeOf(reported[planned.Name]),
		}
		if p.Cluster.Gateway != nil {
			programmed := conditionOf(reported[planned.Name], string(gatewayv1.ListenerConditionProgrammed), p.Cluster.Gateway.Generation)
			one.State, one.Reason = judgementOf(p.findListener(planned, reported[planned.Name]), programmed.known)
		}
		all = append(all, one)
	}
	return all
}

// changeOf returns when the newest of some conditions changed; zero for none.
func changeOf(conditions []metav1.Condition) time.Time {
	var newest time.Time
	for _, c := range conditions {
		newest = latest(newest, c.LastTransitionTime.Time)
	}
	return newest
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
