package charm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// What a run writes to the log.

// logRun logs what may not be read, each object that was written or has to wait, and each remark,
// such as why an application or an entry of a provider is left out.
func (c *Charm) logRun(ctx context.Context, r *run, p plan.Plan) error {
	var forbidden []string
	if r.forbidden != nil {
		forbidden = []string{commandless(r.forbidden)}
	}
	err := c.logObjects(ctx, r.changes, r.held)
	if err == nil {
		err = c.logLines(ctx, gocharm.LevelWarning, "To be seen to:", slices.Concat(forbidden, r.state.Certificates.Remarks, p.Remarks))
	}
	return err
}

func (c *Charm) logObjects(ctx context.Context, changes []kube.Change, held []kube.Held) error {
	var objects []string
	for _, change := range changes {
		objects = append(objects, change.String())
	}
	for _, one := range held {
		objects = append(objects, one.String())
	}
	return c.logLines(ctx, gocharm.LevelInfo, "Objects of the cluster:", objects)
}

// logRefusals logs each object that the API server has refused. The status has room for one only.
func (c *Charm) logRefusals(ctx context.Context, refused []*kube.RefusedError) error {
	lines := make([]string, len(refused))
	for i, one := range refused {
		lines[i], _, _ = strings.Cut(commandless(one), "\n")
	}
	return c.logLines(ctx, gocharm.LevelWarning, "Refused by the API server:", lines)
}

func (c *Charm) logEnd(ctx context.Context, status plan.Status, changes int, took time.Duration) error {
	message := fmt.Sprintf("%s: objects changed: %d, in %d ms; %s: %s",
		c.Event, changes, took.Milliseconds(), status.Kind, cmp.Or(status.Whole, status.Message))
	if err := c.Tools.Log(ctx, gocharm.LevelInfo, message); err != nil {
		return fmt.Errorf("cannot log: %w", err)
	}
	return nil
}

// logLines logs a title and the lines below it. Without lines it logs nothing.
func (c *Charm) logLines(ctx context.Context, level gocharm.LogLevel, title string, lines []string) error {
	if err := c.Tools.LogList(ctx, level, title, lines); err != nil {
		return fmt.Errorf("cannot log: %w", err)
	}
	return nil
}

// commandless returns the text of an error for the log or for an action's output. It may quote what
// others wrote, which must not look like a command that the charm recommends.
func commandless(err error) string { return pyjson.Commandless(err.Error()) }
