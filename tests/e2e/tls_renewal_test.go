package e2e_test

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// alarmSecrets begins the labels of the Juju secrets that wake the charm.
const alarmSecrets = certificateSecrets + "renewal-certificates-"

// renewedIn is the time from the issue of the certificates that the stories of renewals wait
// out to when they are due. Four times as long is left then in which to replace them.
const renewedIn = oldAge / 5

// TestRenewal lets two certificates come to 90 % of their lives: for one model Juju's
// clock reaches the alarm, in the other just any event comes by. Both get a
// new request of the same key, and go on with the old certificate until the new one
// is there. The requests are the Python charm's, which do not tell when they were made: life
// counts from what the certificate says, and may be long while the end is near.
func TestRenewal(t *testing.T) {
	t.Parallel()
	var juju clock
	woken := newRenewal(t, "woken", &juju)
	passing := newRenewal(t, "passing", &clock{})
	woken.age()
	passing.age()

	woken.awaitDue(woken.old)
	alarms := woken.labelled(alarmSecrets)
	if len(alarms) != 1 || alarms[0].Owner != charm {
		t.Fatalf("alarms are %+v", alarms)
	}
	woken.renew("secret-expired", func() {
		juju.reach(alarms[0].Expires)
		woken.must(woken.Tick(woken.ctx))
	})
	passing.awaitDue(passing.old)
	passing.renew("update-status", passing.updateStatus)
	woken.finish()
	passing.finish()

	t.Run("the alarm rings once", func(t *testing.T) {
		woken.ran = nil
		for range 3 {
			juju.reach(juju.now().Add(5 * time.Minute))
			woken.must(woken.Tick(woken.ctx))
		}
		if len(woken.ran) != 0 {
			t.Errorf("ran %v", woken.ran)
		}
		if next := woken.labelled(alarmSecrets); len(next) != 1 || next[0].ID == alarms[0].ID {
			t.Errorf("alarms are %+v", next)
		}
	})
}

// A renewal is one host, watched, whose certificate comes to its end.
type renewal struct {
	*fixture
	watched *watch
	request string
	url     string
	old     *x509.Certificate
}

func newRenewal(t *testing.T, model string, juju *clock) *renewal {
	t.Helper()
	python := pythonCharm{keyOwner: charm, keyLabel: keySecret}.asking(t, model+".example.com")
	f, app := python.takenOver(t, model, juju)
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	r := &renewal{fixture: f, url: app.URL(charm)}
	r.watched = r.watch("renewal on "+model, r.url)
	r.watched.more()
	r.request = r.requests()[0]
	r.updateStatus()
	if n := len(r.requests()); n != 1 {
		t.Fatalf("%d requests before the time", n)
	}
	return r
}

// age has the host served by a certificate that is soon to be renewed, and not before.
func (r *renewal) age() {
	r.t.Helper()
	r.old = r.issueOld(r.Model+".example.com", renewedIn)
	r.updateStatus()
	if n := len(r.requests()); n != 1 && time.Now().Before(dueAt(r.old)) {
		r.t.Errorf("%d requests before the time", n)
	}
	r.awaitLeaf(r.url, r.old)
	r.watched.more()
}

// renew has the charm woken, by a hook of that name, while the authority holds its
// answer for a while.
func (r *renewal) renew(hook string, wake func()) {
	t := r.t
	t.Helper()
	r.ran = nil
	wake()
	if !slices.Contains(r.ran, charm+"/0 "+hook) {
		t.Errorf("ran %v, without %s", r.ran, hook)
	}
	requests := r.requests()
	if len(requests) != 2 || requests[0] != r.request {
		t.Fatalf("requests are %v", requests)
	}
	both := r.parsed(requests)
	if !both[0].PublicKey.(*rsa.PublicKey).Equal(both[1].PublicKey) {
		t.Error("the renewal has another key")
	}
	if diff := cmp.Diff(both[0].DNSNames, both[1].DNSNames); diff != "" {
		t.Errorf("names (-old +new):\n%s", diff)
	}
	if both[0].Subject.String() == both[1].Subject.String() {
		t.Errorf("the renewal has the same unique identifier: %s", both[0].Subject)
	}
	if got, want := r.status(), "active "+r.here(active)+"; renewing the certificate for "+r.Model+".example.com, good until "; !strings.HasPrefix(got, want) {
		t.Errorf("status is %s", got)
	}
	r.watched.more()
	r.updateStatus()
	if diff := cmp.Diff(requests, r.requests()); diff != "" {
		t.Errorf("asks again (-before +after):\n%s", diff)
	}

	r.ca.Hold = false
	r.must(r.Settle(r.ctx))
	if diff := cmp.Diff(requests[1:], r.requests()); diff != "" {
		t.Errorf("requests in the end (-want +got):\n%s", diff)
	}
}

