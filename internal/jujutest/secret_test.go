package jujutest_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// clock is a model clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// secretWorld has gw (two units, gw/0 leads) and web related to it, and a clock.
func secretWorld(t *testing.T, changes ...func(*jujutest.Options)) (*world, *clock) {
	t.Helper()
	c := newClock()
	changes = append(changes, func(o *jujutest.Options) { o.Now = c.Now })
	w := newWorld(t, changes...)
	w.deploy("gw", quiet(t, providerMetadata), 2)
	w.deploy("web", quiet(t, requirerMetadata), 1)
	w.integrate("web", "gw")
	w.settle()
	w.take()
	return w, c
}

// addSecret runs secret-add on a unit and returns the URI.
func (w *world) addSecret(unit, args string) string {
	w.t.Helper()
	result, err := w.Exec(w.ctx, unit, "secret-add "+args)
	w.must(err)
	if result.Code != 0 {
		w.t.Fatalf("secret-add %s: %+v", args, result)
	}
	return strings.TrimSpace(result.Stdout)
}

// secretRuns returns the secret events since the last take: unit, name, label and revision.
func (w *world) secretRuns() []string {
	var events []string
	for _, run := range w.take() {
		if strings.HasPrefix(run.Name, "secret-") {
			events = append(events, strings.Join([]string{
				run.Unit, run.Name, variable(run, "JUJU_SECRET_LABEL"), variable(run, "JUJU_SECRET_REVISION"),
			}, " "))
		}
	}
	return events
}

func TestSecretArguments(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	const unknown = "secret:01234567890123456789"
	runToolCases(t, w, "gw/0", []toolCase{
		{"secret-ids --format=json", "null\ncode 0"},
		{"secret-ids", "code 0"},
		{"secret-get --format=smart " + unknown, "ERROR invalid value \"smart\" for option --format: unknown format \"smart\"\ncode 2"},
		{"secret-info-get --format=smart " + unknown, "ERROR invalid value \"smart\" for option --format: unknown format \"smart\"\ncode 2"},
		{"goal-state --format=smart", "ERROR invalid value \"smart\" for option --format: unknown format \"smart\"\ncode 2"},
		{"secret-add", "ERROR missing secret value or filename\ncode 2"},
		{"secret-add ab=1", "ERROR key \"ab\" not valid\ncode 2"},
		{"secret-add Abc=1", "ERROR key \"Abc\" not valid\ncode 2"},
		{"secret-add novalue", "ERROR key value \"novalue\" not valid\ncode 2"},
		{"secret-add empty=", "ERROR key value \"empty=\" not valid\ncode 2"},
		{"secret-set " + unknown + " --owner bogus", "ERROR secret owner \"bogus\" not valid\ncode 2"},
		{"secret-add --owner model abc=1", "ERROR secret owner \"model\" not valid\ncode 2"},
		{"secret-add --rotate often abc=1", "ERROR rotate policy \"often\" not valid\ncode 2"},
		{"secret-add --expire soon abc=1", "ERROR expire time or duration \"soon\" not valid\ncode 2"},
		{"secret-get", "ERROR require either a secret URI or label\ncode 2"},
		{"secret-get --peek --refresh " + unknown, "ERROR specify one of --peek or --refresh but not both\ncode 2"},
		{"secret-get secret:short", "ERROR secret URI \"secret:short\" not valid\ncode 2"},
		{"secret-get " + unknown, "ERROR secret \"01234567890123456789\" not found\ncode 1"},
		{"secret-get --label nope", "ERROR consumer label \"nope\" not found\ncode 1"},
		{"secret-info-get", "ERROR require either a secret URI or label\ncode 2"},
		{"secret-info-get --label nope", "ERROR secret \"nope\" not found\ncode 1"},
		{"secret-info-get " + unknown, "ERROR secret \"01234567890123456789\" not found\ncode 1"},
		{"secret-grant " + unknown, "ERROR no relation id specified\ncode 2"},
		{"secret-grant", "ERROR missing secret URI\ncode 2"},
		{"secret-revoke " + unknown, "ERROR missing relation or application or unit\ncode 2"},
		{"secret-revoke --app web --unit web/0 " + unknown, "ERROR specify only one of application or unit\ncode 2"},
		{"secret-revoke -r 1 --app web " + unknown, "ERROR do not specify both relation and app\ncode 2"},
		{"secret-revoke --app Web " + unknown, "ERROR application \"Web\" not valid\ncode 2"},
		{"secret-revoke --unit web " + unknown, "ERROR unit \"web\" not valid\ncode 2"},
		{"secret-grant -r 1 " + unknown, "ERROR secret \"01234567890123456789\" not found\ncode 1"},
		{"secret-get --label nope key", "ERROR secret URI \"key\" not valid\ncode 2"},
		{"secret-remove", "ERROR missing secret URI\ncode 2"},
		{"secret-set", "ERROR missing secret URI\ncode 2"},
		{"secret-add --expire -1h abc=1", "ERROR negative expire duration \"-1h\" not valid\ncode 2"},
		{"secret-add --owner unit --label two abc=1 >/dev/null; secret-add --label two abc=1", "ERROR secret with label \"two\" already exists\ncode 1"},
	})
	runToolCases(t, w, "gw/1", []toolCase{
		{"secret-add abc=1", "ERROR this unit is not the leader\ncode 1"},
		{"secret-add --owner unit abc=1 | grep -c '^secret:[0-9a-v]*$'", "1\ncode 0"},
	})
}

