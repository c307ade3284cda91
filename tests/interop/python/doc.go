// Package python finds a Python and makes the virtual environments in which the tests
// run programs of the Python ecosystem: real charm libraries, charmcraft.
//
// It stands outside of the flow event → read → plan → apply → publish → status: what
// it makes plays other charms, or judges this one's files. It must not install
// anything that is not pinned by version and hash, nor anything that is not a wheel
// (nothing is run at installation), nor outside of its own directory.
//
// An environment is made once for each list of requirements and each Python, below
// the user's cache directory ([os.UserCacheDir]), and used from then on without a
// network. Where there is no Python, or no package index and no environment yet,
// [Prepare] says so with [ErrUnavailable], and the tests that need it are left out:
//
//	environment, err := python.Prepare(ctx, "requirements.txt", os.Stderr)
//	if errors.Is(err, python.ErrUnavailable) && !python.Required() {
//		return python.LeaveOut("the tests with real charms", err)
//	}
//	exec.Command(environment.Interpreter, "-m", "charmcraft", "version")
package python
