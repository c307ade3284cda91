package gatewayroute

import (
	"strconv"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Keys of the provider's application databag.
const (
	keyAddress    = "gateway_address"
	keyModel      = "gateway_model"
	keyName       = "gateway_name"
	keyHSTSMaxAge = "hsts_max_age"
	keyHTTPSMode  = "https_mode"
)

// null is how Python writes None. The key stays: for a requirer a missing key means the same, but
// it differs from what a Python provider wrote.
const null = "null"

// Encode returns the provider's application data that publish gateway, in the
// bytes of the Python library, one JSON document per key:
//
//	gateway_address   "10.0.0.1"   null when empty
//	gateway_model     "edge"
//	gateway_name      "gateway"
//	hsts_max_age      31536000     null when nil
//	https_mode        "enforced"
//
// All five keys are always present, because requirers fail if some are missing. Because requirers
// also refuse a negative HSTSMaxAge, it is written as null.
func Encode(gateway Gateway) map[string]string {
	address, maxAge := null, null
	if gateway.Address != "" {
		address = pyjson.Quote(gateway.Address)
	}
	if age := gateway.HSTSMaxAge; age != nil && *age >= 0 {
		maxAge = strconv.FormatInt(*age, 10)
	}
	return map[string]string{
		keyAddress:    address,
		keyModel:      pyjson.Quote(gateway.Model),
		keyName:       pyjson.Quote(gateway.Name),
		keyHSTSMaxAge: maxAge,
		keyHTTPSMode:  pyjson.Quote(string(gateway.HTTPSMode)),
	}
}

// Withdrawal returns the provider's application data that withdraw everything that Encode
// publishes: an empty value deletes a key. A requirer then waits, and leaves its routes as they
// are.
func Withdrawal() map[string]string {
	return map[string]string{
		keyAddress:    "",
		keyModel:      "",
		keyName:       "",
		keyHSTSMaxAge: "",
		keyHTTPSMode:  "",
	}
}