func TestSecretContentForms(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	uri := w.addSecret("gw/0", `--label forms --description "of all kinds" --owner unit plain=a=b coded#base64=aGVsbG8= "read#file=/dev/stdin" 2>/dev/null </dev/null ||
		(printf 'from file' > f; echo 'yaml: from yaml' > y; secret-add --label forms --description "of all kinds" --owner unit plain=a=b coded#base64=aGVsbG8= read#file=f --file y)`)
	want := map[string]string{"plain": "a=b", "coded": "hello", "read": "from file", "yaml": "from yaml"}
	secret, ok := w.SecretByLabel("forms")
	if !ok {
		t.Fatal("no secret")
	}
	delete(secret.Content, "nothing")
	if secret.Content["read"] == "" { // /dev/stdin could be read by the agent: an empty file
		want["read"] = ""
		delete(want, "yaml")
	}
	if diff := cmp.Diff(want, secret.Content); diff != "" || secret.Owner != "gw/0" {
		t.Errorf("owner %s, content (-want +got):\n%s", secret.Owner, diff)
	}
	runToolCases(t, w, "gw/0", []toolCase{
		{"secret-get " + uri + " coded", "hello\ncode 0"},
		{"secret-get " + uri + " coded#base64", "aGVsbG8=\ncode 0"},
		{"secret-get " + uri + " plain --format=json", "\"a=b\"\ncode 0"},
		{"secret-get " + uri + " none", "ERROR secret key value \"none\" not found\ncode 1"},
		{"secret-info-get --label forms --format=json | sed s/" + secret.ID + "/ID/", `{"ID":{"revision":1,"label":"forms","owner":"unit","description":"of all kinds","rotation":"never"}}` + "\ncode 0"},
	})
	for _, run := range w.take() {
		for _, call := range run.Calls {
			if text := strings.Join(call.Args, " "); strings.Contains(text, "a=b") || strings.Contains(text, "aGVs") {
				t.Errorf("a secret value reached the record: %s", text)
			}
		}
	}
}

