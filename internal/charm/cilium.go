package charm

import (
	"context"
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// settingAppProtocol makes Cilium's gateway use the appProtocol of Services. It is off unless it is
// "true", whatever features Cilium's class claims.
const settingAppProtocol = "enable-gateway-api-app-protocol"

// readCilium reads Cilium's settings if an application speaks HTTP/2 without TLS (h2c).
func (c *Charm) readCilium(ctx context.Context, cluster *kube.Client, st *state.State) error {
	isCilium := func(class gatewayv1.GatewayClass) bool { return class.Spec.ControllerName == controller.Cilium }
	speaks := func(r state.Requirer) bool { return r.Scheme == "h2c" }
	if !slices.ContainsFunc(st.Cluster.Classes, isCilium) || !slices.ContainsFunc(st.Requirers, speaks) {
		return nil
	}
	settings, err := cluster.CiliumSettings(ctx)
	if err != nil {
		return fmt.Errorf("cannot read the cluster: %w", err)
	}
	st.Cluster.CiliumAppProtocol = settings[settingAppProtocol] == "true"
	return nil
}
