"""A certificate authority for tests, on the real libraries."""

import datetime
import json

import ops
from charmlibs.interfaces.tls_certificates import (
    Certificate,
    CertificateError,
    CertificateRequestAttributes,
    CertificateRequestErrorCode,
    PrivateKey,
    ProviderCapabilities,
    ProviderCertificate,
    ProviderCertificateError,
    TLSCertificatesProvidesV4,
)

ENDPOINT = "certificates"
ROOT = "root"


class Authority(ops.CharmBase):
    """It answers whatever is open, at every event that can have changed something."""

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        self.library = TLSCertificatesProvidesV4(
            self,
            ENDPOINT,
            provider_capabilities=ProviderCapabilities(
                provider_type="self-signed", supports_ip_sans=bool(self.config["ip-addresses"])
            ),
        )
        for event in (
            self.on.leader_elected,
            self.on.config_changed,
            self.on.upgrade_charm,
            self.on.update_status,
            self.on[ENDPOINT].relation_changed,
        ):
            framework.observe(event, self._answer)
        framework.observe(self.on.revoke_action, self._revoke)
        framework.observe(self.on.replace_root_action, self._replace_root)
        framework.observe(self.on.report_action, self._report)

    def _answer(self, _: ops.EventBase):
        if not self.unit.is_leader():
            self.unit.status = ops.ActiveStatus("standby")
            return
        root, key = self._root()
        requests = self.library.get_outstanding_certificate_requests()
        for request in [] if self.config["hold"] else requests:
            csr = request.certificate_signing_request
            if error := self._refusal(csr):
                self.library.set_relation_error(
                    ProviderCertificateError(request.relation_id, csr, error)
                )
                continue
            validity = datetime.timedelta(seconds=int(self.config["validity"]))
            leaf = csr.sign(root, key, validity, is_ca=request.is_ca)
            self.library.set_relation_certificate(
                ProviderCertificate(request.relation_id, leaf, csr, ca=root, chain=[leaf, root])
            )
        self.unit.status = ops.ActiveStatus()

    def _refusal(self, csr) -> CertificateError | None:
        refused = self.config["refuse"]
        if refused and (refused == csr.common_name or refused in (csr.sans_dns or ())):
            code, message = CertificateRequestErrorCode.DOMAIN_NOT_ALLOWED, f"{refused} is not ours"
        elif csr.sans_ip and not self.config["ip-addresses"]:
            code, message = CertificateRequestErrorCode.IP_NOT_ALLOWED, "names only"
        else:
            return None
        return CertificateError(code=code, name=code.name, message=message)

    def _root(self) -> tuple[Certificate, PrivateKey]:
        try:
            content = self.model.get_secret(label=ROOT).get_content(refresh=True)
        except ops.SecretNotFoundError:
            content = self._new_root()
            self.app.add_secret(content, label=ROOT)
        return (
            Certificate.from_string(content["certificate"]),
            PrivateKey.from_string(content["private-key"]),
        )

    def _new_root(self) -> dict[str, str]:
        key = PrivateKey.generate(key_size=2048)
        attributes = CertificateRequestAttributes(common_name=f"{self.app.name} root")
        root = Certificate.generate_self_signed_ca(
            attributes, private_key=key, validity=datetime.timedelta(days=365)
        )
        return {"certificate": str(root), "private-key": str(key)}

    def _revoke(self, _: ops.ActionEvent):
        self.library.revoke_all_certificates()

    def _replace_root(self, _: ops.ActionEvent):
        self.model.get_secret(label=ROOT).set_content(self._new_root())
        self.library.revoke_all_certificates()

    def _report(self, event: ops.ActionEvent):
        seen = {
            "requests": [
                {
                    "relation": request.relation_id,
                    "request": str(request.certificate_signing_request),
                    "names": sorted(request.certificate_signing_request.sans_dns or ()),
                    "ca": request.is_ca,
                }
                for request in self.library.get_certificate_requests()
            ],
            "certificates": [
                {
                    "relation": issued.relation_id,
                    "request": str(issued.certificate_signing_request),
                    "certificate": str(issued.certificate),
                    "revoked": bool(issued.revoked),
                }
                for issued in self.library.get_provider_certificates()
            ],
            "unsolicited": len(self.library.get_unsolicited_certificates()),
            "outstanding": len(self.library.get_outstanding_certificate_requests()),
            "errors": [error.error.code for error in self.library.get_provider_certificate_errors()],
            "root": str(self._root()[0]),
        }
        event.set_results({"report": json.dumps(seen)})


if __name__ == "__main__":
    ops.main(Authority)
