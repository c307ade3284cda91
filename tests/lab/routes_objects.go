package lab

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// configuredBy labels the routes of a Configurator with its name.
const configuredBy = "lab.example.com/configured-by"

var httpRoutes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

// routes are those that ingress-configurator writes: for each host one by HTTP, which
// is a redirect when HTTPS is enforced, and one by HTTPS unless that is disabled. At
// the Gateway's address there is but the one by HTTP.
func (c *Configurator) routes(r wantedRoutes, a offeredGateway) []gatewayv1.HTTPRoute {
	hosts := r.Additional
	if r.Hostname != "" {
		hosts = append([]string{r.Hostname}, hosts...)
	} else {
		hosts = append([]string{""}, hosts...)
	}
	var all []gatewayv1.HTTPRoute
	for _, host := range hosts {
		plain := c.Route(a.Model, a.Name, "http", host)
		if a.Mode == "enforced" {
			rule := &plain.Spec.Rules[0]
			rule.BackendRefs = nil
			rule.Filters = []gatewayv1.HTTPRouteFilter{{
				Type:            gatewayv1.HTTPRouteFilterRequestRedirect,
				RequestRedirect: &gatewayv1.HTTPRequestRedirectFilter{Scheme: new("https"), StatusCode: new(301)},
			}}
		}
		all = append(all, plain)
		if a.Mode == "disabled" || host == "" {
			continue
		}
		secure := c.Route(a.Model, a.Name, "https", host)
		if a.Mode == "enforced" && a.MaxAge != nil {
			secure.Spec.Rules[0].Filters = []gatewayv1.HTTPRouteFilter{{
				Type: gatewayv1.HTTPRouteFilterResponseHeaderModifier,
				ResponseHeaderModifier: &gatewayv1.HTTPHeaderFilter{Set: []gatewayv1.HTTPHeader{{
					Name: "Strict-Transport-Security", Value: fmt.Sprintf("max-age=%d", *a.MaxAge),
				}}},
			}}
		}
		all = append(all, secure)
	}
	return all
}

// Route is a route to its pod for a host ("" for the Gateway's address) at the
// listener for a scheme, whether or not that is its own: see Attach.
func (c *Configurator) Route(gatewayModel, gateway, scheme, host string) gatewayv1.HTTPRoute {
	section := gateway + "-" + scheme
	name := c.Name + "-" + scheme
	var hostnames []gatewayv1.Hostname
	if host != "" {
		section += "-" + strings.ReplaceAll(host, ".", "-")
		name += "-" + host
		hostnames = []gatewayv1.Hostname{gatewayv1.Hostname(host)}
	}
	return gatewayv1.HTTPRoute{
		TypeMeta:   metav1.TypeMeta{APIVersion: "gateway.networking.k8s.io/v1", Kind: "HTTPRoute"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{configuredBy: c.Name}},
		Spec: gatewayv1.HTTPRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{
				Name: gatewayv1.ObjectName(gateway), Namespace: new(gatewayv1.Namespace(gatewayModel)), SectionName: new(gatewayv1.SectionName(section)),
			}}},
			Hostnames: hostnames,
			Rules: []gatewayv1.HTTPRouteRule{{
				Matches: []gatewayv1.HTTPRouteMatch{{
					Path: &gatewayv1.HTTPPathMatch{Type: new(gatewayv1.PathMatchPathPrefix), Value: new("/" + c.Name)},
				}},
				BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{
					Name: gatewayv1.ObjectName(c.Name), Port: new(gatewayv1.PortNumber(8080)),
				}}}},
			}},
		},
	}
}

// Attach writes a route that the charm has not said it may write.
func (c *Configurator) Attach(ctx context.Context, route gatewayv1.HTTPRoute) error {
	return c.apply(ctx, httpRoutes, route.Name, &route)
}

// setRoutes makes these its routes, and no others.
func (c *Configurator) setRoutes(ctx context.Context, routes []gatewayv1.HTTPRoute) error {
	wanted := map[string]bool{}
	for _, route := range routes {
		wanted[route.Name] = true
		if err := c.apply(ctx, httpRoutes, route.Name, &route); err != nil {
			return fmt.Errorf("cannot write %s's route %s: %w", c.Name, route.Name, err)
		}
	}
	client := c.lab.Cluster.Dynamic().Resource(httpRoutes).Namespace(cluster.Namespace(c.Model))
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: configuredBy + "=" + c.Name})
	if err != nil {
		return ignoreNotFound(err) // No Gateway API, no routes.
	}
	for _, item := range list.Items {
		if wanted[item.GetName()] {
			continue
		}
		if err := ignoreNotFound(client.Delete(ctx, item.GetName(), metav1.DeleteOptions{})); err != nil {
			return fmt.Errorf("cannot delete %s's route %s: %w", c.Name, item.GetName(), err)
		}
	}
	return nil
}

func asObject(content map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: content}
}
