"""Captures that come with their keys, from the command line: `auditor analyze FILE KEYLOG` opens them."""

import pytest
from click.testing import CliRunner

from auditor.cli import cli
from auditor.model import Parcel, Road
from tests.corpus.audits import CAPTURES, CATALOGUE, CORPUS, audited

IN_IT = "pcapng-DSB-embedded-secrets"
WITH_KEYS = {
    path: CATALOGUE[path].get("keys", "").removeprefix("files/")
    for path in CAPTURES
    if CATALOGUE[path].get("keys") or IN_IT in CATALOGUE[path]["what_it_exercises"]
}
SHUT = {  # what their keys are for
    "citizenlab-wechat/data/capture-logged-in-all-keys.pcapng": "MMTLS, in a log of its own",
    "ndpi/dtls.pcap": "DTLS 1.3",
    "wireshark/captures/wireguard-ping-tcp-dsb.pcapng": "WireGuard",
}
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not WITH_KEYS, reason=f"no shared corpus at {CORPUS}")]


def opened(path: str) -> list[Parcel]:
    log = "" if path in SHUT else WITH_KEYS[path]
    found = audited(path, log, ("meet me at the blue door",)).parcels
    return [one for one in found if one.channel.road is Road.PROTECTED and one.channel.opened_by == "key log"]


@pytest.mark.parametrize("path", WITH_KEYS)
def test_its_keys_open_it(path: str) -> None:
    assert bool(opened(path)) == (path not in SHUT)


@pytest.mark.parametrize("path", [path for path in WITH_KEYS if path not in SHUT])
def test_the_command_line_takes_a_key_log_beside_a_capture(path: str) -> None:
    given = [str(CORPUS / path), *([str(CORPUS / WITH_KEYS[path])] if WITH_KEYS[path] else [])]
    found = CliRunner().invoke(cli, ["analyze", *given])
    assert found.exit_code == 0
    assert "Traceback" not in found.output
    assert "cannot be read" not in found.output


def test_what_is_of_another_connection_is_said() -> None:
    """Of other keys than those of TLS it is said that they are none."""
    capture, log = (
        CORPUS / "wireshark/captures/tls13-rfc8446.pcap",
        CORPUS / "wireshark/keys/tls13-20-chacha20poly1305.keys",
    )
    found = CliRunner().invoke(cli, ["analyze", str(capture), str(log)])
    assert "the key logs have keys for 2 connections that no capture shows" in found.output
    foreign = "citizenlab-wechat/data/capture-logged-in-all-keys.pcapng"
    found = CliRunner().invoke(
        cli, ["analyze", str(CORPUS / foreign), "--keylog", str(CORPUS / WITH_KEYS[foreign])]
    )
    assert found.exit_code == 2
    assert "no secrets in it" in found.output
