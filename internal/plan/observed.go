package plan

import "github.com/canonical/gateway-api-integrator/internal/state"

// observed is the state, with what is read from it once.
type observed struct {
	state.State
	// addresses are those under which the Gateway can be reached.
	addresses []string
}