// finish waits for the end of the old certificate's life, and counts.
func (r *renewal) finish() {
	t, host := r.t, r.Model+".example.com"
	t.Helper()
	r.await(r.old.NotAfter.Add(time.Second)) // A client that still met the old one would fail now.
	r.watched.end()
	if diff := cmp.Diff(serials(r.ca.Issued(host)), serials(r.watched.All[0].Leaves)); diff != "" || len(r.ca.Issued(host)) != 3 {
		t.Errorf("certificates (-issued +served):\n%s", diff)
	}
	r.awaitStatus("active", active)
}

func serials(certificates []*x509.Certificate) []string {
	var all []string
	for _, certificate := range certificates {
		all = append(all, certificate.SerialNumber.String())
	}
	return all
}

// TestRenewalOutlivesAFailedCommit has Juju fail at the end of the very hook that renews,
// when it has removed the alarm already and has not written the request yet.
func TestRenewalOutlivesAFailedCommit(t *testing.T) {
	t.Parallel()
	var juju clock
	r := newRenewal(t, "uncommitted", &juju)
	r.age()
	r.awaitDue(r.old)
	alarms := r.labelled(alarmSecrets)
	if len(alarms) != 1 {
		t.Fatalf("alarms are %+v", alarms)
	}
	r.must(r.Juju.FailFlushAt(charm+"/0", jujutest.FlushRelations, errors.New("no quorum")))
	r.renew("secret-expired", func() {
		juju.reach(alarms[0].Expires)
		r.must(r.Tick(r.ctx))
		r.must(r.Settle(r.ctx))
		again := func(hook string) bool { return hook != charm+"/0 secret-expired" }
		if expired := slices.DeleteFunc(slices.Clone(r.ran), again); len(expired) != 2 {
			t.Errorf("ran %v: secret-expired did not fail once", r.ran)
		}
	})
	r.finish()
}

// TestExpired shows a certificate whose renewal comes too late. It is no longer served when the
// charm looks, and is requested again; another host is still served.
func TestExpired(t *testing.T) {
	t.Parallel()
	const story = "an expired certificate"
	f := newSubdomains(t, "expired")
	good := f.app("good", 8080, nil)
	late := f.app("late", 8080, nil)
	lateURL := late.URL(charm)
	f.awaitAnswer(lateURL, 200)
	watched := f.watch(story+", the other host", good.URL(charm))
	inClear := f.neverClear(story+", in clear", "http://"+f.host("late")+"/")
	requests := f.requests()

	old := f.issueAgain(f.host("late"), time.Minute, 8*time.Second)
	f.awaitLeaf(lateURL, old)
	f.await(old.NotAfter.Add(time.Second))
	f.updateStatus()
	if secret := "Secret/" + charm + "-secret-" + f.host("late"); f.has(secret) {
		t.Errorf("%s is still there", secret)
	}
	f.awaitRefused(lateURL)
	f.awaitStatusBeginning("waiting " + pending)
	if url := late.URL(charm); url != "" {
		t.Errorf("still publishes %s", url)
	}
	now := f.requests()
	if len(now) != 2 || now[0] != requests[0] || now[1] == requests[1] {
		t.Errorf("requests are %v, were %v", now, requests)
	}
	watched.more()

	f.ca.Hold = false
	f.settleInOne("certificates-relation-changed")
	f.awaitAnswer(lateURL, 200)
	f.awaitStatus("active", active)
	if diff := cmp.Diff(now, f.requests()); diff != "" {
		t.Errorf("asks again (-before +after):\n%s", diff)
	}
	inClear()
	watched.end()
}
