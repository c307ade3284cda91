package plan

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/address"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// settings are the options in force. Where an option is wrong it is the value
// that is being served, so that a mistake takes no traffic down; what is wrong
// stands in config, classStatus and unrelated.
type settings struct {
	hostname string // empty: whatever address the Gateway has
	mode     state.RoutingMode
	class    string // empty: there is no class to make a Gateway of
	enforce  bool
	hsts     int64
	networks address.Networks // of other models
	hosts    []host
	// unsure says that the options do not tell the host, nor does the cluster.
	unsure bool
	// byAddress says that the Gateway is to be reached at its addresses as long as
	// there is no hostname.
	byAddress bool
	// idle says that no application is related on ingress: nothing is made for a host that
	// serves nobody, and nothing of it stays. One that has not written anything yet counts:
	// its certificate is asked for early.
	idle bool
	// config, classStatus and unrelated, about the certificates relation, are the first
	// problems of their rungs, nil for none.
	config, classStatus, unrelated *Status
}

// storedSettings is what annotationSettings holds.
type storedSettings struct {
	Hostname *string           `json:"external-hostname,omitempty"` // nil: not known
	HSTS     int64             `json:"hsts-max-age"`
	Mode     state.RoutingMode `json:"routing-mode,omitempty"` // empty: path
	Networks address.Networks  `json:"cross-model-networks,omitempty"`

	annotated bool // it was found in the annotation
}

func settle(s state.State) settings {
	set := settings{
		hostname: s.Config.ExternalHostname,
		enforce:  s.Config.EnforceHTTPS,
		hsts:     s.Config.HSTSMaxAge,
		mode:     s.Config.RoutingMode,
		networks: s.Config.CrossModelNetworks,

		byAddress: wantsAddress(s),
		idle:      len(s.Requirers) == 0,
	}
	served := lastSettings(s)
	for _, problem := range s.Problems {
		set.report(blocked(trouble{
			what: "invalid configuration: " + problem.Option + " " + problem.Message,
			cure: configure(s, problem.Option, optionValues[problem.Option]),
		}))
		switch problem.Option {
		case state.OptionExternalHostname:
			set.keepHost(served)
		case state.OptionRoutingMode:
			set.mode = served.Mode
		case state.OptionHSTSMaxAge:
			set.hsts = served.HSTS
		case state.OptionCrossModelNetworks:
			set.networks = served.Networks
		}
	}
	if len(s.Problems) > 0 {
		set.hold(served)
	}
	if set.enforce && !s.Certificates.Related {
		set.unrelated = statusOf(blocked(trouble{
			what: "Certificates relation is needed if enforce-https is enabled.",
			cure: "`juju integrate " + s.Application + ":certificates CA`",
		}))
	}
	switch {
	case set.hostname != "" || set.unsure:
	case set.mode == state.RoutingSubdomain:
		set.report(blocked(trouble{
			what: "external-hostname must be set for routing-mode subdomain",
			cure: configure(s, state.OptionExternalHostname, optionValues[state.OptionExternalHostname]),
		}))
		set.keepHost(served)
		set.mode = served.Mode
	case set.byAddress && set.needsTLS(s) && s.Certificates.Related && addressesInVain(s):
		set.report(blocked(trouble{
			what: "external-hostname must be set", why: "addresses get no certificate",
			cure: configure(s, state.OptionExternalHostname, optionValues[state.OptionExternalHostname]),
		}))
		// Not keepHost: without a last host it is sure that there is none.
		if served.Hostname != nil {
			set.hostname = *served.Hostname
		}
	}
	set.class, set.classStatus = gatewayClass(s)
	return set
}

// needsTLS says that somebody is served over HTTPS or not at all.
func (set settings) needsTLS(s state.State) bool {
	return set.enforce || slices.ContainsFunc(s.Requirers, func(r state.Requirer) bool { return r.Servable() && r.RedirectHTTPS })
}

// wantsAddress says that somebody may have to be served at the Gateway's addresses, for
// want of a hostname. Applications on gateway-route name their hosts themselves, or say
// that they have none: only then a certificate for the addresses is not asked for in vain.
func wantsAddress(s state.State) bool {
	hostless := func(r state.RouteRequirer) bool { return r.Servable() && r.Hostless }
	return len(s.Requirers) > 0 || slices.ContainsFunc(s.RouteRequirers, hostless)
}

