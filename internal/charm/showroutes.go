package charm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A shownRoute is one application, with what the cluster says about its Services.
type shownRoute struct {
	plan.Application
	// Ready is how many endpoints of its Services are ready; nil if that is not known, or if the
	// application has no Service of ours.
	Ready *int `json:"readyEndpoints"`
}

// showRoutes runs the action show-routes: which application is served where, and why one is not.
func (c *Charm) showRoutes(ctx context.Context) error {
	params, err := c.Tools.ActionParams(ctx)
	if err != nil {
		return fmt.Errorf("cannot read the parameters: %w", err)
	}
	format, _ := params["format"].(string)
	if format = cmp.Or(format, "table"); format != "table" && format != "json" {
		return c.Tools.FailAction(ctx, "format: must be table or json")
	}
	return c.afterReading(ctx, func(r *run) error {
		rows, err := shownRoutes(ctx, r.cluster, r.state)
		if err != nil {
			return c.Tools.FailAction(ctx, "Cannot tell what is served: "+commandless(err))
		}
		text := routeTable(rows)
		if format == "json" {
			encoded, err := json.Marshal(rows)
			if err != nil {
				return fmt.Errorf("cannot encode the routes: %w", err)
			}
			text = string(encoded)
		}
		return c.Tools.SetActionResults(ctx, map[string]string{"routes": text})
	})
}

func shownRoutes(ctx context.Context, cluster *kube.Client, st state.State) ([]shownRoute, error) {
	ready, err := cluster.ReadyEndpoints(ctx)
	if err != nil {
		return nil, err
	}
	rows := []shownRoute{}
	for _, row := range plan.ReportOn(st).Applications {
		shown := shownRoute{Application: row}
		if ready != nil && len(row.Services) > 0 {
			shown.Ready = new(int)
			for _, service := range row.Services {
				*shown.Ready += ready[service]
			}
		}
		rows = append(rows, shown)
	}
	return rows, nil
}

// routeTable has a row for each application.
func routeTable(rows []shownRoute) string {
	var cells [][]string
	for _, row := range rows {
		ready := ""
		if row.Ready != nil {
			ready = strconv.Itoa(*row.Ready)
		}
		cells = append(cells, []string{
			row.Application.Application, hostColumn(row.Hosts), strings.Join(row.Paths, ","), row.URL, strings.Join(row.Services, ","), ready,
			string(row.State), row.Reason,
		})
	}
	return table([]string{"APPLICATION", "HOST", "PATH", "URL", "SERVICE", "READY", "STATE", "REASON"}, cells)
}

func hostColumn(hosts []string) string {
	words := make([]string, len(hosts))
	for i, host := range hosts {
		words[i] = cmp.Or(host, "any")
	}
	return strings.Join(words, ",")
}
