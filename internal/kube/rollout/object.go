package rollout

import "slices"

// A Ref names an object within the application's namespace.
type Ref struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// String reads as in a line of a log: "Service web-service".
func (r Ref) String() string { return r.Kind + " " + r.Name }

// An Object is what the rules look at of an object, live or desired. Its JSON is for stories.
type Object struct {
	Ref

	// Class is the GatewayClass of a Gateway.
	Class string `json:"class,omitempty"`
	// Listeners are those of a Gateway.
	Listeners []Listener `json:"listeners,omitempty"`

	// Parents are the listeners that a route is attached to, in order; an empty one stands
	// for the Gateway as a whole.
	Parents []string `json:"parents,omitempty"`
	// Backends are the Services that a route leads to.
	Backends []string `json:"backends,omitempty"`
	// Note is what a route has in AnnotationBackends.
	Note string `json:"note,omitempty"`
	// NoBackend are the controllers that say of a route that what it leads to is not there.
	NoBackend []string `json:"noBackend,omitempty"`

	// Targets are the Services that a BackendTLSPolicy is for.
	Targets []string `json:"targets,omitempty"`
	// Service is what an EndpointSlice stands in for.
	Service string `json:"service,omitempty"`
	// TLS says that a Service has a port behind which TLS is spoken.
	TLS bool `json:"tls,omitempty"`

	// UID is the identity of a live object.
	UID string `json:"uid,omitempty"`
	// Behind says of a live Gateway or route that its controller has judged it, but not as
	// it is now; see the function of that name.
	Behind bool `json:"-"`
	// Deleting says that a live object is being deleted, Finalizers that one has any.
	Deleting   bool `json:"deleting,omitempty"`
	Finalizers bool `json:"finalizers,omitempty"`

	// Differs says of a desired object that the live one of its name is another than it,
	// leaving aside a route's parents and its note, which the rules decide.
	Differs bool `json:"-"`
	// Taken says of a desired object that the live one has fields which the charm's
	// predecessor wrote, or another application of the charm.
	Taken bool `json:"-"`
}

// A Listener is what the rules look at of a Gateway's listener.
type Listener struct {
	Name string `json:"name"`
	Port int32  `json:"port"`
	Host string `json:"host,omitempty"`
	// Secrets are those with its certificates.
	Secrets []string `json:"secrets,omitempty"`
}

// sameTraffic reports whether two listeners cannot be there together.
func (l Listener) sameTraffic(other Listener) bool {
	return l.Port == other.Port && l.Host == other.Host
}

// listener returns a listener of a Gateway; false for none, or no Gateway.
func (o *Object) listener(is func(Listener) bool) (Listener, bool) {
	if o == nil {
		return Listener{}, false
	}
	i := slices.IndexFunc(o.Listeners, is)
	if i < 0 {
		return Listener{}, false
	}
	return o.Listeners[i], true
}

// hasListener reports whether a Gateway has a listener of that name.
func (o *Object) hasListener(name string) bool {
	_, found := o.listener(func(l Listener) bool { return l.Name == name })
	return found
}

// attached reports whether an object is a route that is attached to something.
func (o Object) attached() bool { return o.Kind == KindRoute && len(o.Parents) > 0 }

// attachedToAny reports whether a route names one of the listeners.
func (o Object) attachedToAny(listeners []string) bool {
	return slices.ContainsFunc(o.Parents, func(parent string) bool { return slices.Contains(listeners, parent) })
}
