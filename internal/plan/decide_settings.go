package plan

import (
	"cmp"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// annotationSettings stores, on the Gateway, the settings from which it was last made, so that an
// option which becomes invalid later does not change what is served. It counts only if Juju has no
// [state.Record].
const annotationSettings = "gateway-api-integrator.charm.juju.is/settings"

// A servedConfig is the configuration from which the Gateway was made.
type servedConfig struct {
	state.Config
	hostKnown bool
	// noted says that the charm wrote all of it down. If not, it is the defaults, with the host
	// that the Gateway's listeners tell.
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

// settling is the options and settings while settle works on them.
type settling struct {
	state.Config
	settings
}

// settleHost reports a problem if there is no hostname and one is needed, and keeps what is served.
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
		// Not keepHost: without a last host it is certain that there is none.
		if served.hostKnown {
			set.ExternalHostname = served.ExternalHostname
		}
	}
}

// needsTLS reports whether some application is served over HTTPS or not at all.
func (set settling) needsTLS(s observed) bool {
	return set.EnforceHTTPS || slices.ContainsFunc(s.Requirers, func(r state.Requirer) bool { return r.Servable() && r.RedirectHTTPS })
}

// wantsAddress reports whether some application may have to be served at the Gateway's addresses if
// there is no hostname: an application on ingress, or one on gateway-route that says it has no
// host. Other applications on gateway-route name their hosts themselves; a certificate for the
// addresses would be of no use to them.
func wantsAddress(s observed) bool {
	hostless := func(r state.RouteRequirer) bool { return r.Servable() && r.Hostless }
	return len(s.Requirers) > 0 || slices.ContainsFunc(s.RouteRequirers, hostless)
}

// keep stays with what is served while options are wrong: with all of it if it is known, else only
// with the options that are wrong.
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

// lastServed returns the configuration from which the live Gateway was made, as Juju has it on
// record. Without a record, the Gateway's annotation tells. A Gateway of the Python charm has no
// annotation; its listeners tell the host. Without either, the defaults apply and the host is
// unknown. Others can edit the annotation and the listeners, so a value that is no valid setting
// does not count: it would be written into every object.
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
