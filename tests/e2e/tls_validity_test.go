package e2e_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestIssuedExpired has a provider that issues expired certificates. The charm does not request
// again and again, and the host is served when there is a better one.
func TestIssuedExpired(t *testing.T) {
	t.Parallel()
	const story = "issued when expired already"
	f := newSubdomains(t, "outdated")
	good := f.app("good", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch(story+", the other host", good.URL(charm))
	inClear := f.neverClear(story+", in clear", "http://"+f.host("bad")+"/")
	f.ca.Life, f.ca.Backdate = -time.Hour, 2*time.Hour
	bad := f.app("bad", 8080, nil)
	expired := f.ca.Issued(f.host("bad"))[0].NotAfter.UTC().Format(time.RFC3339)
	f.awaitStatus("waiting", "Waiting for a certificate for "+f.host("bad")+": the certificate expired on "+expired)
	requests := f.requests()
	for range 3 {
		f.updateStatus()
	}
	if diff := cmp.Diff(requests, f.requests()); diff != "" {
		t.Errorf("asks again (-before +after):\n%s", diff)
	}
	if url := bad.URL(charm); url != "" {
		t.Errorf("publishes %s", url)
	}
	f.ca.Life, f.ca.Backdate = 0, 0
	f.ca.Reissue(f.host("bad"))
	f.must(f.Settle(f.ctx))
	f.awaitAnswer("https://"+f.host("bad")+"/", 200)
	f.awaitStatus("active", active)
	inClear()
	watched.end()
}

// TestNotYetValid has a provider that issues a certificate which is valid later. The charm is woken
// then.
func TestNotYetValid(t *testing.T) {
	t.Parallel()
	const story = "issued before it is valid"
	var juju clock
	f := newSubdomains(t, "soon", juju.of)
	good := f.app("good", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch(story+", the other host", good.URL(charm))
	inClear := f.neverClear(story+", in clear", "http://"+f.host("bad")+"/")
	f.ca.Hold = true
	f.app("bad", 8080, nil)
	f.ca.Delay, f.ca.Hold = 10*time.Second, false // Not before all else is ready: a slow machine eats of it.
	f.must(f.Settle(f.ctx))
	valid := f.ca.Issued(f.host("bad"))[0].NotBefore
	f.awaitStatus("waiting", "Waiting for a certificate for "+f.host("bad")+": the certificate is not valid before "+valid.UTC().Format(time.RFC3339))
	alarms := f.labelled(alarmSecrets)
	if len(alarms) != 1 {
		t.Fatalf("alarms are %v", labels(alarms))
	}
	f.await(valid.Add(time.Second))
	juju.reach(alarms[0].Expires)
	f.ran = nil
	f.must(f.Tick(f.ctx))
	f.awaitAnswer("https://"+f.host("bad")+"/", 200)
	if diff := cmp.Diff([]string{charm + "/0 secret-expired"}, f.ran); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}
	f.awaitStatus("active", active)
	inClear()
	watched.end()
}
