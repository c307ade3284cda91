package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// isLocal reports whether an application is in our own model. Juju says so from 3.6 on. Before,
// Juju's name for the application tells: if an application of another model uses our offer, that
// name begins with remote-.
func isLocal(r state.Requirer) bool {
	return r.Local || !r.Foreign && !strings.HasPrefix(r.Application, "remote-")
}

// isRemote reports whether an application is in another model, where no selector reaches its pods.
func isRemote(s observed, r state.Requirer) bool {
	return r.Foreign || !isLocal(r) && r.Model != s.Model
}

// isImposter reports whether an application claims a name that is not the one Juju has for it.
// Objects made for the claimed name would select the pods of others. There are three cases: an
// application of our model claims to be another one of it, or to be of another model; or an
// application that may be of another model claims to be of ours. For an application that is
// certainly of another model, Juju's name is an alias and proves nothing.
func isImposter(s observed, r state.Requirer) bool {
	return !isRemote(s, r) && (r.Name != r.Application || r.Model != s.Model)
}

// localPlaces returns the places of all applications of our own model, served or not, with the
// names of the applications.
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

// yields reports whether an application must leave its place to a related application of our model.
// An application that holds a place keeps it, unless it claims that its own model has the name of
// ours.
func yields(s observed, r state.Requirer) bool {
	return isRemote(s, r) && (!r.Holds || r.Model == s.Model)
}

// byAge puts the oldest relation first; number returns the number of the relation.
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
