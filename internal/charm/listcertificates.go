package charm

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// listCertificates answers the action of that name: a table of the hosts and what
// they are served with.
func (c *Charm) listCertificates(ctx context.Context) error {
	return c.withState(ctx, func(_ *kube.Client, st state.State) error {
		if !st.Certificates.Related {
			return c.Tools.FailAction(ctx, "Certificates relation not created.")
		}
		return c.Tools.SetActionResults(ctx, map[string]string{"certificates": table(plan.Certificates(st))})
	})
}

// table lays the rows out in columns. What is not known is a dash.
func table(rows []plan.CertificateRow) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tISSUER\tNOT AFTER\tSTATE")
	for _, row := range rows {
		notAfter := "-"
		if !row.NotAfter.IsZero() {
			notAfter = row.NotAfter.UTC().Format(time.RFC3339)
		}
		issuer := row.Issuer
		if issuer == "" {
			issuer = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", row.Host, issuer, notAfter, row.State)
	}
	_ = w.Flush() // A strings.Builder takes everything.
	return strings.TrimRight(text.String(), "\n")
}
