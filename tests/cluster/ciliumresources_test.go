package cluster

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestComplete shows what becomes of the parts of a CiliumEnvoyConfig, shortened to what is looked at.
func TestComplete(t *testing.T) {
	t.Parallel()
	source := &object{}
	if err := json.Unmarshal([]byte(restSource), source); err != nil {
		t.Fatal(err)
	}
	for name, example := range map[string]struct {
		complete func(object)
		from, to string
	}{
		"listener": {
			complete: func(o object) { completeListener("shop/web/", 10007, o) },
			from: `{"name": "listener", "filterChains": [{
				"transportSocket": {"typedConfig": {"commonTlsContext": {"tlsCertificateSdsSecretConfigs": [{"name": "cilium-secrets/shop-tls"}]}}},
				"filters": [{"typedConfig": {"@type": "` + typeManager + `", "rds": {"routeConfigName": "listener-secure"}}}, {"typedConfig": {"@type": "other"}}]}]}`,
			to: `{"name": "shop/web/listener", "address": {"socketAddress": {"address": "10.0.0.4", "portValue": 10007}}, "filterChains": [{
				"transportSocket": {"typedConfig": {"commonTlsContext": {"tlsCertificateSdsSecretConfigs": [{"name": "cilium-secrets/shop-tls", "sdsConfig": "asks"}]}}},
				"filters": [{"typedConfig": {"@type": "` + typeManager + `", "rds": {"routeConfigName": "shop/web/listener-secure", "configSource": "asks"}}}, {"typedConfig": {"@type": "other"}}]}]}`,
		},
		"routes": {
			complete: func(o object) { completeRoutes("shop/web/", o) },
			from: `{"name": "listener-secure", "virtualHosts": [{"routes": [
				{"route": {"cluster": "shop:a:80"}}, {"route": {"weightedClusters": {"clusters": [{"name": "shop:a:80", "weight": 1}, {"name": "shop:b:80"}]}}},
				{"redirect": {"httpsRedirect": true}}]}]}`,
			to: `{"name": "shop/web/listener-secure", "virtualHosts": [{"routes": [
				{"route": {"cluster": "shop/web/shop:a:80"}}, {"route": {"weightedClusters": {"clusters": [{"name": "shop/web/shop:a:80", "weight": 1}, {"name": "shop/web/shop:b:80"}]}}},
				{"redirect": {"httpsRedirect": true}}]}]}`,
		},
		"cluster": {
			complete: func(o object) { completeCluster("shop/web/", o) },
			from: `{"name": "shop:a:80", "edsClusterConfig": {"serviceName": "shop/a:80"},
				"transportSocket": {"typedConfig": {"commonTlsContext": {"combinedValidationContext": {"validationContextSdsSecretConfig": {"name": "cilium-secrets/ca"}}}}}}`,
			to: `{"name": "shop/web/shop:a:80", "edsClusterConfig": {"serviceName": "shop/a:80", "edsConfig": "asks"},
				"circuitBreakers": {"thresholds": [{"maxRetries": 128, "maxConnections": 1024, "maxRequests": 1024}]},
				"transportSocket": {"typedConfig": {"commonTlsContext": {"combinedValidationContext": {"validationContextSdsSecretConfig": {"name": "cilium-secrets/ca", "sdsConfig": "asks"}}}}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got, want object
			for text, into := range map[string]*object{example.from: &got, example.to: &want} {
				if err := json.Unmarshal([]byte(text), into); err != nil {
					t.Fatal(err)
				}
			}
			example.complete(got)
			encoded, err := encode(got)
			if err != nil {
				t.Fatal(err)
			}
			var sent object
			if err := json.Unmarshal(encoded, &sent); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, shorten(sent, *source)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// shorten puts a word in the place of each source.
func shorten(value any, source object) any {
	switch v := value.(type) {
	case object:
		if cmp.Equal(v, source) {
			return "asks"
		}
		for key, inner := range v {
			v[key] = shorten(inner, source)
		}
	case []any:
		for i, inner := range v {
			v[i] = shorten(inner, source)
		}
	}
	return value
}

func TestEnvoySecret(t *testing.T) {
	t.Parallel()
	for kind, data := range map[string]map[string][]byte{
		"tlsCertificate":    {"tls.crt": []byte("c"), "tls.key": []byte("k")},
		"validationContext": {"ca.crt": []byte("c")},
		"":                  {"other": []byte("o"), "more": nil},
	} {
		name, made := envoySecret(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "cilium-secrets", Name: "shop-tls"}, Data: data})
		if name != "cilium-secrets/shop-tls" || (kind == "") != (made == nil) || kind != "" && made[kind] == nil {
			t.Errorf("%v makes %s %v", data, name, made)
		}
	}
}

func TestEndpointsOf(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	endpoint := func(address string, ready, serving, terminating *bool) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{
			Addresses:  []string{address},
			Conditions: discoveryv1.EndpointConditions{Ready: ready, Serving: serving, Terminating: terminating},
		}
	}
	ready, unready := endpoint("10.1.0.2", &yes, &yes, &no), endpoint("10.1.0.3", &no, &no, &no)
	ending, untold := endpoint("10.1.0.4", &no, &yes, &yes), endpoint("10.1.0.1", nil, nil, nil)
	service := &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
		{Name: "web", Port: 80, Protocol: corev1.ProtocolTCP},
		{Name: "dns", Port: 80, Protocol: corev1.ProtocolUDP},
		{Name: "other", Port: 81, Protocol: corev1.ProtocolTCP},
	}}}
	port := func(name string, number int32, protocol corev1.Protocol) discoveryv1.EndpointPort {
		return discoveryv1.EndpointPort{Name: &name, Port: &number, Protocol: &protocol}
	}
	ports := []discoveryv1.EndpointPort{
		port("web", 8080, corev1.ProtocolTCP), port("dns", 53, corev1.ProtocolUDP), port("other", 8081, corev1.ProtocolTCP),
	}
	for name, example := range map[string]struct {
		endpoints []discoveryv1.Endpoint
		family    discoveryv1.AddressType
		port      string
		want      []string
	}{
		"those that are ready":          {[]discoveryv1.Endpoint{ready, unready, ending, untold}, discoveryv1.AddressTypeIPv4, "80", []string{"10.1.0.1", "10.1.0.2"}},
		"those that end, if no others":  {[]discoveryv1.Endpoint{unready, ending}, discoveryv1.AddressTypeIPv4, "80", []string{"10.1.0.4"}},
		"none":                          {[]discoveryv1.Endpoint{unready}, discoveryv1.AddressTypeIPv4, "80", nil},
		"no port of the Service":        {[]discoveryv1.Endpoint{ready}, discoveryv1.AddressTypeIPv4, "8080", nil},
		"names in place of addresses":   {[]discoveryv1.Endpoint{ready}, discoveryv1.AddressTypeFQDN, "80", nil},
		"no endpoint in the slice":      {nil, discoveryv1.AddressTypeIPv4, "80", nil},
		"each port has its own targets": {[]discoveryv1.Endpoint{ready}, discoveryv1.AddressTypeIPv4, "81", []string{"10.1.0.2"}},
	} {
		slices := []*discoveryv1.EndpointSlice{{AddressType: example.family, Ports: ports, Endpoints: example.endpoints}}
		made := endpointsOf("shop/a:"+example.port, example.port, service, slices)
		var got []string
		for _, locality := range objectsIn(made, "endpoints") {
			for _, one := range objectsIn(locality, "lbEndpoints") {
				address := objectIn(objectIn(objectIn(one, "endpoint"), "address"), "socketAddress")
				got = append(got, textIn(address, "address"))
				if target := address["portValue"].(int32); (example.port == "80") != (target == 8080) {
					t.Errorf("%s: port %d", name, target)
				}
			}
		}
		if diff := cmp.Diff(example.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
