// Package rollout decides by which steps the cluster comes from what is live to what is
// desired, and what has to wait meanwhile.
//
//	event → read → plan → apply → publish → status
//	                      ^^^^^
//
// Next is a pure function: it asks nobody, reads no clock, and returns the same steps for
// the same arguments. Package kube reads what is live, asks for the steps, carries them
// out, and asks again with the answers, until there are none:
//
//	var answers []rollout.Answer
//	for {
//		steps := rollout.Next(live, desired, answers)
//		if len(steps) == 0 {
//			break
//		}
//		answers = append(answers, carryOut(steps)...)
//	}
//
// A step writes an object, deletes one, or holds one and has a Reason why. Each rule that
// holds objects is a filter with a file of its own; filter.go lists all of them in order.
// DESIGN.md says why it is so. Stories in testdata show each rule at work, over several
// events; `make golden` writes their steps anew.
//
// The package knows no client and no API object: an Object has the few fields that the
// rules look at. It must not report, log or try anything; it returns reasons instead.
package rollout
