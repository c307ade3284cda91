package rollout

// Action is what is to be done to an object.
type Action string

// What can be done to an object. One that is as desired has no step.
const (
	Write  Action = "write"
	Hold   Action = "hold"
	Delete Action = "delete"
)

// A Step is what comes next for one object.
type Step struct {
	Action Action
	// Object is the object as it is to be written; of one that is deleted or kept, the live
	// one.
	Object Object
	// Rule is the name of the filter that holds it.
	Rule string
	// Reason says why. That of a held one is a line for the log.
	Reason Reason
	// Detach says that the live route is to lose its parents, before it is deleted if it is:
	// a finalizer makes it stay, and controllers would go on serving it.
	Detach bool
}

// A Reason says why a step is taken, in words that follow the object's name. Each rule has
// a type of its own.
type Reason interface{ String() string }

// An Answer is what became of a step.
type Answer struct {
	Step Step
	// Failed says that the API server has refused it, or that it went wrong otherwise.
	Failed bool
	// UID is the identity of what was written.
	UID string
}

// Why an object is written or deleted.
type (
	// Absent: there is none of that name.
	Absent struct{}
	// Changed: the live one is another than the desired one.
	Changed struct{}
	// TakenOver: the live one was written by others, whose fields become ours.
	TakenOver struct{}
	// Unwanted: it is not desired.
	Unwanted struct{}
)

// String is how the reason reads behind the object's name.
func (Absent) String() string { return "is not there" }

// String is how the reason reads behind the object's name.
func (Changed) String() string { return "is not as desired" }

// String is how the reason reads behind the object's name.
func (TakenOver) String() string { return "was written by others; their fields are taken over" }

// String is how the reason reads behind the object's name.
func (Unwanted) String() string { return "is not desired" }
