"""An authority for tests, and certificates of it: for names, addresses and SIP domains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate and its key, as objects and in files."""

    certificate: x509.Certificate
    key: Key
    file: Path
    key_file: Path

    @property
    def serial(self) -> int:
        return self.certificate.serial_number


class Authority:
    """`folder` gets ca.pem and what is made."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _begun(self.name, self.name, self.key, datetime.now(UTC) - DAY, 30 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.certificate = builder.sign(self.key, hashes.SHA256())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def make(
        self,
        *names: str,
        file: str = "certificate",
        begins: datetime | None = None,
        lasts: timedelta = 60 * DAY,
        key: Key | None = None,
    ) -> Made:
        """Write FILE.pem and FILE.key; a name with a colon is a URI."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        begins = begins or datetime.now(UTC) - timedelta(hours=1)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "not looked at")])
        builder = _begun(subject, self.name, key, begins, lasts)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(name) for name in names]), False
            )
        certificate = builder.sign(self.key, hashes.SHA256())
        made = Made(certificate, key, self.folder / f"{file}.pem", self.folder / f"{file}.key")
        made.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return made


def _begun(
    subject: x509.Name, issuer: x509.Name, key: Key, begins: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lasts)
    )


def _general(name: str) -> x509.GeneralName:
    if name.startswith(("sip:", "sips:")):
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
