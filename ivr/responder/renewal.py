"""The certificate of SIP over TLS while the line runs: renewed without a restart, and watched.

The files are looked at every half minute, in a thread, and at once on SIGHUP. What cannot be
used is said in the log and on the desk, and what was there before stays in use.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ivr.certificates import CertificateError, CertificateFiles, CertificateWatch, now
from ivr.responder.ticker import Deadlines
from ivr.responder.tls import Tls
from ivr.settings import Settings

LOOK_EVERY_S = 30.0
REMIND_EVERY = timedelta(days=1)

log = logging.getLogger(__name__)


def files_of(settings: Settings) -> CertificateFiles | None:
    """The files of SIP over TLS, where it is offered."""
    if settings.tls_certificate is None:
        return None
    return CertificateFiles(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)


class Renewal:
    """Keeps the certificate of a `Tls` what its files say."""

    def __init__(
        self, tls: Tls, deadlines: Deadlines, in_thread: Callable[..., Deferred[Any]]
    ) -> None:
        self._tls = tls
        self._deadlines = deadlines
        self._in_thread = in_thread
        self._use: Callable[[], None] = lambda: None
        self._reminded = now() - REMIND_EVERY
        files = tls.files
        self._watch = None if files is None else CertificateWatch(files, self._prepare)

    def begin(self) -> None:
        """Read the certificate before the line listens. Raises CertificateError."""
        if self._watch is None:
            return
        self._watch.look()
        self._use()
        found = self._watch.certificate
        if found is not None:
            log.info("SIP over TLS as %s until %s", ", ".join(found.names), f"{found.ends:%F}")
            if found.slow:
                log.warning(
                    "%s: its RSA key is longer than 2048 bits, which costs up to 4 ms for each "
                    "connection; an ECDSA key (P-256) costs 0.5 ms",
                    found.file,
                )

    def start(self) -> None:
        """Look again and again."""
        if self._watch is not None:
            self._remind()
            self._deadlines.at(self._deadlines.now + LOOK_EVERY_S, self._again)

    def renew(self) -> None:
        """Look now, whether the files have changed or not."""
        self._look(anyway=True)

    def told(self) -> dict[str, Any] | None:
        """What the desk is told; None where SIP over TLS is not offered."""
        if self._watch is None or self._watch.certificate is None:
            return None
        found, trouble = self._watch.certificate, self._watch.trouble
        return {
            "file": str(found.file),
            "names": list(found.names),
            "ends": found.ends.isoformat(),
            "trouble": None if trouble is None else {"en": trouble.en, "zh-CN": trouble.zh},
        }

    def _prepare(self, _found: object) -> None:
        self._use = self._tls.renew()

    def _again(self) -> None:
        self._look(anyway=False)
        self._remind()
        self._deadlines.at(self._deadlines.now + LOOK_EVERY_S, self._again)

    def _look(self, *, anyway: bool) -> None:
        if self._watch is None:
            return
        looking = self._in_thread(lambda: self._watch and self._watch.look(anyway=anyway))
        looking.addCallbacks(self._looked, self._failed)

    def _looked(self, changed: bool) -> None:
        if changed and self._watch is not None and self._watch.certificate is not None:
            self._use()
            self._reminded = now() - REMIND_EVERY
            ends = self._watch.certificate.ends
            log.info("A new certificate is in use for SIP over TLS, until %s", f"{ends:%F}")

    def _failed(self, failure: Failure) -> None:
        if failure.check(CertificateError):
            log.error("The certificate stays as it was: %s", failure.getErrorMessage())
        else:
            log.error("%s", failure.getTraceback())

    def _remind(self) -> None:
        found = None if self._watch is None else self._watch.certificate
        at = now()
        if found is None or not found.ends_soon(at) or at < self._reminded + REMIND_EVERY:
            return
        self._reminded = at
        what = "has expired" if found.expired(at) else "expires"
        log.warning("%s: the certificate %s on %s; renew it", found.file, what, f"{found.ends:%F}")
