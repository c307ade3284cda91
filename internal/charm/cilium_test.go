package charm_test

import (
	"strings"
	"testing"
)

// TestCiliumSettingsAreAskedForWhereTheyMatter: Cilium's settings decide whether an application
// that speaks HTTP/2 without TLS can be reached. Hooks without such an application do not read
// them.
func TestCiliumSettingsAreAskedForWhereTheyMatter(t *testing.T) {
	t.Parallel()
	const (
		config = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
		class  = "/apis/gateway.networking.k8s.io/v1/gatewayclasses/c"
	)
	for _, controller := range []string{"io.cilium/gateway-controller", "traefik.io/gateway-controller"} {
		for _, scheme := range []string{`"http"`, `"h2c"`} {
			for _, on := range []string{"true", "false"} {
				w := serving(t)
				w.objects[class]["spec"] = map[string]any{"controllerName": controller}
				w.bags["gateway:1"]["shop"]["scheme"] = scheme
				w.objects[config] = map[string]any{
					"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "cilium-config"},
					"data": map[string]any{"enable-gateway-api-app-protocol": on},
				}
				w.quiet()
				w.requests = nil
				w.run(updateStatus())
				matters := strings.Contains(controller, "cilium") && scheme == `"h2c"`
				if asked := strings.Contains(strings.Join(w.requests, " "), config); asked != matters {
					t.Errorf("%s, %s: asked for: %t", controller, scheme, asked)
				}
				if blocked := strings.Contains(w.lastStatus(), "HTTP/2 in clear"); blocked != (matters && on == "false") {
					t.Errorf("%s, %s, %s: status is %q", controller, scheme, on, w.lastStatus())
				}
			}
		}
	}
}
