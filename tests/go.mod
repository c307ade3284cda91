module github.com/canonical/gateway-api-integrator/tests

go 1.26.0

require github.com/canonical/gateway-api-integrator v0.0.0

replace github.com/canonical/gateway-api-integrator => ../
