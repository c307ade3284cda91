package e2e_test

import (
	"slices"
	"testing"
)

// TestRoutingSwitched goes from one host for all to a host for each application and
// back, under traffic. The old URL of each answers until its new place has a
// certificate, the new one from then on.
func TestRoutingSwitched(t *testing.T) {
	t.Parallel()
	const story, domain = "routing-mode switched", "modes.example.com"
	f := newFixture(t, "modes", map[string]any{"external-hostname": domain}).withAuthority()
	one, two := f.app("one", 8080, nil), f.app("two", 8080, map[string]string{"strip-prefix": "true"})
	f.awaitStatus("active", active)
	urls := func() []string { return []string{one.URL(charm), two.URL(charm)} }
	paths := []string{"https://" + domain + "/modes-one", "https://" + domain + "/modes-two"}
	hosts := []string{"https://" + f.host("one") + "/", "https://" + f.host("two") + "/"}
	if got := urls(); !slices.Equal(got, paths) {
		t.Fatalf("published %v", got)
	}

	watchedOne, watchedTwo := f.watch(story+" to subdomain, the first by path", paths[0]), f.watch(story+" to subdomain, the second by path", paths[1])
	f.ca.HoldHosts = []string{f.host("one"), f.host("two")}
	f.configure(map[string]any{"routing-mode": "subdomain"})
	f.awaitStatusBeginning("waiting " + pending)
	if got := urls(); !slices.Equal(got, paths) {
		t.Errorf("published %v before there are certificates", got)
	}
	watchedOne.end()
	f.ca.HoldHosts = []string{f.host("two")}
	f.must(f.Settle(f.ctx))
	if got := urls(); !slices.Equal(got, []string{hosts[0], paths[1]}) {
		t.Errorf("published %v with one certificate", got)
	}
	f.awaitAnswer(hosts[0], 200)
	f.updateStatus()
	watchedTwo.end()
	watchedOne = f.watch(story+" to subdomain, the first by host", hosts[0])
	f.ca.HoldHosts = nil
	f.must(f.Settle(f.ctx))
	if got := urls(); !slices.Equal(got, hosts) {
		t.Errorf("published %v with both certificates", got)
	}
	f.awaitAnswer(hosts[1], 200)
	f.awaitStatus("active", active)
	watchedOne.end()
	f.awaitRequests(2)

	watched := f.watch(story+" to path", hosts...)
	f.ca.HoldHosts = []string{domain}
	f.ca.Reissue(domain) // It does not remember what it has issued before.
	f.configure(map[string]any{"routing-mode": "path"})
	f.awaitStatusBeginning("waiting " + pending)
	if got := urls(); !slices.Equal(got, hosts) {
		t.Errorf("published %v before there is a certificate", got)
	}
	watched.end()
	f.ca.HoldHosts = nil
	f.must(f.Settle(f.ctx))
	if got := urls(); !slices.Equal(got, paths) {
		t.Errorf("published %v in the end", got)
	}
	for _, url := range paths {
		f.awaitAnswer(url, 200)
	}
	f.awaitStatus("active", active)
	f.awaitRequests(1)
}

// TestRoutingSwitchedInClear does the same where HTTPS is not enforced: the old place
// answers over HTTP, too, until the new one has its certificate.
func TestRoutingSwitchedInClear(t *testing.T) {
	t.Parallel()
	const story, domain = "routing-mode switched without enforce-https", "both.example.com"
	f := newFixture(t, "both", map[string]any{"external-hostname": domain, "enforce-https": false}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active+" (enforce-https is set to false)")
	places := []string{domain + "/both-web", f.host("web") + "/", domain + "/both-web"}
	for i, mode := range []string{"subdomain", "path"} {
		old, next := places[i], places[i+1]
		watched := f.watch(story+" to "+mode, "https://"+old, "http://"+old)
		f.ca.Hold = true
		f.configure(map[string]any{"routing-mode": mode})
		f.awaitStatusBeginning("waiting " + pending)
		if got := app.URL(charm); got != "https://"+old {
			t.Errorf("published %s before there is a certificate", got)
		}
		watched.end()
		f.ca.Hold = false
		f.must(f.Settle(f.ctx))
		if got := app.URL(charm); got != "https://"+next {
			t.Errorf("published %s", got)
		}
		f.awaitAnswer("https://"+next, 200)
		f.awaitAnswer("http://"+next, 200)
		f.awaitRequests(1)
		f.ca.Reissue(domain)
	}
}
