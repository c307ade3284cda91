package rollout

// Terminating holds what is being deleted already, and serves nothing.
type Terminating struct{}

func (Terminating) String() string { return "is being deleted already" }

func terminating(_ *run, o Object) Reason {
	if o.Deleting && !o.attached() {
		return Terminating{}
	}
	return nil
}

// Detached is why a route that is being deleted is written once more.
type Detached struct{}

func (Detached) String() string {
	return "is being deleted, stays for a finalizer, and is to serve nothing meanwhile"
}
