"""Certificates: names are read, nothing else is believed, and nothing they hold is a fault."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.certificates import LARGEST, MOST, names
from tests.sources.pcap.hellos import certificate

TEXTS = {"Ünï": _ASN1Type.UTF8String, "Plain": _ASN1Type.PrintableString, "Wide Ž": _ASN1Type.BMPString}


def test_the_subject_stands_first_and_no_name_twice() -> None:
    der, _ = certificate("*.chat.example", "chat.example", subject="chat.example")
    assert names(der) == ("chat.example", "*.chat.example")


def test_names_may_be_in_the_subject_only_or_nowhere() -> None:
    assert names(certificate(subject="Somebody")[0]) == ("Somebody",)
    assert names(certificate()[0]) == ()


def test_addresses_are_names_too_and_texts_come_in_many_codings() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    shown = [x509.NameAttribute(NameOID.COMMON_NAME, text, kind) for text, kind in TEXTS.items()]
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([*shown, x509.NameAttribute(NameOID.ORGANIZATION_NAME, "nobody")]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=9))
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("2001:db8::1"))]), True
        )
        .sign(key, hashes.SHA256())
    )
    assert names(made.public_bytes(serialization.Encoding.DER)) == (*TEXTS, "2001:db8::1")


def test_a_certificate_for_everybody_shows_its_first_names() -> None:
    der, _ = certificate(*(f"n{number}.example" for number in range(MOST + 5)))
    assert names(der) == tuple(f"n{number}.example" for number in range(MOST))


def test_what_is_longer_than_any_is_not_read() -> None:
    assert names(certificate("chat.example")[0] + bytes(LARGEST)) == ()


@given(st.binary(max_size=40), st.integers(0, 500))
def test_damage_gives_fewer_names(junk: bytes, at: int) -> None:
    der, _ = certificate("*.chat.example", "chat.example", subject="chat.example")
    assert len(names(der[:at] + junk + der[at + len(junk) :])) <= MOST


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_a_fault(data: bytes) -> None:
    assert len(names(data)) <= MOST and len(names(b"\x30" + bytes((len(data) & 127,)) + data)) <= MOST
