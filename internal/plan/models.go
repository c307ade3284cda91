package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// isLocal reports whether an application is of our own model: Juju says so or, before 3.6, has
// it by a name that it gives to none of another model's which uses an offer of ours.
func isLocal(r state.Requirer) bool {
	return r.Local || !r.Foreign && !strings.HasPrefix(r.Application, "remote-")
}

// isRemote reports whether an application is of another model, where no selector reaches its
// pods.
func isRemote(s observed, r state.Requirer) bool {
	return r.Foreign || !isLocal(r) && r.Model != s.Model
}

// isImposter reports whether an application claims another name than Juju has for it, which
// would select the pods of others: one of our model that claims to be another of it, or of
// another model; one that may be of another model, and claims to be of ours. Of an
// application that is of another model for sure, Juju's name is an alias.
func isImposter(s observed, r state.Requirer) bool {
	return !isRemote(s, r) && (r.Name != r.Application || r.Model != s.Model)
}

// reserved are the places of the applications of our own model, be they served or not, and
// their names.
func localPlaces(s observed) map[string]string {
	all := map[string]string{}
	for _, r := range s.Requirers {
		if isLocal(r) {
			for _, key := range (state.Requirer{Model: s.Model, Name: r.Application}).Places() {
				all[key] = r.Application
			}
		}
	}
	return all
}

// yields reports whether an application has to leave its place to one of our model that is
// related. Who holds a place keeps it, unless it calls its own model by the name of ours.
func yields(s observed, r state.Requirer) bool {
	return isRemote(s, r) && (!r.Holds || r.Model == s.Model)
}

// byAge puts the oldest relation first; number gives the relation's.
func byAge[T any](all []T, number func(T) int) []T {
	return slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(number(a), number(b)) })
}

func requirersByAge(s observed) []state.Requirer {
	return byAge(s.Requirers, func(r state.Requirer) int { return r.RelationID })
}

func routesByAge(s observed) []state.RouteRequirer {
	return byAge(s.RouteRequirers, func(r state.RouteRequirer) int { return r.RelationID })
}

func caProvidersByAge(s observed) []state.CAProvider {
	return byAge(s.CAProviders, func(p state.CAProvider) int { return p.RelationID })
}

func providersByAge(s observed) []state.DNSProvider {
	return byAge(s.DNSProviders, func(p state.DNSProvider) int { return p.RelationID })
}
