package stress_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// settle ends all trouble, and ends the test unless everything comes to be as it
// should: not as the charm says, but as the test knows.
func (w *world) settle() {
	w.t.Helper()
	w.note("settle")
	w.endTrouble()
	patience := lab.Patience
	if w.twins {
		patience += time.Minute
	}
	w.must(cluster.Eventually(w.ctx, patience, func(ctx context.Context) error {
		w.must(w.Juju.UpdateStatus(w.ctx, charm))
		w.runAll()
		if err := w.settledJuju(); err != nil {
			return err
		}
		if err := w.settledCluster(ctx); err != nil {
			return err
		}
		if err := w.settledOther(ctx); err != nil {
			return err
		}
		return w.served(ctx)
	}))
	w.checkPlain()
	w.checkQuiet()
	w.startProbe()
}

// endTrouble has everybody behave.
func (w *world) endTrouble() {
	w.Juju.ClearFaults()
	w.middle.arm("", 0)
	w.farewellSecrets()
	if w.twins && w.rand.IntN(2) == 0 {
		w.forgetGhosts()
	}
	if w.leader() == "" {
		w.must(w.Juju.SetLeader(charm, w.units()[0]))
	}
	for _, authority := range w.authorities {
		authority.Hold, authority.HoldHosts, authority.Mute, authority.Revoke, authority.Refuse = false, nil, false, nil, nil
		authority.Life, authority.Delay, authority.Capabilities, authority.Garbage, authority.ErrorGarbage = 0, 0, "", nil, nil
	}
	if w.invalid {
		w.configure("external-hostname", w.hostname)
		w.invalid = false
	}
	if w.provider == nil {
		w.runAll()
		w.relateAuthority(one(w, w.authorities))
	}
	for _, host := range sorted(w.stuck) {
		w.provider.Reissue(host)
	}
	clear(w.stuck)
}

// settledJuju looks at the statuses, the secrets and the databags.
func (w *world) settledJuju() error {
	message := "Gateway addresses: " + w.Address()
	if !w.enforce {
		message += " (enforce-https is set to false)"
	}
	for _, unit := range w.units() {
		want := "active Standby"
		if unit == w.leader() {
			want = "active " + message
		}
		status := w.Juju.Status().Unit(unit)
		if got := status.Status + " " + status.Message; got != want {
			return fmt.Errorf("%s is %q, not %q", unit, got, want)
		}
	}
	key, err := w.settledSecrets()
	if err != nil {
		return err
	}
	if err := w.settledRequests(key); err != nil {
		return err
	}
	for _, app := range w.apps {
		want := ""
		if app.related {
			want = "https://" + w.host(app.Name)
		}
		if got := strings.TrimSuffix(app.URL(charm), "/"); got != want {
			return fmt.Errorf("%s is told %q, not %q", app.Name, got, want)
		}
	}
	return nil
}

// settledSecrets wants four secrets: the private key, which it gives, under both labels of
// the Python library, an alarm, and the record of what was given.
func (w *world) settledSecrets() (*rsa.PrivateKey, error) {
	var key *rsa.PrivateKey
	var alarms, records, others, keys []string
	for _, secret := range w.Juju.Secrets() {
		pemKey := secret.Content["private-key"]
		switch {
		case secret.Owner == charm && pemKey != "" && len(keys) > 0 && pemKey == keys[0]:
			keys = append(keys, pemKey)
		case secret.Owner == charm && pemKey != "" && key == nil:
			keys = append(keys, pemKey)
			block, _ := pem.Decode([]byte(pemKey))
			if block == nil {
				return nil, fmt.Errorf("secret %s holds no key", secret.Label)
			}
			var err error
			if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
				return nil, err
			}
		case secret.Owner == charm && secret.Content["renew-at"] != "":
			alarms = append(alarms, secret.Label)
		case secret.Owner == charm && strings.HasPrefix(secret.Label, "gateway-api-integrator-record-"):
			records = append(records, secret.Label)
		default:
			others = append(others, secret.Owner+": "+secret.Label)
		}
	}
	if len(keys) != 2 || len(alarms) != 1 || len(records) != 1 || len(others) > 0 {
		return nil, fmt.Errorf("the key: %d times, alarms: %v, records: %v, other secrets: %v", len(keys), alarms, records, others)
	}
	return key, nil
}

