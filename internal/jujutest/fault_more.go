package jujutest

// ClearFaults forgets the failures that were asked for and have not come to pass.
func (j *Juju) ClearFaults() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults = faults{}
}

// KillHook kills (SIGKILL) what a hook of the unit is running at this moment, if it runs one. Unlike the
// other failures it may come at any point, such as in the middle of what the charm does elsewhere.
func (j *Juju) KillHook(unit string) error {
	return killByEnvironment("JUJU_CHARM_DIR=" + j.CharmDir(unit))
}