func TestSecretTracking(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		profile jujutest.Profile
		plain   string // what the owner's plain read gives after an update
	}{{jujutest.Juju36, "one"}, {jujutest.OldJuju3, "two"}} {
		t.Run(test.profile.String(), func(t *testing.T) {
			t.Parallel()
			w, _ := secretWorld(t, profile(test.profile))
			uri := w.addSecret("gw/0", "--label own value=one")
			runToolCases(t, w, "gw/0", []toolCase{
				{"secret-get --label own | sed 's/^value: //'", "one\ncode 0"},
				{"secret-set " + uri + " value=two; secret-get --label own | sed 's/^value: //'; secret-get --label own --peek | sed 's/^value: //'", "one\ntwo\ncode 0"},
				{"secret-get --label own | sed 's/^value: //'", test.plain + "\ncode 0"},
				{"secret-get --label own --peek | sed 's/^value: //'", "two\ncode 0"},
				{"secret-get --label own --refresh | sed 's/^value: //'; secret-get --label own | sed 's/^value: //'", "two\ntwo\ncode 0"},
				{"secret-set " + uri + " value=two", "code 0"},
			})
			if secret, _ := w.SecretByLabel("own"); secret.Revision != 2 {
				t.Errorf("equal content made revision %d", secret.Revision)
			}
		})
	}
}

func TestSecretSharing(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	uri := w.addSecret("gw/0", "--label shared value=one")
	runToolCases(t, w, "web/0", []toolCase{{"secret-get " + uri, "ERROR permission denied\ncode 1"}})
	runToolCases(t, w, "gw/1", []toolCase{
		{"secret-get --label shared | sed 's/^value: //'", "one\ncode 0"}, // followers read what their application owns
		{"secret-info-get --label shared", "ERROR secret \"shared\" not found\ncode 1"},
		{"secret-ids --format=json", "null\ncode 0"},
		{"secret-set " + uri + " value=x", "ERROR this unit is not the leader\ncode 1"},
		{"secret-grant -r 1 " + uri, "ERROR this unit is not the leader\ncode 1"},
		{"secret-remove " + uri, "ERROR this unit is not the leader\ncode 1"},
	})
	runToolCases(t, w, "gw/0", []toolCase{
		{"secret-grant " + uri + " -r gateway:1", "code 0"},
		{"secret-info-get --label shared --format=json | grep -o '\"access.*'", `"access":[{"target":"application-web","scope":"relation-web.ingress#gw.gateway","role":"view"}]}}` + "\ncode 0"},
	})
	runToolCases(t, w, "web/0", []toolCase{
		{"secret-get " + uri + " --label theirs value", "one\ncode 0"},
		{"secret-get --label theirs | sed 's/^value: //'", "one\ncode 0"},
	})
}

func TestSecretFlushRefusals(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	uri := w.addSecret("gw/0", "--label taken value=one")
	for _, test := range []struct{ unit, script, want string }{
		{"gw/0", "secret-add --label taken value=two; relation-set -r 1 lost=1", `cannot apply changes: creating secrets: secret with label "taken" already exists`},
		{"gw/0", "secret-remove 01234567890123456789; relation-set -r 1 lost=1", `cannot apply changes: removing secrets: secret "01234567890123456789" not found`},
		{"gw/0", "secret-remove $(secret-add value=two); relation-set -r 1 lost=1", "cannot apply changes: removing secrets: secret "},
		{"web/0", "secret-set " + uri + " value=two", "permission denied"},
		{"web/0", "secret-set 01234567890123456789 value=two", `secret "01234567890123456789" not found`},
	} {
		if _, err := w.Exec(w.ctx, test.unit, test.script); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.script, err, test.want)
		}
	}
	if w.RelationData(1, "gw/0")["lost"] != "" || len(w.Secrets()) != 1 {
		t.Error("a refused flush was applied in part")
	}
}

func TestSecretGrants(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	uri := w.addSecret("gw/0", "value=one")
	runToolCases(t, w, "gw/0", []toolCase{
		{"secret-grant " + uri + " -r 1 --unit gw/1", "ERROR unit \"gw/1\" is not in the relation\ncode 2"},
		{"secret-grant " + uri + " -r 1 --unit web/0", "code 0"},
		{"secret-grant " + uri + " -r 1", "ERROR any unit level grants need to be revoked before granting access to the corresponding application\ncode 1"},
		{"secret-revoke " + uri + " --unit web/0; secret-grant " + uri + " -r 1", "code 0"},
	})
	if got := w.Secrets()[0].Grants; len(got) != 1 || got[0] != "web" {
		t.Errorf("grants = %v", got)
	}
	w.must(w.RemoveRelation(w.ctx, "web", "gw"))
	w.settle()
	if got := w.Secrets()[0].Grants; len(got) != 0 {
		t.Errorf("grants after the relation = %v", got)
	}
}