// hold stays with all that is served. Options are set together: one that is right beside
// one that is wrong is half of what was meant, and may take traffic down. Only
// enforce-https counts at once, since it is what keeps traffic out of the clear.
func (set *settings) hold(served storedSettings) {
	if !served.annotated || served.Hostname == nil {
		return
	}
	set.hostname, set.mode, set.hsts, set.unsure = *served.Hostname, served.Mode, served.HSTS, false
	set.networks = served.Networks
}

// keepHost stays with the host that is served.
func (set *settings) keepHost(served storedSettings) {
	if set.unsure = served.Hostname == nil; !set.unsure {
		set.hostname = *served.Hostname
	}
}

// report keeps the first problem of the options.
func (set *settings) report(status Status) {
	if set.config == nil {
		set.config = &status
	}
}

// lastSettings reads back what the live Gateway was made from, as Juju has it on record.
// Where there is no record, its annotation tells. A Gateway of the Python charm has none;
// its listeners tell the host. Without either the defaults stand, save for the host, which
// is unknown. Others can edit both, and what is no setting is not believed: it would be
// written into every object.
func lastSettings(s state.State) storedSettings {
	gateway, last := s.Cluster.Gateway, storedSettings{HSTS: state.DefaultHSTSMaxAge}
	noted := last
	if s.Record != nil && json.Unmarshal([]byte(s.Record.Settings), &noted) == nil && noted.valid() {
		noted.annotated = true
		return noted
	}
	if noted = last; gateway == nil {
		return last
	}
	if json.Unmarshal([]byte(gateway.Annotations[annotationSettings]), &noted) == nil && noted.valid() {
		noted.annotated = true
		return noted
	}
	for _, listener := range gateway.Spec.Listeners {
		if listener.Hostname == nil {
			continue
		}
		if found := (storedSettings{Hostname: ptr(string(*listener.Hostname))}); found.valid() {
			last.Hostname = found.Hostname
			break
		}
	}
	return last
}

// valid says that the settings are such as options make them.
func (stored storedSettings) valid() bool {
	hostname := ""
	if stored.Hostname != nil {
		hostname = *stored.Hostname
	}
	config, problems := state.ParseConfig(map[string]any{
		state.OptionExternalHostname: hostname, state.OptionHSTSMaxAge: stored.HSTS, state.OptionRoutingMode: string(stored.Mode),
		state.OptionCrossModelNetworks: string(stored.Networks),
	})
	return len(problems) == 0 && config.ExternalHostname == hostname && config.CrossModelNetworks == stored.Networks && config.RoutingMode == cmp.Or(stored.Mode, state.RoutingPath)
}

func (set settings) annotation() string {
	served := storedSettings{HSTS: set.hsts, Networks: set.networks}
	if !set.unsure {
		served.Hostname = &set.hostname
	}
	if set.mode == state.RoutingSubdomain {
		served.Mode = set.mode
	}
	text, err := json.Marshal(served)
	if err != nil {
		panic(err) // Strings and a number always marshal.
	}
	return string(text)
}

// gatewayClass chooses the class and says what is wrong with the choice. With
// trouble, the class that the Gateway was made of goes on being used: another class
// would mean another controller and another address.
func gatewayClass(s state.State) (string, *Status) {
	if !s.Cluster.Usable() {
		return "", nil
	}
	live := ""
	if s.Cluster.Gateway != nil {
		live = string(s.Cluster.Gateway.Spec.GatewayClassName)
	}
	if s.Record != nil && s.Record.Class != "" {
		live = s.Record.Class // Who may edit the Gateway cannot move it to another controller.
	}
	wrong := func(p state.Problem) bool { return p.Option == state.OptionGatewayClass }
	if len(s.Problems) > 0 && live != "" || slices.ContainsFunc(s.Problems, wrong) {
		return live, nil
	}
	if wanted := s.Config.GatewayClass; wanted != "" {
		return configuredClass(s, wanted, live)
	}
	return onlyClass(s, live)
}

