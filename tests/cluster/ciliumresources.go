package cluster

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

const typeManager = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

// object is a JSON object of which only some fields are looked at.
type object = map[string]any

func objectIn(parent object, key string) object { o, _ := parent[key].(object); return o }

func objectsIn(parent object, key string) []object {
	list, _ := parent[key].([]any)
	found := []object{}
	for _, one := range list {
		if o, ok := one.(object); ok {
			found = append(found, o)
		}
	}
	return found
}

func textIn(parent object, key string) string { s, _ := parent[key].(string); return s }

// fromXDS says where Envoy is to ask for a resource.
func fromXDS() any { return json.RawMessage(restSource) }

// completeListener does to a listener of a CiliumEnvoyConfig what cilium-agent does
// (pkg/ciliumenvoyconfig/cec_resource_parser.go), but for its filters: it qualifies names,
// says where to ask for what the listener refers to, and gives it a port.
func completeListener(prefix string, port int, listener object) {
	listener["name"] = prefix + textIn(listener, "name")
	listener["address"] = object{"socketAddress": object{"address": ciliumNode, "portValue": port}}
	for _, chain := range objectsIn(listener, "filterChains") {
		completeSocket(objectIn(chain, "transportSocket"))
		for _, filter := range objectsIn(chain, "filters") {
			manager := objectIn(filter, "typedConfig")
			if textIn(manager, "@type") != typeManager {
				continue
			}
			if routes := objectIn(manager, "rds"); routes != nil {
				routes["routeConfigName"] = prefix + textIn(routes, "routeConfigName")
				routes["configSource"] = fromXDS()
			}
		}
	}
}

// completeRoutes qualifies the names of a route configuration.
func completeRoutes(prefix string, routes object) {
	routes["name"] = prefix + textIn(routes, "name")
	qualifyClusters(prefix, routes)
}

// completeCluster does the same to a cluster, which has the agent's default limits.
func completeCluster(prefix string, cluster object) {
	cluster["name"] = prefix + textIn(cluster, "name")
	if endpoints := objectIn(cluster, "edsClusterConfig"); endpoints != nil {
		endpoints["edsConfig"] = fromXDS()
	}
	if cluster["circuitBreakers"] == nil {
		limits := object{"maxRetries": 128, "maxConnections": 1024, "maxRequests": 1024}
		cluster["circuitBreakers"] = object{"thresholds": []any{limits}}
	}
	completeSocket(objectIn(cluster, "transportSocket"))
}

// completeSocket says of every Secret where to ask for it. The operator names Secrets in full.
func completeSocket(socket object) {
	common := objectIn(objectIn(socket, "typedConfig"), "commonTlsContext")
	for _, certificate := range objectsIn(common, "tlsCertificateSdsSecretConfigs") {
		certificate["sdsConfig"] = fromXDS()
	}
	for _, holder := range []object{common, objectIn(common, "combinedValidationContext")} {
		if authority := objectIn(holder, "validationContextSdsSecretConfig"); authority != nil {
			authority["sdsConfig"] = fromXDS()
		}
	}
}

// qualifyClusters puts the prefix before every name of a cluster in a route configuration.
func qualifyClusters(prefix string, value any) {
	switch v := value.(type) {
	case object:
		for key, inner := range v {
			name, isName := inner.(string)
			switch {
			case key == "cluster" && isName:
				v[key] = prefix + name
			case key == "weightedClusters":
				for _, one := range objectsIn(v[key].(object), "clusters") {
					one["name"] = prefix + textIn(one, "name")
				}
			default:
				qualifyClusters(prefix, inner)
			}
		}
	case []any:
		for _, inner := range v {
			qualifyClusters(prefix, inner)
		}
	}
}

// envoySecret is a Secret of the agent's namespace as Envoy wants it, nil if there is
// nothing in it for Envoy.
func envoySecret(secret *corev1.Secret) (name string, made object) {
	name = secret.Namespace + "/" + secret.Name
	made = object{"@type": typeSecret, "name": name}
	inline := func(key string) object { return object{"inlineBytes": secret.Data[key]} }
	switch {
	case len(secret.Data[corev1.TLSCertKey]) > 0 || len(secret.Data[corev1.TLSPrivateKeyKey]) > 0:
		made["tlsCertificate"] = object{"certificateChain": inline(corev1.TLSCertKey), "privateKey": inline(corev1.TLSPrivateKeyKey)}
	case len(secret.Data["ca.crt"]) > 0:
		made["validationContext"] = object{"trustedCa": inline("ca.crt")}
	default:
		return name, nil
	}
	return name, made
}

// endpointsOf finds those behind a port of a Service, in its EndpointSlices, for the cluster
// that the operator calls name. Those that are ending count where there are no others, as in
// computeLoadAssignments of Cilium's pkg/ciliumenvoyconfig. Nil: there are none.
func endpointsOf(name, port string, service *corev1.Service, slicesOf []*discoveryv1.EndpointSlice) object {
	portNames := map[string]bool{}
	for _, one := range service.Spec.Ports {
		if strconv.Itoa(int(one.Port)) == port && one.Protocol == corev1.ProtocolTCP {
			portNames[one.Name] = true
		}
	}
	ready, ending := map[string]any{}, map[string]any{}
	for _, slice := range slicesOf {
		if slice.AddressType == discoveryv1.AddressTypeFQDN {
			continue
		}
		for _, p := range slice.Ports {
			if p.Port == nil || !portNames[valueOf(p.Name)] || valueOf(p.Protocol) != corev1.ProtocolTCP {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				into := ready
				switch conditions := endpoint.Conditions; {
				case conditions.Ready == nil || *conditions.Ready:
				case valueOf(conditions.Serving) && valueOf(conditions.Terminating):
					into = ending
				default:
					continue
				}
				for _, address := range endpoint.Addresses {
					into[net.JoinHostPort(address, strconv.Itoa(int(*p.Port)))] = object{"endpoint": object{"address": object{
						"socketAddress": object{"address": address, "portValue": *p.Port},
					}}}
				}
			}
		}
	}
	found := ready
	if len(found) == 0 {
		found = ending
	}
	if len(found) == 0 {
		return nil
	}
	list := []any{}
	for _, address := range slices.SortedFunc(maps.Keys(found), cmp.Compare) {
		list = append(list, found[address])
	}
	return object{"@type": typeEndpoint, "clusterName": name, "endpoints": []any{object{"lbEndpoints": list}}}
}

// valueOf is what is pointed to, or the zero value.
func valueOf[T any](pointer *T) (value T) {
	if pointer != nil {
		value = *pointer
	}
	return value
}

// encode is what Envoy is sent: Go writes the keys of objects in order, so equal resources are
// equal bytes.
func encode(resource object) (json.RawMessage, error) {
	encoded, err := json.Marshal(resource)
	if err != nil {
		return nil, fmt.Errorf("cannot encode %v: %w", resource["name"], err)
	}
	return encoded, nil
}
