// Package rules holds the rules of this repository that a program can check, as
// tests. It has no code that others could call.
//
// The rules are those that make the tree readable in the long run and that a
// reviewer would otherwise have to remember:
//
//   - imports_test.go: who may import whom. Decisions (plan, state) know neither
//     Juju's tools nor a cluster, the two edges (gocharm, kube) do not know each
//     other, and what fakes Juju never gets into the charm
//   - source_test.go: each package says what it is for, files stay small, no
//     init, no clock in decisions, imports in three groups, no skipped test
//   - flow_test.go: the files of plan refer to those above them in its doc.go, and so it can be
//     read from its beginning to its end
//   - fuzz_test.go: what reads the writing of others has a fuzz target
//   - modules_test.go: all modules ask for the same Go
//   - names_test.go: the tests that the page on security names are there
//   - pages_test.go: README and reference tell of each option and action; links lead somewhere
//   - verbs_test.go: doc comments use Go's own verbs
//   - words_test.go: no unfinished work, and no path that only one machine has
//
// They look at all three modules: the charm, tests/ and internal/tools. Each
// rule is a function from a tree to complaints, and is shown a bad tree of its
// own, so that a rule which cannot fail is itself found.
//
// A rule that stands in the way is changed here, in the commit that needs it,
// with the reason:
//
//	go test ./internal/rules
package rules