func configuredClass(s state.State, wanted, live string) (string, *Status) {
	i := slices.IndexFunc(s.Cluster.Classes, func(c gatewayv1.GatewayClass) bool { return c.Name == wanted })
	if i < 0 {
		return live, oneOf(s, s.Cluster.Classes)
	}
	accepted := classAccepted(s.Cluster.Classes[i])
	switch {
	case accepted.is(true):
		return wanted, nil
	case accepted.is(false):
		cure := "see `kubectl describe gatewayclass " + wanted + "`"
		if strings.HasPrefix(accepted.Reason, string(gatewayv1.GatewayClassReasonUnsupportedVersion)) {
			cure = "install the CRDs that its controller knows"
		}
		return live, statusOf(blocked(trouble{what: "Gateway class " + wanted + " is not accepted", why: accepted.because(), cure: cure}))
	case overdue(s, changedAt(&s.Cluster.Classes[i])):
		return live, noneAccepted([]string{wanted})
	default:
		return live, statusOf(waiting("Waiting for a controller to accept gateway class " + wanted))
	}
}

// onlyClass chooses when no class is asked for. A class in use is left only when
// it is gone: one that lost its controller for a while must not move the Gateway.
func onlyClass(s state.State, live string) (string, *Status) {
	var accepted []gatewayv1.GatewayClass
	for _, class := range s.Cluster.Classes {
		if classAccepted(class).is(true) {
			accepted = append(accepted, class)
		}
	}
	all := classNames(s.Cluster.Classes)
	switch {
	case len(accepted) == 1 && slices.Contains(all, live):
		return configuredClass(s, live, live)
	case len(accepted) == 1:
		return accepted[0].Name, nil
	case len(accepted) > 1:
		return live, oneOf(s, accepted)
	case len(all) == 1 && classAccepted(s.Cluster.Classes[0]).is(false):
		return configuredClass(s, all[0], live)
	case len(all) > 0:
		return live, noneAccepted(all)
	default:
		return live, oneOf(s, nil)
	}
}

// noneAccepted says that no controller has taken any of the classes.
func noneAccepted(classes []string) *Status {
	return statusOf(blocked(trouble{
		what: "No gateway class is accepted by a controller: [" + strings.Join(classes, ",") + "]",
		cure: "see `kubectl describe gatewayclass`",
	}))
}

// oneOf asks the operator to choose a class, or to bring one.
func oneOf(s state.State, classes []gatewayv1.GatewayClass) *Status {
	if len(classes) == 0 {
		return statusOf(blocked(trouble{
			what: "There is no GatewayClass in the cluster", cure: "try `k8s enable gateway`, or install a Gateway API controller",
		}))
	}
	names := classNames(classes)
	choice := optionValues[state.OptionGatewayClass]
	if len(names) == 1 {
		choice = names[0]
	}
	return statusOf(blocked(trouble{
		what: "Gateway class must be one of: [" + strings.Join(names, ",") + "]",
		cure: configure(s, state.OptionGatewayClass, choice),
	}))
}

// optionValues say in a word what an option takes, in the command that sets it.
var optionValues = map[string]string{
	state.OptionExternalHostname: "NAME",
	state.OptionGatewayClass:     "CLASS",
	state.OptionEnforceHTTPS:     "true",
	state.OptionHSTSMaxAge:       "SECONDS",
	state.OptionRoutingMode:      "path",

	state.OptionCrossModelNetworks:  "CIDRS",
	state.OptionHostsPerRelation:    "8",
	state.OptionCertificatesPerHour: "16",
}

// configure is the command that sets an option.
func configure(s state.State, option, value string) string {
	return "`juju config " + s.Application + " " + option + "=" + value + "`"
}

// classAccepted tells what the class's controller makes of it. One that does not know
// the version of the CRDs need not say anything else.
func classAccepted(class gatewayv1.GatewayClass) condition {
	accepted := acceptedOf(class.Status.Conditions, class.Generation)
	supported := conditionOf(class.Status.Conditions, string(gatewayv1.GatewayClassConditionStatusSupportedVersion), class.Generation)
	if !accepted.known && supported.is(false) {
		return supported
	}
	return accepted
}

func classNames(classes []gatewayv1.GatewayClass) []string {
	var names []string
	for _, class := range classes {
		names = append(names, class.Name)
	}
	slices.Sort(names)
	return names
}
