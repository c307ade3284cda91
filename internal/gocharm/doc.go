// Package gocharm is the hook side of Juju: the event a process was started
// for, read from the environment, and the hook tools as typed calls.
//
// In the flow event → read → plan → apply → publish → status it is both ends:
// [ParseEvent] starts a run, the getters of [Tools] feed the read step, its
// setters carry out publish and status. It decides nothing, knows no charm, no
// cluster and no relation's wire format, keeps no state between calls, and
// imports the standard library only.
//
// Every call goes through a [Runner], of which there are two forms: the unit
// agent's socket, and the hook tools as processes on PATH. [NewRunner] picks.
// The socket saves starting a large binary for each call. Secret content and
// relation data go by socket, standard input or private files, never on a
// command line, and never appear in an error.
//
// What to know of the tools themselves:
//
//   - relation, state and secret writes are kept by the agent and carried out
//     together after the process ended with 0; status, log and application
//     version are carried out at once.
//   - an answer of null or nothing is an empty value, not an error.
//   - a relation may go away at any time: see [ErrRelationGone].
//
// A whole hook:
//
//	func hook(ctx context.Context) (err error) {
//		event, err := gocharm.ParseEvent(os.Getenv)
//		if err != nil {
//			return err
//		}
//		runner, err := gocharm.NewRunner(os.Getenv)
//		if err != nil {
//			return err
//		}
//		// The agent waits for the connection to close: an open one hangs the unit.
//		defer runner.Close()
//		tools := gocharm.NewTools(runner)
//		if event.Kind != gocharm.ConfigChanged {
//			return nil
//		}
//		config, err := tools.Config(ctx)
//		if err != nil {
//			return err
//		}
//		message := fmt.Sprintf("Serving %v", config["external-hostname"])
//		return tools.SetStatus(ctx, gocharm.Status{Kind: gocharm.Active, Message: message})
//	}
//
// The facts come from Juju's sources: internal/worker/uniter/runner (the
// environment), internal/worker/uniter/runner/jujuc (tools, socket, texts).
package gocharm
