"""A provider of certificate_transfer for tests, on the real libraries."""

import re

import ops
from charmlibs.interfaces.certificate_transfer import CertificateTransferProvides

ENDPOINT = "send-ca-cert"
PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class Trust(ops.CharmBase):
    """The library writes what the options say."""

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        self.library = CertificateTransferProvides(self, ENDPOINT)
        for event in (
            self.on.config_changed,
            self.on.leader_elected,
            self.on.upgrade_charm,
            self.on[ENDPOINT].relation_created,
            self.on[ENDPOINT].relation_changed,
        ):
            framework.observe(event, self._tell)

    def _tell(self, _: ops.EventBase):
        if self.unit.is_leader():
            self.library.remove_all_certificates()
            self.library.add_certificates(set(PEM.findall(str(self.config["certificates"]))))
        self.unit.status = ops.ActiveStatus()


if __name__ == "__main__":
    ops.main(Trust)
