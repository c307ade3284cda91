// Package gocharm is the hook side of Juju: it reads the event for which a process was
// started from the environment, and offers the hook tools as typed calls.
//
// In the flow event → read → plan → apply → publish → status it is both ends:
// [ParseEvent] starts a run, the getters of [Tools] serve the read step, and the setters
// serve publish and status. It decides nothing, knows no charm, no cluster and no
// relation's wire format, keeps no state between calls, and imports the standard library
// only.
//
// Every call goes through a [Runner], of which there are two kinds: one uses the unit
// agent's socket, the other starts the hook tools on PATH as processes. [NewRunner]
// chooses. The socket avoids starting a large binary for each call. Secret content and
// relation data go through the socket, standard input or private files. They are never on
// a command line and never in an error.
//
// What to know about the tools themselves:
//
//   - The agent keeps relation, state and secret writes, and carries them out together
//     after the process has ended with 0. Status, log and application version are set at
//     once.
//   - An answer of null or nothing is an empty value, not an error.
//   - A relation may be removed at any time: see [ErrRelationGone].
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
//		// The agent waits until the connection is closed: an open one hangs the unit.
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
// The facts come from Juju's sources: internal/worker/uniter/runner (the environment),
// internal/worker/uniter/runner/jujuc (tools, socket, texts).
package gocharm
