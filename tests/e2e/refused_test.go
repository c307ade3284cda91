package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A refusal has the API server refuse objects whose paths have some part, as a quota or
// an admission webhook does.
type refusal struct {
	mu   sync.Mutex
	part string // empty for none
}

func (r *refusal) of(part string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.part = part
}

func (r *refusal) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		part := r.part
		r.mu.Unlock()
		if request.Method != http.MethodPatch || part == "" || !strings.Contains(request.URL.Path, part) {
			next.ServeHTTP(w, request)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"exceeded quota","code":403}`)
	})
}

// TestSecretRefused: the Secret of a new host is refused. Only that host is not served. What is
// revoked meanwhile is withdrawn at once, hosts that it would replace are still served, and
// everything is completed when Secrets are accepted again.
func TestSecretRefused(t *testing.T) {
	t.Parallel()
	f := newSubdomains(t, "barred")
	one, two := f.app("one", 8080, nil), f.app("two", 8080, nil)
	f.awaitStatus("active", active)
	r := &refusal{}
	proxy, err := f.Interpose(charm, r.wrap)
	f.must(err)
	t.Cleanup(proxy.Close)
	watched := f.watch("the Secret of another host is refused", one.URL(charm))

	const secret = "/secrets/" + charm + "-secret-"
	const refused = "blocked The API server refuses to apply Secret "
	r.of(secret + f.host("three"))
	three := f.app("three", 8080, nil)
	if got := f.status(); !strings.HasPrefix(got, refused) || three.URL(charm) != "" {
		t.Errorf("status is %q, published %q", got, three.URL(charm))
	}
	f.ca.RevokeIssued(f.host("two"))
	f.must(f.Settle(f.ctx))
	f.awaitRefused("https://" + f.host("two") + "/")
	if got := f.status(); !strings.HasPrefix(got, refused) || two.URL(charm) != "" {
		t.Errorf("status is %q, published %q", got, two.URL(charm))
	}
	f.ca.Reissue(f.host("two"))
	f.must(f.Settle(f.ctx))
	watched.more()

	// Another host for all, none of which can have its Secret.
	r.of(secret + "barred-")
	before := one.URL(charm)
	f.configure(map[string]any{"external-hostname": "next.example.com"})
	if got := one.URL(charm); got != before {
		t.Errorf("published %s while its Secret is refused", got)
	}
	watched.more()
	f.configure(map[string]any{"external-hostname": "barred.example.com"})
	r.of("")
	f.updateStatus()
	f.awaitStatus("active", active)
	f.awaitAnswer(three.URL(charm), 200)
	f.awaitAnswer(two.URL(charm), 200)
	watched.end()
}

// TestObjectRefused: an object of one application is refused, and then the Gateway. Others are not
// affected, and everything is completed when the objects are accepted again.
func TestObjectRefused(t *testing.T) {
	t.Parallel()
	f := newSubdomains(t, "choosy")
	one := f.app("one", 8080, nil)
	f.awaitStatus("active", active)
	r := &refusal{}
	proxy, err := f.Interpose(charm, r.wrap)
	f.must(err)
	t.Cleanup(proxy.Close)
	watched := f.watch("objects of others are refused", one.URL(charm))

	for name, path := range map[string]string{"backend": "/services/" + charm + "-", "front": "/httproutes/" + charm + "-choosy-"} {
		r.of(path + name)
		two := f.app(name, 8080, nil)
		f.awaitStatus("active", "1 of 2 applications served; "+name+": refused by the API server: \"exceeded quota\"; see `juju debug-log`")
		if got := two.URL(charm); got != "" {
			t.Errorf("%s is told %q", name, got)
		}
		r.of("")
		f.updateStatus()
		f.awaitStatus("active", active)
		f.awaitAnswer(two.URL(charm), 200)
		f.must(f.Juju.RemoveApplication(f.ctx, name))
		f.must(f.Settle(f.ctx))
	}

	r.of("/gateways/" + charm)
	before := one.URL(charm)
	three := f.app("three", 8080, nil)
	if got := f.status(); !strings.HasPrefix(got, "blocked The API server refuses to apply Gateway ") || one.URL(charm) != before || three.URL(charm) != "" {
		t.Errorf("status is %q, published %q and %q", got, one.URL(charm), three.URL(charm))
	}
	r.of("")
	f.updateStatus()
	f.awaitStatus("active", active)
	f.awaitAnswer(three.URL(charm), 200)
	watched.end()
}
