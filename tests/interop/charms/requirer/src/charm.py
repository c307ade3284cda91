"""A requirer of certificates for tests, on the real libraries."""

import json
import logging

import ops
from charmlibs.interfaces.tls_certificates import (
    CertificateRequestAttributes,
    Mode,
    TLSCertificatesRequiresV4,
)

logger = logging.getLogger(__name__)


class Requirer(ops.CharmBase):
    """The library does it all."""

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        host = str(self.config["external-hostname"])
        if self.config["mode"] == "unit":
            host = self.unit.name.replace("/", "-") + "." + host
        self.library = TLSCertificatesRequiresV4(
            self,
            "certificates",
            certificate_requests=[CertificateRequestAttributes(common_name=host, sans_dns=[host])],
            mode=Mode.UNIT if self.config["mode"] == "unit" else Mode.APP,
            refresh_events=[self.on.config_changed, self.on.update_status],
        )
        framework.observe(self.library.on.certificate_available, self._available)
        framework.observe(self.library.on.certificate_denied, self._denied)
        framework.observe(self.on.report_action, self._report)
        framework.observe(self.on.rotate_private_key_action, self._rotate)

    def _available(self, event):
        logger.info("certificate available for %s", event.certificate.common_name)
        self.unit.status = ops.ActiveStatus()

    def _denied(self, event):
        self.unit.status = ops.BlockedStatus(event.error.message)

    def _rotate(self, _: ops.ActionEvent):
        self.library.regenerate_private_key()

    def _report(self, event: ops.ActionEvent):
        certificates, key = self.library.get_assigned_certificates()
        capabilities = self.library.get_provider_capabilities()
        seen = {
            "requests": [
                str(request.certificate_signing_request)
                for request in self.library.get_csrs_from_requirer_relation_data()
            ],
            "certificates": [str(issued.certificate) for issued in certificates],
            "key": bool(key),
            "capabilities": capabilities.model_dump(exclude_none=True) if capabilities else None,
        }
        event.set_results({"report": json.dumps(seen)})


if __name__ == "__main__":
    ops.main(Requirer)
