// Package gatewayroute reads and writes the databags of the gateway-route
// interface, version 1, on the provider's side
// (https://github.com/canonical/gateway-api-integrator-operator, library
// gateway_route v1).
//
// Over it an application that writes HTTPRoutes of its own says for which hosts
// it does so, and learns which Gateway to attach them to. The provider makes no
// route for it: only listeners, certificates and DNS records. In version 0, until June
// 2026, it did make them; of that nothing is read but what tells them.
//
// The package is the first and the last step of an event's road,
//
//	event → read → plan → apply → publish → status
//
// bytes to values and back. What comes from a requirer is hostile until it has
// passed here: sizes are bounded, and a host name is made of letters, digits,
// hyphens and dots. The names are given as they were written, though; lower case
// and punycode are package state's work (NormalizeHostname), for want of IDNA in
// the standard library, and only what has passed there too may name a listener.
// The package decides nothing (which listeners, who is served), calls no tool,
// reads no clock and keeps no state.
//
//	request, err := gatewayroute.ParseRequirer(bag)
//	switch {
//	case errors.Is(err, gatewayroute.ErrNotWritten):
//		// the requirer comes later: wait without a word, publish nothing
//	case errors.Is(err, gatewayroute.ErrVersion0):
//		// it waits for routes that nobody makes any more
//	case err != nil:
//		// err is fit for the status; take back what was published
//		set(gatewayroute.Withdrawal())
//	default:
//		set(gatewayroute.Encode(gatewayroute.Gateway{
//			Address: "10.0.0.1", Model: "edge", Name: "gateway", HTTPSMode: gatewayroute.Enabled,
//		}))
//	}
package gatewayroute
