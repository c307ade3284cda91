package plan

import (
	"cmp"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// annotationSettings shows, on the Gateway, the settings it was last made from,
// so that an option which turns invalid later does not change what is served. It is
// believed only where Juju has no [state.Record].
const annotationSettings = "gateway-api-integrator.charm.juju.is/settings"

// A servedConfig is what the Gateway was made from.
type servedConfig struct {
	state.Config
	hostKnown bool
	// noted: the charm wrote all of it down. Else it is the defaults, and what the Gateway's
	// listeners tell of the host.
	noted bool
}

// settle returns the options in force, and what follows from them.
func settle(s observed) (state.Config, settings) {
	set := settling{Config: s.Config, settings: settings{byAddress: wantsAddress(s), idle: len(s.Requirers) == 0}}
	served := lastServed(s)
	for _, problem := range s.Problems {
		set.report(blocked(trouble{
			what: "invalid configuration: " + problem.Option + " " + problem.Message,
			cure: configure(s, problem.Option, state.ExampleOf(problem.Option)),
		}))
	}
	set.keep(s.Problems, served)
	set.RoutingMode = cmp.Or(set.RoutingMode, state.RoutingPath)
	if set.EnforceHTTPS && !s.Certificates.Related {
		set.unrelated = statusOf(blocked(trouble{
			what: "Certificates relation is needed if enforce-https is enabled.",
			cure: "`juju integrate " + s.Application + ":certificates CA`",
		}))
	}
	set.settleHost(s, served)
	set.class, set.classStatus = gatewayClass(s)
	return set.Config, set.settings
}

// settling is the options and settings while they are being settled.
type settling struct {
	state.Config
	settings
}

// settleHost says what is wrong where there is no hostname and one is needed, and keeps what is
// served.
func (set *settling) settleHost(s observed, served servedConfig) {
	switch {
	case set.ExternalHostname != "" || set.unsure:
	case set.RoutingMode == state.RoutingSubdomain:
		set.report(blocked(trouble{
			what: "external-hostname must be set for routing-mode subdomain",
			cure: configure(s, state.OptionExternalHostname, state.ExampleOf(state.OptionExternalHostname)),
		}))
		set.keepHost(served)
		set.RoutingMode = served.RoutingMode
	case set.byAddress && set.needsTLS(s) && s.Certificates.Related && noAddressCertificates(s):
		set.report(blocked(trouble{
			what: "external-hostname must be set", why: "addresses get no certificate",
			cure: configure(s, state.OptionExternalHostname, state.ExampleOf(state.OptionExternalHostname)),
		}))
		// Not keepHost: without a last host it is sure that there is none.
		if served.hostKnown {
			set.ExternalHostname = served.ExternalHostname
		}
	}
}

// needsTLS reports whether somebody is served over HTTPS or not at all.
func (set settling) needsTLS(s observed) bool {
	return set.EnforceHTTPS || slices.ContainsFunc(s.Requirers, func(r state.Requirer) bool { return r.Servable() && r.RedirectHTTPS })
}

// wantsAddress reports whether somebody may have to be served at the Gateway's addresses, for
// want of a hostname. Applications on gateway-route name their hosts themselves, or say
// that they have none: only then a certificate for the addresses is not asked for in vain.
func wantsAddress(s observed) bool {
	hostless := func(r state.RouteRequirer) bool { return r.Servable() && r.Hostless }
	return len(s.Requirers) > 0 || slices.ContainsFunc(s.RouteRequirers, hostless)
}

// keep stays with what is served where options are wrong: with all of it, if it is known, and
// else with each option that is wrong.
func (set *settling) keep(problems []state.Problem, served servedConfig) {
	if len(problems) == 0 {
		return
	}
	if served.noted && served.hostKnown {
		set.Config = set.Held(served.Config)
		return
	}
	for _, problem := range problems {
		if problem.Option == state.OptionExternalHostname {
			set.keepHost(served)
		} else {
			set.Config = set.With(problem.Option, served.Config)
		}
	}
}

// keepHost stays with the host that is served.
func (set *settling) keepHost(served servedConfig) {
	if set.unsure = !served.hostKnown; !set.unsure {
		set.ExternalHostname = served.ExternalHostname
	}
}

// report keeps the first problem of the options.
func (set *settling) report(status Status) {
	if set.config == nil {
		set.config = &status
	}
}

// lastServed reads back what the live Gateway was made from, as Juju has it on record.
// Where there is no record, its annotation tells. A Gateway of the Python charm has none;
// its listeners tell the host. Without either the defaults stand, save for the host, which
// is unknown. Others can edit both, and what is no setting is not believed: it would be
// written into every object.
func lastServed(s observed) servedConfig {
	if s.Record != nil {
		if config, hostKnown, ok := state.ReadNote(s.Record.Settings); ok {
			return servedConfig{config, hostKnown, true}
		}
	}
	defaults, _ := state.ParseConfig(nil)
	if s.Cluster.Gateway == nil {
		return servedConfig{Config: defaults}
	}
	if config, hostKnown, ok := state.ReadNote(s.Cluster.Gateway.Annotations[annotationSettings]); ok {
		return servedConfig{config, hostKnown, true}
	}
	for _, listener := range s.Cluster.Gateway.Spec.Listeners {
		if listener.Hostname == nil {
			continue
		}
		hostname := string(*listener.Hostname)
		if normal, err := state.NormalizeHostname(hostname); err == nil && normal == hostname {
			defaults.ExternalHostname = hostname
			return servedConfig{Config: defaults, hostKnown: true}
		}
	}
	return servedConfig{Config: defaults}
}
