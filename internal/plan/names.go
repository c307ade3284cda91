package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Bounds of names. Routes and Services stay within a DNS label because
// controllers copy their names into labels and names of their own; Secrets and
// listeners may be as long as a DNS subdomain.
const (
	maxLabelName     = 63
	maxSubdomainName = 253
)

// bounded cuts a name that is too long and makes it unique again with a hash
// of the whole.
func bounded(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	suffix := "-" + hash(name)
	return strings.TrimRight(name[:limit-len(suffix)], "-.") + suffix
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// Listener names are a contract: the routes of ingress-configurator charms
// name them as their section. The Python charm made the same ones.

func httpListenerName(gateway, host string) string {
	if host == "" {
		return gateway + "-http"
	}
	return bounded(gateway+"-http-"+dashed(host), maxSubdomainName)
}

func httpsListenerName(gateway, host string) string {
	if host == "" {
		return gateway + "-https"
	}
	return bounded(gateway+"-https-"+dashed(host), maxSubdomainName)
}

func dashed(host string) string { return strings.ReplaceAll(host, ".", "-") }

func secretName(application, host string) string {
	if host == "" {
		return application + "-secret"
	}
	return bounded(application+"-secret-"+host, maxSubdomainName)
}

// serviceName is the Python charm's within a model. A requirer of another model
// may have the name of one of ours, so there the model is part of it.
func serviceName(s state.State, r state.Requirer) string {
	return bounded(serviceStem(s, r)+"-service", maxLabelName)
}

// unitServiceName is that of the Service for one unit. No name of an application ends in
// a number after a dash.
func unitServiceName(s state.State, r state.Requirer, unit int) string {
	return bounded(fmt.Sprintf("%s-%d-service", serviceStem(s, r), unit), maxLabelName)
}

func serviceStem(s state.State, r state.Requirer) string {
	if isRemote(s, r) {
		return s.Application + "-" + r.Model + "-" + r.Name
	}
	return s.Application + "-" + r.Name
}

func redirectRouteName(application string) string {
	return bounded(application+"-http", maxLabelName)
}

func routeName(application string, r state.Requirer) string {
	return bounded(application+"-"+r.Model+"-"+r.Name, maxLabelName)
}

func httpRouteName(application string, r state.Requirer) string {
	return bounded(application+"-"+r.Model+"-"+r.Name+"-http", maxLabelName)
}
