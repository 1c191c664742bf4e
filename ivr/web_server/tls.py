"""HTTPS by a certificate of the line's own: TLS 1.2 and up, renewed without a restart.

The files are looked at every half minute by a thread, and at once on SIGHUP; connections that
are open keep what they have. What cannot be used is said in the log, and what was there before
stays.
"""

from __future__ import annotations

import logging
import ssl
import threading
from types import TracebackType

from ivr.certificates import Certificate, CertificateError, CertificateFiles, CertificateWatch
from ivr.wording import Wording

LOOK_EVERY_S = 30.0
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all good."""

log = logging.getLogger(__name__)


class HttpsCertificate:
    """The context of an HTTPS port, and the thread that keeps it new (`with` runs it)."""

    def __init__(self, files: CertificateFiles) -> None:
        """Read the files; raises CertificateError."""
        self._files = files
        self.context = self._fresh()
        self._watch = CertificateWatch(files, self._take)
        self._watch.look()
        self._wanted = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="certificate", daemon=True)

    @property
    def certificate(self) -> Certificate | None:
        """What is in use."""
        return self._watch.certificate

    @property
    def trouble(self) -> Wording | None:
        """What is wrong with the files since they were changed; None where nothing is."""
        return self._watch.trouble

    def renew(self) -> None:
        """Look now; may be called by a signal's handler."""
        self._wanted.set()

    def __enter__(self) -> HttpsCertificate:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped = True
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            asked = self._wanted.wait(LOOK_EVERY_S)
            self._wanted.clear()
            try:
                if not self._stopped and self._watch.look(anyway=asked):
                    assert self.certificate is not None  # noqa: S101 - just read
                    log.info(
                        "A new certificate is in use for HTTPS, until %s",
                        f"{self.certificate.ends:%F}",
                    )
            except CertificateError as error:
                log.error("The certificate of HTTPS stays as it was: %s", error)

    def _take(self, _found: Certificate) -> None:
        self._fresh()  # first into a context of its own: half a renewal would serve nobody
        self._load(self.context)

    def _fresh(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            context.load_cert_chain(self._files.certificate, self._files.key_file)
        except (OSError, ssl.SSLError) as error:
            file = self._files.certificate
            raise CertificateError(
                Wording(
                    f"{file}: OpenSSL cannot use it with its key ({error})",
                    f"{file}：OpenSSL 无法与其私钥一同使用（{error}）",
                )
            ) from error
