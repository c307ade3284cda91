// Package jujutest is a Juju for tests: a controller with one model, and the unit agents that run
// charms in it. With it a charm is tested as a real program, with one process per event, without a
// cloud.
//
// The charm under test handles an event in the steps event, read, plan, apply, publish, status.
// This package is the Juju at both ends: it decides which event comes next, starts the charm's
// dispatch with Juju's environment, answers its hook tools, and applies what it wrote. Hook tools
// work as in production: over the unit agent's socket (net/rpc, Jujuc.Main), and as programs on
// PATH that are clients of that socket.
//
// It is strict where a charm could make a mistake unnoticed:
//
//   - What a hook writes is buffered and applied when dispatch exits 0. With Juju 4.0 it is applied
//     as a whole. With Juju 3 it is applied secret by secret and then the rest, so a failure at the
//     end leaves the first changes in place. Status, logs and the like take effect at once.
//   - Wrong arguments of a tool end with exit code 2, its failures with code 1, with Juju's texts.
//     A tool or flag that Juju does not have is an error. So is one that Juju has and this package
//     does not simulate.
//   - Relation data follow the permission matrix. They are cached as the agent caches them, and
//     announced as the agent announces them: coalesced, in order within a relation, in random order
//     across relations, never to their writer.
//   - A failed hook runs again with a fresh context before anything else, also in a new pod. But a
//     pod that was asked to end has stopped, and its failed hook is forgotten.
//   - Agents restart (RestartContainer, RestartDuringHook, Options.AgentRestarts) and then know
//     less: the other side of a breaking relation, what a remote unit had said. Relations become
//     ghosts (GhostRelation) and are suspended (SuspendRelation). Reads are denied for a while
//     (DenyReads).
//   - A connection to the agent socket that stays open is reported: a real unit agent would hang.
//
// If versions of Juju differ, a Profile chooses. All randomness comes from Options.Seed: the same
// calls give the same events.
//
// The facts are from Juju's source (github.com/juju/juju, internal/worker/uniter and below). The
// package must not know anything about the charm under test. Only tests and demonstrations may
// import it.
//
// An example, without error handling:
//
//	j, _ := jujutest.New(jujutest.Options{Seed: 1})
//	defer j.Close()
//	j.Deploy(ctx, "gateway", "./build/charm", jujutest.DeployOptions{})
//	j.AddScripted("web", jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, 1)
//	id, _ := j.Integrate(ctx, "web:ingress", "gateway:gateway")
//	j.SetApplicationData(id, "web", map[string]string{"port": "80"})
//	err := j.Settle(ctx) // runs hooks until none is left
//	fmt.Println(j.Status())
//	fmt.Println(j.RelationData(id, "gateway"))
//
// The program that runs this must begin with RunToolIfInvoked, or name another program that does so
// in Options.ToolBinary.
package jujutest
