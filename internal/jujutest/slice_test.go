package jujutest_test

import (
	"testing"
)

func TestDeployRelateStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, `
case $JUJU_DISPATCH_PATH in
hooks/start) status-set active ready; application-version-set 1.0 ;;
hooks/gateway-relation-changed) relation-set --app url=http://x "model=$(relation-get --app model)" ;;
esac
`), 1)
	w.settle()
	equal(t, "deploy", w.events("gw/0"), []string{"install", "peers-relation-created gw", "leader-elected", "config-changed", "start"})
	w.deploy("web", charmDir(t, requirerMetadata, `
case $JUJU_HOOK_NAME in
ingress-relation-created) echo '{"model":"m"}' | relation-set --app --file - ;;
esac
`), 1)
	id := w.integrate("web:ingress", "gw:gateway")
	w.settle()
	if got := w.RelationData(id, "gw")["model"]; got != "m" {
		t.Errorf("model = %q", got)
	}
	t.Log(w.Status())
	t.Log(w.exec("gw/0", "relation-ids gateway --format=json; is-leader; relation-get -r 1 - web/0; relation-get -r 7"))
}
