"""Certificates as operators have them: right, wrong, late, and renewed while the line runs."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ivr.certificates import Certificate, CertificateError, CertificateFiles, CertificateWatch, read
from tests.certificates import DAY, Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def refusal(files: CertificateFiles) -> str:
    with pytest.raises(CertificateError) as caught:
        read(files)
    for text in (caught.value.wording.en, caught.value.wording.zh):
        assert "\n" not in text
        assert str(files.certificate.parent) in text
    return caught.value.wording.en


def test_a_certificate_tells_its_names_and_its_end(authority: Authority):
    made = authority.make("line.example", "192.0.2.1", "sip:line.example")
    found = read(CertificateFiles(made.file, made.key_file, authority.file))
    assert found.names == ("line.example", "192.0.2.1", "sip:line.example")
    assert found.ends == made.certificate.not_valid_after_utc
    assert not found.slow


def test_certificate_and_key_may_be_one_file(authority: Authority):
    made = authority.make("line.example")
    made.file.write_bytes(made.file.read_bytes() + made.key_file.read_bytes())
    assert read(CertificateFiles(made.file)).names == ("line.example",)


def test_the_end_comes_in_sight_before_it_comes(authority: Authority):
    made = authority.make("line.example", lasts=30 * DAY)
    found = read(CertificateFiles(made.file, made.key_file))
    now = datetime.now(UTC)
    assert not found.ends_soon(now)
    assert found.ends_soon(now + 10 * DAY)
    assert not found.expired(now + 10 * DAY)
    assert found.expired(found.ends)


def test_an_expired_certificate_is_read_all_the_same(authority: Authority):
    begins = datetime.now(UTC) - 10 * DAY
    made = authority.make("line.example", begins=begins, lasts=5 * DAY)
    assert read(CertificateFiles(made.file, made.key_file)).expired(datetime.now(UTC))


def test_a_long_rsa_key_is_slow(authority: Authority):
    long, short = (rsa.generate_private_key(65537, bits) for bits in (3072, 2048))
    for key, slow in ((long, True), (short, False)):
        made = authority.make("line.example", key=key)
        assert read(CertificateFiles(made.file, made.key_file)).slow is slow


def test_what_is_wrong_is_said_with_its_remedy(authority: Authority):
    made, other = authority.make("a.example"), authority.make("b.example", file="other")
    folder = authority.folder
    empty = folder / "empty.pem"
    empty.write_bytes(b"nothing")
    locked = folder / "locked.key"
    locked.write_bytes(
        made.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert "no such file" in refusal(CertificateFiles(folder / "none.pem", made.key_file))
    assert "no such file" in refusal(CertificateFiles(made.file, folder / "none.key"))
    assert "no such file" in refusal(CertificateFiles(made.file, made.key_file, folder / "none"))
    assert "no certificate in PEM" in refusal(CertificateFiles(empty, made.key_file))
    assert "no private key in PEM" in refusal(CertificateFiles(made.file, empty))
    assert "no private key in PEM" in refusal(CertificateFiles(made.file))
    assert "has a password" in refusal(CertificateFiles(made.file, locked))
    assert "made together" in refusal(CertificateFiles(made.file, other.key_file))
    assert "cannot be read" in refusal(CertificateFiles(folder, made.key_file))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(authority: Authority):
    made = authority.make("a.example")
    made.key_file.chmod(0)
    assert "may not be read" in refusal(CertificateFiles(made.file, made.key_file))


class Used:
    """Whoever uses certificates."""

    def __init__(self, files: CertificateFiles) -> None:
        self.taken: list[Certificate] = []
        self.watch = CertificateWatch(files, self.taken.append)


def renewed(authority: Authority, name: str) -> None:
    """As certbot does: new files, in the place of the old ones."""
    for end in ("pem", "key"):
        (authority.folder / f"new.{end}").replace(authority.folder / f"{name}.{end}")


def test_new_files_are_noticed_and_the_same_ones_are_not_read_again(authority: Authority):
    made = authority.make("a.example")
    used = Used(CertificateFiles(made.file, made.key_file))
    assert used.watch.look()
    assert not used.watch.look()
    authority.make("a.example", "b.example", file="new", lasts=90 * DAY)
    renewed(authority, "certificate")
    assert used.watch.look()
    assert [len(one.names) for one in used.taken] == [1, 2]
    assert used.watch.look(anyway=True)


def test_what_cannot_be_used_leaves_what_was_there(authority: Authority):
    made = authority.make("a.example")
    used = Used(CertificateFiles(made.file, made.key_file))
    used.watch.look()
    authority.make("b.example", file="new")
    made.file.write_bytes((authority.folder / "new.pem").read_bytes())  # the key is still the old
    with pytest.raises(CertificateError):
        used.watch.look()
    assert used.watch.trouble is not None
    assert used.watch.certificate is not None
    assert used.watch.certificate.names == ("a.example",)
    assert not used.watch.look(), "it has been said once"
    made.key_file.write_bytes((authority.folder / "new.key").read_bytes())
    assert used.watch.look()
    assert used.watch.trouble is None
    assert used.watch.certificate.names == ("b.example",)
    assert timedelta(0) < used.watch.certificate.ends - datetime.now(UTC)
