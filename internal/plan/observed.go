package plan

import "github.com/canonical/gateway-api-integrator/internal/state"

// observed is the state, with facts that are derived from it once.
type observed struct {
	state.State
	// addresses are those at which clients reach the Gateway.
	addresses []string
}