// settledRequests wants one request for each host in our databag, made with the key.
func (w *world) settledRequests(key *rsa.PrivateKey) error {
	var requests []struct {
		PEM string `json:"certificate_signing_request"`
	}
	if err := json.Unmarshal([]byte(w.Juju.RelationData(w.certificates, charm)["certificate_signing_requests"]), &requests); err != nil {
		return fmt.Errorf("cannot read the requests: %w", err)
	}
	var got []string
	for _, request := range requests {
		block, _ := pem.Decode([]byte(request.PEM))
		if block == nil {
			return fmt.Errorf("request %q", request.PEM)
		}
		csr, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			return err
		}
		if !key.PublicKey.Equal(csr.PublicKey) {
			return fmt.Errorf("the request for %v has another key", csr.DNSNames)
		}
		got = append(got, csr.DNSNames...)
	}
	slices.Sort(got)
	return differ("requests", slices.Sorted(slices.Values(append(w.hosts(), w.host(steady)))), got)
}

func differ(what string, want, got []string) error {
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("%s (-want +got):\n%s", what, diff)
	}
	return nil
}

// hashOfName ends the name of a route that has moved.
var hashOfName = regexp.MustCompile(`-[0-9a-f]{8}$`)

// settledCluster wants the objects of the applications that are related, and no
// other.
func (w *world) settledCluster(ctx context.Context) error {
	want := []string{"Gateway/" + charm}
	for _, app := range append(w.related(), w.apps[0]) {
		want = append(want, "HTTPRoute/"+charm+"-"+model+"-"+app.Name, "Secret/"+charm+"-secret-"+w.host(app.Name), "Service/"+charm+"-"+app.Name+"-service")
		if w.enforce {
			want = append(want, "HTTPRoute/"+lab.RedirectRoute(charm, w.host(app.Name)))
		} else {
			want = append(want, "HTTPRoute/"+charm+"-"+model+"-"+app.Name+"-http")
		}
	}
	got, err := w.Objects(ctx, charm)
	if err != nil {
		return err
	}
	// A route that has moved once keeps the name with a hash that it got then.
	for _, names := range [][]string{want, got} {
		for i, name := range names {
			if strings.HasPrefix(name, "HTTPRoute/") {
				names[i] = hashOfName.ReplaceAllString(name, "")
			}
		}
	}
	return differ("objects", w.plain(want), w.plain(got))
}

// served wants every application to be served with the newest certificate that its
// authority has issued.
func (w *world) served(ctx context.Context) error {
	for _, app := range append(w.related(), w.apps[0]) {
		host := w.host(app.Name)
		url := "https://" + host + "/"
		response, err := w.Get(ctx, url, w.provider.Pool())
		if err != nil {
			return err
		}
		if response.Code != 200 || response.Echo.Unit != app.Name+"/0" {
			return fmt.Errorf("%s answers %+v", url, response)
		}
		leaf, err := w.Served(ctx, url, w.provider.Pool())
		if err != nil {
			return err
		}
		issued := w.provider.Issued(host)
		newest := issued[len(issued)-1]
		if !leaf.Equal(newest) {
			return fmt.Errorf("%s is served with certificate %d, not %d", host, leaf.SerialNumber, newest.SerialNumber)
		}
		if time.Until(newest.NotAfter) < time.Hour {
			return fmt.Errorf("the certificate of %s is soon to be renewed", host)
		}
	}
	return nil
}

// checkQuiet says that a hook which finds everything as it should be writes nothing,
// neither to the cluster nor to Juju.
func (w *world) checkQuiet() {
	w.t.Helper()
	// What the last hook has written is read once more, and remembered.
	w.must(w.Juju.UpdateStatus(w.ctx, charm))
	w.runAll()
	user := cluster.ServiceAccount(model, charm)
	w.must(w.Cluster.ResetRequestCounts(user))
	w.must(w.Juju.UpdateStatus(w.ctx, charm))
	for w.step() {
		for _, run := range w.runs {
			for _, tool := range []string{"relation-set", "secret-add", "secret-set", "secret-remove", "state-set"} {
				if calls(run, tool) {
					w.fatalf("%s of %s calls %s though nothing has changed", run.Name, run.Unit, tool)
				}
			}
		}
	}
	counts, err := w.Cluster.RequestCount(user)
	w.must(err)
	for _, request := range slices.Sorted(maps.Keys(counts)) {
		if !strings.HasPrefix(request, "list ") && !strings.HasPrefix(request, "get ") {
			w.fatalf("update-status does %s though nothing has changed", request)
		}
	}
	if w.answer() {
		w.fatalf("the authority has something to answer though nothing has changed")
	}
}
