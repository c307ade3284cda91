package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What comes to rest after a refresh: controllers judge what was written, and what that
// replaces goes some seconds later. A slow machine is the slower in both.

// writesNothing sees that one more event writes neither to the cluster nor to Juju, once all
// has come to rest.
func (f *refresh) writesNothing() {
	f.t.Helper()
	f.comeToRest()
	f.sets = nil
	before := f.bags()
	if requests, _ := f.atRest(); requests["list gateways"] == 0 {
		f.t.Errorf("the hook did not look: %v", requests)
	}
	f.sameBags(before)
}

// stepsToRest is how many events the charm may need to take away what it has replaced: a
// step is taken when the one before has been judged.
const stepsToRest = 5

// comeToRest waits until the controllers have judged what was written, and the charm has
// taken away what that replaces: until an event writes nothing. None of it is for databags.
func (f *refresh) comeToRest() {
	f.t.Helper()
	f.sets = nil
	before := f.bags()
	defer f.sameBags(before)
	f.awaitJudged()
	f.awaitRedirectReplaced()
	var writes []string
	for range stepsToRest {
		f.awaitJudged()
		if _, writes, _ = f.lookOnce(); len(writes) == 0 {
			return
		}
	}
	f.t.Errorf("event %d still does %v", stepsToRest, writes)
}

// awaitJudged waits until the controllers have judged the Gateway and the routes as they are.
func (f *fixture) awaitJudged() {
	f.t.Helper()
	f.must(eventually(f.ctx, func(context.Context) error {
		var all []error
		for _, object := range f.ours() {
			all = append(all, unjudged(&object))
		}
		return errors.Join(all...)
	}))
}

// unjudged returns an error while a Gateway or a route has a part that nobody has judged, or a
// condition that is of an earlier generation.
func unjudged(object *unstructured.Unstructured) error {
	wants := map[string][2]string{"Gateway": {"listeners", "listeners"}, "HTTPRoute": {"parentRefs", "parents"}}
	parts, judged := wants[object.GetKind()]
	if !judged {
		return nil
	}
	asked, _, _ := unstructured.NestedSlice(object.Object, "spec", parts[0])
	answered, _, _ := unstructured.NestedSlice(object.Object, "status", parts[1])
	if object.GetKind() == "Gateway" {
		status, _, _ := unstructured.NestedMap(object.Object, "status")
		asked, answered = append(asked, nil), append(answered, status) // The Gateway as a whole.
	}
	if object.GetKind() == "HTTPRoute" {
		// Some controllers leave what they have said of a parent that the route has left, or
		// has named in other words.
		parentOf := func(report any) string { return sectionOf(report.(map[string]any)["parentRef"]) }
		all := slices.Clone(answered)
		answered = slices.DeleteFunc(answered, func(one any) bool {
			newer := func(other any) bool {
				return parentOf(other) == parentOf(one) && generationOf(other) > generationOf(one)
			}
			return !slices.ContainsFunc(asked, func(parent any) bool { return sectionOf(parent) == parentOf(one) }) || slices.ContainsFunc(all, newer)
		})
	}
	if len(answered) < len(asked) {
		return fmt.Errorf("%s/%s: %d of %d %s are judged", object.GetKind(), object.GetName(), len(answered), len(asked), parts[0])
	}
	for _, one := range answered {
		status, _ := one.(map[string]any)
		conditions, _, _ := unstructured.NestedSlice(status, "conditions")
		if len(conditions) == 0 {
			return fmt.Errorf("%s/%s has no conditions yet", object.GetKind(), object.GetName())
		}
		for _, condition := range conditions {
			fields, _ := condition.(map[string]any)
			if generation, _, _ := unstructured.NestedInt64(fields, "observedGeneration"); generation != object.GetGeneration() {
				return fmt.Errorf("%s/%s: %v is of generation %d, not %d", object.GetKind(), object.GetName(), fields["type"], generation, object.GetGeneration())
			}
		}
	}
	return nil
}

// generationOf is the newest that a report is of.
func generationOf(report any) (newest int64) {
	conditions, _, _ := unstructured.NestedSlice(report.(map[string]any), "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		generation, _, _ := unstructured.NestedInt64(fields, "observedGeneration")
		newest = max(newest, generation)
	}
	return newest
}

// sectionOf is the listener that a route's parent names.
func sectionOf(parent any) string {
	fields, _ := parent.(map[string]any)
	section, _, _ := unstructured.NestedString(fields, "sectionName")
	return section
}

// awaitRedirectReplaced waits until the one redirect for all hosts is gone that earlier
// releases made: it stays until those of the hosts have been accepted for some seconds.
func (f *fixture) awaitRedirectReplaced() {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		_, err := shared.Dynamic().Resource(gatewayAPI("httproutes")).Namespace(f.Model).Get(f.ctx, charm+"-http", metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err == nil:
			err = errors.New("the redirect for all hosts is still there")
		}
		return err
	}))
}
