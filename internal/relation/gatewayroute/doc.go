// Package gatewayroute reads and writes the databags of the gateway-route interface, version 1, on
// the provider's side (https://github.com/canonical/gateway-api-integrator-operator, library
// gateway_route v1).
//
// An application that writes HTTPRoutes of its own uses the interface to say for which hosts it
// does so, and to learn which Gateway to attach them to. The provider makes no routes for it: only
// listeners, certificates and DNS records. In version 0, until June 2026, the provider made the
// routes too; of version 0, this package reads only what identifies them.
//
// It is part of the first and the last step of every event, and turns bytes into values and back:
//
//	event → read → plan → apply → publish → status
//
// The requirer's data are hostile until they have passed this package. Sizes are limited, and a
// host name consists of letters, digits, hyphens and dots. Names are returned as they were written.
// Package state brings them into lower case and punycode (NormalizeHostname), because the standard
// library has no IDNA; only a name that has passed there too may be used for a listener. The
// package decides nothing (which listeners, who is served), calls no tool, reads no clock and keeps
// no state.
//
//	request, err := gatewayroute.ParseRequirer(bag)
//	switch {
//	case errors.Is(err, gatewayroute.ErrNotWritten):
//		// the requirer writes later: wait silently, publish nothing
//	case errors.Is(err, gatewayroute.ErrVersion0):
//		// it waits for routes that nobody makes any more
//	case err != nil:
//		// err is fit for the status; withdraw what was published
//		set(gatewayroute.Withdrawal())
//	default:
//		set(gatewayroute.Encode(gatewayroute.Gateway{
//			Address: "10.0.0.1", Model: "edge", Name: "gateway", HTTPSMode: gatewayroute.Enabled,
//		}))
//	}
package gatewayroute
