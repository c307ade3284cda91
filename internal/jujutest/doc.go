// Package jujutest is a Juju for tests: a controller with one model, and the unit agents that run
// charms in it. It lets a charm be tested as the program it is, a process per event, without a cloud.
//
// In the flow of the charm under test, event, read, plan, apply, publish, status, it stands at the
// two Juju ends: it decides which event comes next and starts the charm's dispatch with Juju's
// environment, answers its hook tools, and applies what it wrote. Hook tools are reached as in
// production: over the unit agent's socket (net/rpc, Jujuc.Main), and as programs on PATH that are
// clients of that socket.
//
// It is strict where a charm could go wrong unnoticed:
//
//   - What a hook writes is buffered and applied when dispatch exits 0: as a whole with Juju 4.0, with
//     Juju 3 secret by secret and then the rest, so that what failed in the end has happened in part.
//     Status, logs and the like take effect at once.
//   - A tool's arguments are refused with exit code 2, its failures are code 1, with Juju's texts.
//     A tool or flag Juju does not have is an error, and so is one that Juju has and this package lacks.
//   - Relation data follow the permission matrix, are cached as the agent caches them, and announced
//     as the agent announces them: coalesced, in order within a relation, in random order across
//     relations, never to their writer.
//   - A failed hook comes again with a fresh context before anything else, also in a new pod; but a pod
//     that was asked to go has stopped, and its failed hook is forgotten.
//   - Agents restart (RestartContainer, RestartDuringHook, Options.AgentRestarts) and know less afterwards:
//     whose a breaking relation was, what a remote unit had said. Relations become ghosts (GhostRelation)
//     and are suspended (SuspendRelation); reads are denied for a while (DenyReads).
//   - A connection to the agent socket left open is reported: a real unit agent would hang.
//
// Where versions of Juju differ, a Profile chooses. All randomness comes from Options.Seed: the same
// calls give the same events.
//
// The facts are those of Juju's source (github.com/juju/juju, internal/worker/uniter and below). The
// package must not know anything of the charm under test, and nothing but tests and demonstrations may
// import it.
//
// An example, with error handling left out:
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
// The program that runs this must begin with RunToolIfInvoked, or name another one that does in
// Options.ToolBinary.
package jujutest