func TestSecretChangedAndRemove(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	uri := w.addSecret("gw/0", "--label shared value=one")
	w.exec("gw/0", "secret-grant -r 1 "+uri)
	w.exec("web/0", "secret-get --label theirs "+uri)
	w.exec("gw/1", "secret-get --label shared")
	w.exec("gw/0", "secret-get --label shared --peek")
	w.exec("gw/0", "secret-set "+uri+" value=two")
	w.settle()
	got := w.secretRuns()
	slices.Sort(got)
	equal(t, "consumers are told", got, []string{"gw/1 secret-changed shared ", "web/0 secret-changed theirs "})
	w.settle()
	equal(t, "once", w.secretRuns(), nil)

	w.exec("gw/1", "secret-get --label shared --refresh")
	w.settle()
	equal(t, "one consumer is left", w.secretRuns(), nil)
	if got := w.exec("web/0", "secret-get --label theirs | sed 's/^value: //'"); got != "one\ncode 0" {
		t.Errorf("tracked revision = %s", got)
	}
	w.exec("web/0", "secret-get --label theirs --refresh")
	w.settle()
	equal(t, "nobody tracks the old one", w.secretRuns(), []string{"gw/0 secret-remove shared 1"})
	w.exec("gw/0", "secret-remove --revision 1 "+uri)
	w.settle()
	if secret, _ := w.SecretByLabel("shared"); len(secret.Revisions) != 1 || secret.Revision != 2 {
		t.Errorf("secret = %+v", secret)
	}
	equal(t, "done", w.secretRuns(), nil)
}

func TestSecretExpiry(t *testing.T) {
	t.Parallel()
	w, c := secretWorld(t)
	uri := w.addSecret("gw/0", "--label cert --expire 1h value=one")
	w.addSecret("gw/1", "--owner unit --label unit-cert --expire 2026-01-02T04:00:00Z value=one")
	tick := func(d time.Duration) []string {
		t.Helper()
		c.advance(d)
		w.must(w.Tick(w.ctx))
		w.settle()
		got := w.secretRuns()
		slices.Sort(got)
		return got
	}
	equal(t, "before", tick(59*time.Minute), nil)
	both := []string{"gw/0 secret-expired cert 1", "gw/1 secret-expired unit-cert 1"}
	equal(t, "at the hour", tick(time.Minute), both)
	equal(t, "four minutes later", tick(4*time.Minute), nil)
	equal(t, "again after five", tick(time.Minute), both)
	// The new revision's expiry counts; the old one goes on until it is removed.
	w.exec("gw/0", "secret-set --expire 24h "+uri+" value=two")
	w.exec("gw/1", "secret-remove $(secret-ids)")
	w.settle()
	equal(t, "the old revision is obsolete", w.secretRuns(), []string{"gw/0 secret-remove cert 1"})
	equal(t, "still expired", tick(5*time.Minute), []string{"gw/0 secret-expired cert 1"})
	w.exec("gw/0", "secret-remove --revision 1 "+uri)
	equal(t, "removed", tick(5*time.Minute), nil)
	w.must(w.SetLeader("gw", "gw/1"))
	w.settle()
	w.take()
	equal(t, "the leader is told", tick(24*time.Hour), []string{"gw/1 secret-expired cert 2"})
}

func TestSecretRotation(t *testing.T) {
	t.Parallel()
	w, c := secretWorld(t)
	uri := w.addSecret("gw/0", "--label turning --rotate hourly value=one")
	c.advance(time.Hour)
	w.must(w.Tick(w.ctx))
	w.settle()
	equal(t, "due", w.secretRuns(), []string{"gw/0 secret-rotate turning "})
	w.exec("gw/0", "secret-set "+uri+" value=two")
	c.advance(6 * time.Minute)
	w.must(w.Tick(w.ctx))
	w.settle()
	equal(t, "rotated", w.secretRuns(), []string{"gw/0 secret-remove turning 1"})
}

