package charm

import (
	"context"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// listCertificates runs the action list-certificates: a table of the hosts and their certificates.
func (c *Charm) listCertificates(ctx context.Context) error {
	return c.afterReading(ctx, func(r *run) error {
		if !r.state.Certificates.Related {
			return c.Tools.FailAction(ctx, "Certificates relation not created.")
		}
		return c.Tools.SetActionResults(ctx, map[string]string{"certificates": certificateTable(plan.ReportOn(r.state).Hosts)})
	})
}

// certificateTable has a row for each host that has a certificate or waits for one.
func certificateTable(hosts []plan.Host) string {
	var cells [][]string
	for _, row := range hosts {
		if row.Certificate == "" {
			continue
		}
		notAfter := ""
		if !row.NotAfter.IsZero() {
			notAfter = row.NotAfter.UTC().Format(time.RFC3339)
		}
		cells = append(cells, []string{row.Host, row.Issuer, notAfter, row.Certificate})
	}
	return table([]string{"HOST", "ISSUER", "NOT AFTER", "STATE"}, cells)
}
