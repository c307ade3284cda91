"""A charm that calls what ops has for Kubernetes charms, and checks the answers."""

import datetime
import ipaddress
import json

import ops

LATER = datetime.timedelta(days=30)


def raises(kind: type[Exception], call, *args, **kwargs) -> Exception:
    """The exception that the call must raise."""
    try:
        call(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError(f"{call} raised no {kind.__name__}")


class Probe(ops.CharmBase):
    """Each check is a method; the actions call them and name those that fail."""

    stored = ops.StoredState()

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        self.stored.set_default(events=[])
        for name, event in self.on.events().items():
            if not name.endswith("_action") and name != "collect_metrics":
                framework.observe(event, self._note)
        framework.observe(self.on.check_action, self._check)
        framework.observe(self.on.read_action, self._read)
        framework.observe(self.on.fail_action, self._fail)

    def _note(self, event: ops.EventBase):
        about = event.handle.kind
        if isinstance(event, ops.RelationEvent):
            # An agent that has restarted does not know the application of a relation that breaks.
            assert event.relation.id >= 0 and (event.app or isinstance(event, ops.RelationBrokenEvent)), event
            about += f" {event.relation.name}"
            if unit := getattr(event, "unit", None):
                about += f" {unit.name}"
            if isinstance(event, ops.RelationDepartedEvent):
                about += f", {event.departing_unit.name} departs"
            if isinstance(event, ops.RelationBrokenEvent):
                assert not event.relation.active
                assert event.relation not in self.model.relations[event.relation.name]
        if isinstance(event, ops.SecretEvent):
            about += f" {event.secret.label}"
            if isinstance(event, ops.SecretChangedEvent):
                event.secret.get_content(refresh=True)
        self.stored.events.append(about)
        self.unit.status = ops.ActiveStatus(about)

    def _run(self, event: ops.ActionEvent, checks) -> None:
        event.log("checking")
        failed = {}
        for check in checks:
            try:
                check()
            except Exception as error:  # each is reported by its name
                failed[check.__name__] = repr(error)
        event.set_results({"failed": json.dumps(failed), "count": len(checks), "nested": {"key": "value"}})

    def _check(self, event: ops.ActionEvent):
        self._run(event, [
            self._configuration, self._statuses, self._model, self._network, self._goal, self._ports,
            self._relation_data, self._refused_data, self._secrets, self._remote_model,
        ])  # fmt: skip

    def _read(self, event: ops.ActionEvent):
        self._run(event, [self._stored_back, self._secret_back, self._data_back, self._ports_back])

    def _fail(self, event: ops.ActionEvent):
        event.set_results({"before": "failing"})
        event.fail(event.params["words"])

    def _configuration(self):
        assert dict(self.config) == {"text": "plain", "number": 5, "ratio": 0.5, "flag": True}, dict(self.config)
        assert type(self.config["number"]) is int and type(self.config["flag"]) is bool

    def _statuses(self):
        for status in (ops.MaintenanceStatus("-m"), ops.WaitingStatus("--"), ops.BlockedStatus('"b" <&>'), ops.ActiveStatus("")):
            self.unit.status = status
            self.unit._status = None  # read back, not remembered
            assert self.unit.status == status, self.unit.status
        if self.unit.is_leader():
            self.app.status = ops.BlockedStatus("by the leader")
            self.app._status = None
            assert self.app.status == ops.BlockedStatus("by the leader"), self.app.status
        else:
            raises(RuntimeError, setattr, self.app, "status", ops.ActiveStatus())
            raises(RuntimeError, lambda: self.app.status)
        self.unit.set_workload_version("1.2.3")

    def _model(self):
        assert self.model.name.startswith("probe-") and len(self.model.uuid) == 36
        assert self.model.juju_version.has_secrets
        assert str(self.charm_dir).endswith("/charm") and (self.charm_dir / "metadata.yaml").exists()

    def _network(self):
        for endpoint in ("up", "down", "peers"):
            network = self.model.get_binding(endpoint).network
            for address in (network.bind_address, network.ingress_address):
                assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address), address
            assert network.interfaces and network.egress_subnets
        for relation in self.model.relations["up"]:
            assert self.model.get_binding(relation).network.bind_address
        raises(ops.ModelError, lambda: self.model.get_binding("nope").network.interfaces)

    def _goal(self):
        assert self.app.planned_units() == 2, self.app.planned_units()

    def _ports(self):
        self.unit.open_port("tcp", 8080)
        self.unit.set_ports(ops.Port("tcp", 9090), ops.Port("udp", 53))
        assert {(p.protocol, p.port) for p in self.unit.opened_ports()} == {("tcp", 9090), ("udp", 53)}, self.unit.opened_ports()

    def _ports_back(self):
        assert {(p.protocol, p.port) for p in self.unit.opened_ports()} == {("tcp", 9090), ("udp", 53)}, self.unit.opened_ports()

    def _mine(self):
        return self.app if self.unit.is_leader() else self.unit

    def _relation_data(self):
        for relation in (*self.model.relations["up"], self.model.get_relation("peers")):
            data = relation.data[self.unit]
            data.update({"text": 'a "b"\n<&> ü', "gone": "soon", "equals": "a=b", "dash": "-x"})
            assert data["text"] == 'a "b"\n<&> ü'
            del data["gone"]
            assert "gone" not in data
            if self.unit.is_leader():
                relation.data[self.app]["leader"] = self.unit.name
                assert relation.data[self.app]["leader"] == self.unit.name
            assert self.unit not in relation.units
            for unit in relation.units:
                assert ipaddress.ip_address(relation.data[unit]["ingress-address"])

    def _data_back(self):
        for relation in (*self.model.relations["up"], self.model.get_relation("peers")):
            data = relation.data[self.unit]
            assert data["text"] == 'a "b"\n<&> ü' and data["equals"] == "a=b" and data["dash"] == "-x", dict(data)
            assert "gone" not in data
        # What the other side sees, and what a unit sees of its peers.
        for relation in self.model.relations["down"]:
            assert relation.data[relation.app]["leader"].startswith(relation.app.name), dict(relation.data[relation.app])
            for unit in relation.units:
                assert relation.data[unit]["text"] == 'a "b"\n<&> ü', dict(relation.data[unit])
        peers = self.model.get_relation("peers")
        assert peers.data[self.app]["leader"], dict(peers.data[self.app])
        assert [peers.data[unit]["dash"] for unit in peers.units] == ["-x"]

    def _refused_data(self):
        for relation in self.model.relations["up"]:
            raises(ops.RelationDataAccessError, relation.data[relation.app].update, {"a": "b"})
            if not self.unit.is_leader():
                raises(ops.RelationDataAccessError, relation.data[self.app].update, {"a": "b"})
                raises(ops.RelationDataAccessError, relation.data[self.app].get, "leader")
        assert dict(self.model.get_relation("up", 99).data[self.unit]) == {}

    def _secrets(self):
        raises(ops.SecretNotFoundError, self.model.get_secret, label="nobody")
        raises(ops.SecretNotFoundError, self.model.get_secret, id="secret:01234567890123456789")
        label = "of-" + self._mine().name.replace("/", "-")
        secret = self._mine().add_secret({"password": "one\ntwo"}, label=label, description="-d", expire=LATER, rotate=ops.SecretRotate.NEVER)
        assert secret.get_content() == {"password": "one\ntwo"}
        assert self.model.get_secret(label=label).get_content() == {"password": "one\ntwo"}
        info = secret.get_info()
        assert (info.label, info.revision, info.expires is not None) == (label, 1, True), info
        for relation in self.model.relations["up"]:
            if self.unit.is_leader():
                secret.grant(relation)
                relation.data[self.app]["secret"] = secret.id
        self.unit.add_secret({"key": "value"}, label="short")

    def _secret_back(self):
        # Not in the hook that adds it: Juju decides at the end of a hook whether it is there.
        self.model.get_secret(label="short").remove_all_revisions()
        label = "of-" + self._mine().name.replace("/", "-")
        secret = self.model.get_secret(label=label)
        assert secret.get_content() == {"password": "one\ntwo"}
        info = secret.get_info()
        assert (info.label, info.revision, info.description) == (label, 1, "-d"), info
        left = info.expires - datetime.datetime.now(datetime.timezone.utc)
        assert datetime.timedelta(days=29) < left < datetime.timedelta(days=31), info
        secret.set_content({"password": "three"})
        assert secret.peek_content() == {"password": "three"}
        assert secret.get_content(refresh=True) == {"password": "three"}
        for relation in self.model.relations["down"]:
            granted = self.model.get_secret(id=relation.data[relation.app]["secret"], label="granted")
            assert granted.get_content()["password"], granted
            raises(ops.ModelError, granted.get_info)

    def _remote_model(self):
        for relation in self.model.relations["up"]:
            assert relation.remote_model.uuid == self.model.uuid

    def _stored_back(self):
        assert "config_changed" in self.stored.events and "start" in self.stored.events, list(self.stored.events)


if __name__ == "__main__":
    ops.main(Probe)