func TestSecretEventIDs(t *testing.T) {
	t.Parallel()
	w, c := secretWorld(t)
	uri := w.addSecret("gw/0", "--label cert --expire 1h value=one")
	w.exec("gw/1", "secret-get --label cert")
	w.exec("gw/0", "secret-set "+uri+" value=two")
	c.advance(2 * time.Hour)
	w.must(w.Tick(w.ctx))
	w.settle()
	for _, run := range w.take() {
		want, ok := map[string]string{"secret-expired": strings.TrimPrefix(uri, "secret:"), "secret-changed": uri}[run.Name]
		if got := variable(run, "JUJU_SECRET_ID"); ok && got != want {
			t.Errorf("%s: JUJU_SECRET_ID = %s, want %s", run.Name, got, want)
		}
	}
}

func TestQualifiedSecretURIs(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t, profile(jujutest.Juju40))
	uri := w.addSecret("gw/0", "--label own value=one")
	if !strings.HasPrefix(uri, "secret://") {
		t.Errorf("uri = %s", uri)
	}
	runToolCases(t, w, "gw/0", []toolCase{
		{"secret-get " + uri + " value", "one\ncode 0"},
		{"secret-get --label nope", "ERROR secret with label \"nope\" not found\ncode 1"},
	})
}

func TestUserSecret(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	uri := w.AddUserSecret("token", map[string]string{"token": "one"})
	runToolCases(t, w, "gw/1", []toolCase{{"secret-get " + uri, "ERROR permission denied\ncode 1"}})
	w.must(w.GrantUserSecret(uri, "gw"))
	runToolCases(t, w, "gw/1", []toolCase{{"secret-get " + uri + " token", "one\ncode 0"}})
	w.must(w.UpdateUserSecret(uri, map[string]string{"token": "two"}))
	w.settle()
	equal(t, "consumer", w.secretRuns(), []string{"gw/1 secret-changed  "})
}

func TestSecretsGoWithTheirOwner(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	w.addSecret("gw/0", "--label app value=one")
	w.addSecret("gw/1", "--owner unit --label unit value=one")
	w.must(w.RemoveUnit(w.ctx, "gw/1"))
	w.settle()
	if _, ok := w.SecretByLabel("unit"); ok {
		t.Error("the removed unit's secret is still there")
	}
	w.must(w.RemoveApplication(w.ctx, "gw"))
	w.settle()
	if left := w.Secrets(); len(left) != 0 {
		t.Errorf("secrets left: %+v", left)
	}
}

// TestSecretIDsAsText asks without a format, as the Python library of tls-certificates
// does: each id is a line of its own.
func TestSecretIDsAsText(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	got := w.exec("gw/0", "secret-add --owner unit abc=1 >/dev/null; secret-add --owner unit abc=2 >/dev/null; secret-ids | grep -c '^[0-9a-v]*$'")
	equal(t, "ids", []string{got}, []string{"2\ncode 0"})
}

// What a hook has just made is told of without a rotation, and what loses one revision is not told of at
// all until the hook has ended; grants of the hook do not show.
func TestSecretInfoInTheHook(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	uri := w.addSecret("gw/0", "--label old value=one")
	w.exec("gw/0", "secret-set "+uri+" value=two")
	runToolCases(t, w, "gw/0", []toolCase{
		{"secret-add --label new value=one >/dev/null; secret-info-get --label new --format=json | sed 's/\"[0-9a-v]*\":{/{/'", `{{"revision":1,"label":"new","owner":"application"}}` + "\ncode 0"},
		{"secret-info-get --label new --format=json | sed 's/.*owner/owner/'", `owner":"application","rotation":"never"}}` + "\ncode 0"},
		{"secret-grant -r 1 " + uri + "; secret-info-get --label old --format=json | grep -c access", "0\ncode 1"},
		{"secret-remove --revision 1 " + uri + "; secret-info-get --label old", "ERROR secret \"old\" not found\ncode 1"},
		{"secret-info-get --label old --format=json | grep -c access", "1\ncode 0"},
	})
}
