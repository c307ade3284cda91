package jujutest

// ClearFaults forgets the failures that were asked for and have not come to pass.
func (j *Juju) ClearFaults() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults = faults{}
}
