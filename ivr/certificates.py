"""Certificates of this line: read, checked, and looked after while it runs.

A certificate that cannot be used at all (no such file, not readable, another key's) keeps the
line from starting, in words that say what to do. One that has expired does not: telephones that
do not use TLS are still answered, and the desk says what is wrong. Whatever becomes of the
files while the line runs, what was last good stays in use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ivr.wording import OperatorError, Wording

WARN_BEFORE = timedelta(days=21)
"""Let's Encrypt renews 30 days before the end: what is not renewed by now, will not be."""
RSA_BITS = 2048
"""A longer RSA key costs up to 4 ms for each connection, and 3 ms is what nobody hears."""


class CertificateError(OperatorError):
    """A certificate or key that cannot be used: which file, what is wrong, how to mend it."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate with its chain, its key (the same file where None), and whom to believe.

    `client_ca` names the certificates that who connects must be of; None: nobody need show one.
    """

    certificate: Path
    key: Path | None = None
    client_ca: Path | None = None

    @property
    def key_file(self) -> Path:
        """Where the key is."""
        return self.key or self.certificate

    def stamp(self) -> tuple[object, ...]:
        """What changes when a file does; a link that now leads elsewhere counts."""
        return tuple(_stamp(file) for file in (self.certificate, self.key, self.client_ca))


@dataclass(frozen=True, slots=True)
class Certificate:
    """What there is to know of a certificate in use."""

    file: Path
    names: tuple[str, ...]
    ends: datetime
    slow: bool  # its key takes long to sign with

    def expired(self, now: datetime) -> bool:
        """Whether nobody accepts it any more."""
        return now >= self.ends

    def ends_soon(self, now: datetime) -> bool:
        """Whether it is time to renew it; also when it is too late."""
        return now >= self.ends - WARN_BEFORE


def read(files: CertificateFiles) -> Certificate:
    """Read and check all files; raises CertificateError."""
    chain = _certificates(files.certificate)
    if files.client_ca is not None:
        _certificates(files.client_ca)
    key = _key(files.key_file)
    leaf = chain[0]
    if leaf.public_key() != key.public_key():
        raise _error(
            files.certificate,
            f"is not the certificate of the key in {files.key_file}; "
            "give the two files that were made together (the server's certificate first)",
            f"与 {files.key_file} 中的私钥不匹配；请使用同一次签发的两个文件（服务器证书在最前）",
        )
    return Certificate(
        files.certificate,
        _names(leaf),
        leaf.not_valid_after_utc,
        isinstance(key, rsa.RSAPrivateKey) and key.key_size > RSA_BITS,
    )


class CertificateWatch:
    """Notices that files have changed. `look` is called by a thread, or where waiting is allowed.

    `take` gets what was read and must raise CertificateError where it cannot be used; then, as
    when it cannot be read, what was there before stays, and `trouble` says why.
    """

    def __init__(self, files: CertificateFiles, take: Callable[[Certificate], None]) -> None:
        self._files = files
        self._take = take
        self._seen: tuple[object, ...] = ()
        self.certificate: Certificate | None = None
        self.trouble: Wording | None = None

    def look(self, *, anyway: bool = False) -> bool:
        """Read the files if they have changed, or `anyway`; True where something new is in use."""
        stamp = self._files.stamp()
        if stamp == self._seen and not anyway:
            return False
        self._seen = stamp
        try:
            found = read(self._files)
            self._take(found)
        except CertificateError as error:
            self.trouble = error.wording
            raise
        self.certificate, self.trouble = found, None
        return True


def _stamp(file: Path | None) -> object:
    if file is None:
        return None
    try:
        there = file.stat()
    except OSError:
        return None
    return there.st_ino, there.st_size, there.st_mtime_ns


def _read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise _error(
            file,
            "there is no such file; give the path of a file in PEM form",
            "没有这个文件；请填写 PEM 格式文件的路径",
        ) from error
    except PermissionError as error:
        raise _error(
            file,
            "may not be read by the user the line runs as; let it (chgrp, chmod 640)",
            "运行线路的用户无权读取；请授予读取权限（chgrp、chmod 640）",
        ) from error
    except OSError as error:
        raise _error(
            file, f"cannot be read ({error.strerror})", f"无法读取（{error.strerror}）"
        ) from error


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read_bytes(file))
    except ValueError as error:
        raise _error(
            file,
            "holds no certificate in PEM form (it begins with -----BEGIN CERTIFICATE-----)",
            "不是 PEM 格式的证书（应以 -----BEGIN CERTIFICATE----- 开头）",
        ) from error


def _key(file: Path) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
    data = _read_bytes(file)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except TypeError as error:
        raise _error(
            file,
            "the key has a password, which nobody can type at a start; "
            "take it off: openssl pkey -in FILE -out NEW",
            "私钥有密码，启动时无人输入；请先去掉：openssl pkey -in 原文件 -out 新文件",
        ) from error
    except ValueError as error:
        raise _error(
            file,
            "holds no private key in PEM form (it has a line like -----BEGIN PRIVATE KEY-----)",
            "不是 PEM 格式的私钥（应含有 -----BEGIN PRIVATE KEY----- 一行）",
        ) from error
    if not isinstance(
        key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    ):
        raise _error(
            file,
            "is a key that TLS has no use for; make an ECDSA one (P-256)",
            "不是 TLS 可用的私钥；请使用 ECDSA（P-256）私钥",
        )
    return key


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        str(name)
        for kind in (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier)
        for name in names.get_values_for_type(kind)
    )


def _error(file: Path, en: str, zh: str) -> CertificateError:
    return CertificateError(Wording(f"{file}: {en}", f"{file}：{zh}"))


def now() -> datetime:
    """The time certificates are judged by."""
    return datetime.now(UTC)
