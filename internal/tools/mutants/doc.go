// Command mutants measures tests: it breaks a package in many small ways, one at a time, and
// tells which of the broken ones, the mutants, its tests do not notice.
//
// A mutant that survives shows a statement that no test holds to anything. Some are
// equivalent, that is, no test could tell them from the original: whoever reads the list
// judges that. It has no list of them, and asks for no percentage.
//
// Mutants are made in all files of the package that are not tests. They are compiled together,
// once, with an overlay, so that nothing in the repository changes; the environment variable
// MUTANT says which of them lives, and those tests only are run that reach the changed place.
// What does not compile is not counted. A sample is drawn by a seed, and the same seed draws the
// same mutants from the same sources.
//
//	go -C internal/tools run ./mutants -n 300 -seed 1 ./internal/state
package main
