"""Public captures, seen from outside: names and fingerprints as other tools read them, and whose connections.

`pytest -s` prints, for every capture with a messaging platform, what was found beside nDPI's labels.
"""

import csv
import ipaddress
import json
import random
import shutil
import subprocess
import warnings
from collections import Counter
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from auditor.errors import CaptureError
from auditor.sources.pcap.certificates import MOST, names
from auditor.sources.pcap.sums import between
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.tape import Tape
from tests.corpus.audits import CAPTURES, CATALOGUE, CORPUS, audited, book
from tests.corpus.looking import Connection, connections

SMALL = [path for path in CAPTURES if (CATALOGUE[path]["packets"] or 0) <= 8000]
SHOW_TLS = [path for path in SMALL if {"tls", "dtls"} & set(CATALOGUE[path]["what_it_exercises"])]
PUBLISHED = sorted(  # the project that published them took its captures from Arkime
    path
    for path in CAPTURES
    if path.startswith(("ja4/", "arkime/"))
    and (CORPUS / "ja4-expected/python" / f"{Path(path).name}.json").is_file()
)
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CAPTURES, reason=f"no shared corpus at {CORPUS}")]

# What may be said at most of captures that were looked at by hand: the platforms, and no other.
WHOSE = {
    "citizenlab-wechat/data/capture-logged-in-all-keys.pcapng": {"wechat"},
    "ja4/latest.pcapng": {"slack"},
    "ja4/tls-handshake.pcapng": {"messenger"},
    "ja4/tls-sni.pcapng": {"messenger"},
    "ndpi/cloudflare-warp.pcap": {"messenger"},
    "ndpi/discord.pcap": {"discord"},
    "ndpi/google_chat.pcapng": {"google-chat"},
    "ndpi/i3d.pcap": {"discord"},  # its voice, at a host of servers
    "ndpi/instagram.pcap": {"instagram"},
    "ndpi/KakaoTalk_chat.pcap": {"kakaotalk"},
    "ndpi/line.pcap": {"line"},
    "ndpi/lru_ipv6_caches.pcapng": {"whatsapp"},
    "ndpi/rtp.pcapng": {"discord"},
    "ndpi/Oscar.pcap": {"icq"},
    "ndpi/quic_frags_ch_out_of_order_same_packet_craziness.pcapng": {"whatsapp"},
    "ndpi/quickplay.pcap": {"wechat"},
    "ndpi/snapchat.pcap": {"snapchat"},
    "ndpi/stun_signal.pcapng": {"signal"},
    "ndpi/teams.pcap": {"teams", "telegram"},
    "ndpi/telegram.pcap": {"telegram"},
    "ndpi/threema.pcap": {"threema"},
    "ndpi/viber.pcap": {"viber"},
    "ndpi/vk.pcapng": {"vk"},
    "ndpi/wa_video.pcap": {"whatsapp"},
    "ndpi/whatsapp.pcap": {"whatsapp"},
    "ndpi/whatsapp_login_call.pcap": {"whatsapp", "imessage"},
    "ndpi/whatsappfiles.pcap": {"whatsapp"},
    "ndpi/zoom.pcap": {"zoom"},
    "ndpi/zoom2.pcap": {"zoom"},
    "pcapplusplus/ExamplesTest/pcap_examples/tls2.pcap": {"whatsapp"},
    "peafowl/viber.pcap": {"viber"},
    "suricata-verify/quic-frag-unordered/input.pcap": {"mastodon"},
    "tracepcap/telegram_voice.pcapng": {"telegram"},
    "zeek/tls/ssl-to-http-server.pcap": {"vk"},
}
LABELS = {  # nDPI's words
    "AppleiMessage": "imessage", "Discord": "discord", "GoogleChat": "google-chat", "Instagram": "instagram",
    "KakaoTalk": "kakaotalk", "KakaoTalk_Voice": "kakaotalk", "Line": "line", "LineCall": "line",
    "Messenger": "messenger", "QQ": "qq", "Signal": "signal", "SignalVoip": "signal", "SkypeCall": "teams",
    "Skype_Teams": "teams", "Slack": "slack", "Snapchat": "snapchat", "SnapchatCall": "snapchat",
    "Teams": "teams", "Telegram": "telegram", "Threema": "threema", "Viber": "viber",
    "WeChat": "wechat", "Zoom": "zoom",
    "WhatsApp": "whatsapp", "WhatsAppCall": "whatsapp", "WhatsAppFiles": "whatsapp",
}  # fmt: skip
OPEN = {"irc", "mail", "sip", "sms", "xmpp"}  # protocols of everybody, where they are spoken
TRAPS = ("signal-metrics", "messenger.live", "www.instagram.com", "graph.facebook.com")
TUNNELS = {
    "ndpi/wireguard.pcap": "WireGuard",
    "ndpi/443-opvn.pcap": "OpenVPN",
    "ndpi/openvpn-tlscrypt.pcap": "OpenVPN",
    "ndpi/openvpn_nohmac.pcapng": "OpenVPN",
    "ndpi/ipsec_isakmp_esp.pcap": "IPsec",
    "scapy/ikev2_nat_t.pcapng": "IPsec",
    "wireshark/captures/wireguard-ping-tcp.pcap": "WireGuard",
}

WEAK = {  # connections whose TLS protects nothing
    "fritap/dump_premaster.pcapng": 5,
    "wireshark-notes/tls/broken/dump.pcapng": 2,
    "wireshark-notes/tls/works/dump.pcapng": 1,
    "pcapfs/crypto/all_ciphers_test/all_ciphers.pcap": 10,
}


Ends = tuple[str, str]


@lru_cache(maxsize=8)
def looked(path: str) -> list[Connection]:
    return connections(CORPUS / path)


def platforms(path: str) -> Counter[str]:
    """How many connections each platform has, as an audit says it."""
    found = {(one.ref.entry, owner) for one, owner in audited(path).owners}
    return Counter(owner for _, owner in found)


def owners(path: str) -> dict[Ends, str]:
    """Whose each connection is, by both its ends."""
    between = ends(path)
    return {between[one.ref.entry]: owner for one, owner in audited(path).owners if one.ref.entry in between}


def ends(path: str) -> dict[int, Ends]:
    """Both ends of every connection, whoever began, by its first packet."""
    table, found = Table(Tape(BytesIO((CORPUS / path).read_bytes()))), {}
    over = [item.over for item in table if isinstance(item, Batch)]
    for flows in (*over, table.finish()):
        for row in range(len(flows)):
            one, two = (f"{ipaddress.ip_address(end.address)} {end.port}" for end in between(flows, row))
            found[int(flows.first[row])] = (min(one, two), max(one, two))
    return found


def labelled(path: str, folder: Path) -> dict[tuple[str, str], str]:
    """nDPI's word for every flow of a messaging platform, but for those that only ask for a name."""
    table = folder / "flows.csv"
    command = ["ndpiReader", "-i", str(CORPUS / path), "-C", str(table), "-q"]
    subprocess.run(command, capture_output=True, check=False, timeout=60)
    found = {}
    with table.open(encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            words = set(row["ndpi_proto"].split("."))
            owner = next((LABELS[word] for word in sorted(words) if word in LABELS), "")
            if owner and "DNS" not in words:
                first, second = sorted(
                    f"{ipaddress.ip_address(row[f'{end}_ip'])} {row[f'{end}_port']}" for end in ("src", "dst")
                )
                found[first, second] = owner
    return found


@pytest.mark.parametrize("path", sorted(WHOSE))
def test_a_capture_shows_its_platforms_and_no_other(path: str) -> None:
    assert set(platforms(path)) == WHOSE[path]


@pytest.mark.skipif(not shutil.which("ndpiReader"), reason="ndpiReader is not installed")
@pytest.mark.parametrize("path", sorted(WHOSE))
def test_connections_are_compared_with_the_labels_of_ndpi(path: str, tmp_path: Path) -> None:
    """A measurement: nDPI also goes by ranges of addresses that a company's services share."""
    labels, ours = labelled(path, tmp_path), owners(path)
    for owner in sorted(WHOSE[path] | set(labels.values())):
        mine = {key for key, name in ours.items() if name == owner}
        theirs = {key for key, name in labels.items() if name == owner}
        both = len(mine & theirs)
        precision, recall = (f"{both / len(one):4.0%}" if one else "   -" for one in (mine, theirs))
        print(
            f"\n{path:<66} {owner:<12} ours {len(mine):>3}, nDPI {len(theirs):>3}, both {both:>3}: "
            f"precision {precision}, recall {recall}", end="",
        )  # fmt: skip
    agreed = {owner for key, owner in ours.items() if labels.get(key) == owner}
    assert agreed <= WHOSE[path]


def quick(path: str, at: int) -> bool:
    """Whether a capture is looked at in every run."""
    hosts = " ".join(CATALOGUE[path]["hosts"] or ())
    return at % 16 == 0 or path in TUNNELS or any(trap in hosts for trap in TRAPS)


OTHERS = [
    pytest.param(path, marks=() if quick(path, at) else pytest.mark.slow)
    for at, path in enumerate(path for path in CAPTURES if path not in WHOSE)
]


@pytest.mark.parametrize("path", OTHERS)
def test_no_other_capture_shows_a_messaging_platform(path: str) -> None:
    """Damaged files, tunnels, plain web pages, and names that only look like one."""
    assert set(platforms(path)) <= OPEN


def test_every_chat_connection_of_whatsapp_is_known() -> None:
    assert platforms("ndpi/whatsapp.pcap")["whatsapp"] == len(looked("ndpi/whatsapp.pcap")) == 86


@pytest.mark.parametrize("path", sorted(TUNNELS))
def test_a_tunnel_is_known_and_said_to_hide_everything(path: str) -> None:
    seen = [one.seen for one in looked(path)]
    assert {one.transport for one in seen if one.tunnel} == {TUNNELS[path]}
    assert all(dict(one.facts)["vpn"] for one in seen if one.tunnel)


@pytest.mark.parametrize("path", sorted(WEAK))
def test_tls_that_protects_nothing_is_found(path: str) -> None:
    weak = [one.seen for one in looked(path) if not one.seen.protects and one.seen.transport == "TLS"]
    assert len(weak) == WEAK[path]
    assert {dict(one.facts)["weak"].partition(":")[0] for one in weak} <= {
        "export cipher",
        "anonymous",
        "null cipher",
    }


@pytest.mark.parametrize("path", PUBLISHED)
def test_fingerprints_are_those_that_were_published(path: str) -> None:
    name = Path(path).name
    expected: dict[tuple[Any, ...], tuple[str, str]] = {}
    for one in json.loads((CORPUS / f"ja4-expected/python/{name}.json").read_text(encoding="utf-8")):
        if one.get("JA4.1", "").startswith(("t", "d")):
            ends = (one["src"], int(one["srcport"]), one["dst"], int(one["dstport"]))
            expected[ends] = (one["JA4.1"], one.get("domain", ""))
    found = {}
    for one in looked(path):
        client, server = (str(ipaddress.ip_address(end.address)) for end in (one.client, one.server))
        facts = dict(one.seen.facts)
        if "ja4" in facts:
            asked = one.seen.host if one.seen.named_by == "SNI" else ""
            found[client, one.client.port, server, one.server.port] = (facts["ja4"], asked)
    assert {ends: found.get(ends) for ends in expected} == expected


FIELDS = (
    "frame.protocols", "tcp.stream", "tcp.srcport", "tcp.dstport", "tls.handshake.type",
    "tls.handshake.extensions_server_name", "tls.handshake.ciphersuite", "tls.handshake.extension.type",
    "tls.handshake.extensions.supported_version", "tls.handshake.version", "tls.handshake.sig_hash_alg",
    "tls.handshake.sig_hash_alg_len", "tls.handshake.extensions_alpn_str",
)  # fmt: skip
SIGNED = ("13", "34", "50")  # extensions that list algorithms
MALFORMED = {  # on purpose: their lengths do not fit, so they are no hellos
    "ndpi/tls_cipher_lens.pcap",
    "ndpi/tls_invalid_reads.pcap",
    "pcapplusplus/Packet++Test/PacketExamples/ssl-malformed1.pcap",
}
Row = dict[str, list[str]]


def dissected(path: str) -> list[Row]:
    """The first hello of a client in every stream, by its fields, as tshark tells them."""
    shown = [part for name in FIELDS for part in ("-e", name)]
    only = "tls.handshake.type == 1 && tcp && !openvpn && !wg"
    command = ["tshark", "-r", str(CORPUS / path), "-Y", only, "-T", "fields", *shown]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    first: dict[str, Row] = {}
    for line in told.splitlines():
        cells = [cell.split(",") if cell else [] for cell in line.split("\t")]
        row = dict(zip(FIELDS, cells, strict=True))
        if (
            row["tls.handshake.type"] == ["1"] and row["tls.handshake.ciphersuite"]
        ):  # not in the words of SSL 2
            first.setdefault(row["tcp.stream"][0], row)
    return list(first.values())


def fingerprint(row: Row) -> str:
    """JA4 by its description, from what tshark says: another reading of the same bytes."""

    def meant(values: list[str]) -> list[int]:
        numbers = [int(value, 0) for value in values]
        return [
            number for number in numbers if not (number & 0x0F0F == 0x0A0A and number >> 8 == number & 255)
        ]

    def hashed(text: str) -> str:
        return sha256(text.encode()).hexdigest()[:12] if text else "0" * 12

    def listed(numbers: list[int]) -> str:
        return ",".join(f"{number:04x}" for number in numbers)

    ciphers, kinds = meant(row["tls.handshake.ciphersuite"]), meant(row["tls.handshake.extension.type"])
    signatures: list[int] = []
    lists, at = [kind for kind in row["tls.handshake.extension.type"] if kind in SIGNED], 0
    for kind, size in zip(lists, row["tls.handshake.sig_hash_alg_len"], strict=True):
        if kind == "13":
            signatures = meant(row["tls.handshake.sig_hash_alg"][at : at + int(size) // 2])
        at += int(size) // 2
    versions = meant(row["tls.handshake.extensions.supported_version"]) or meant(row["tls.handshake.version"])
    version = {0x304: "13", 0x303: "12", 0x302: "11", 0x301: "10", 0x300: "s3"}.get(max(versions), "00")
    speaks = (row["tls.handshake.extensions_alpn_str"] or ["00"])[0]
    counts = f"{min(len(ciphers), 99):02}{min(len(kinds), 99):02}"
    rest = listed(sorted(kind for kind in kinds if kind not in (0, 16)))
    rest += f"_{listed(signatures)}" if signatures else ""
    head = f"t{version}{'d' if 0 in kinds else 'i'}{counts}{speaks[0]}{speaks[-1]}"
    return f"{head}_{hashed(listed(sorted(ciphers)))}_{hashed(rest)}"


@needs_tshark
@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in SHOW_TLS if path not in MALFORMED])
def test_names_and_fingerprints_are_those_that_tshark_sees(path: str) -> None:
    """Where TLS begins behind something else (a proxy, STARTTLS), it is another leg: not looked at here."""
    streams = [one for one in looked(path) if one.stream]
    ports = {
        (one.client.port, one.server.port)
        for one in streams
        if one.seen.transport == "TCP" or "open" in dict(one.seen.facts)
    }
    found = {
        (dict(seen.facts).get("ja4"), seen.host if seen.named_by == "SNI" else "")
        for seen in (one.seen for one in streams)
    }
    expected = {
        (fingerprint(row), (row["tls.handshake.extensions_server_name"] or [""])[0].lower().rstrip("."))
        for row in dissected(path)
        if (int(row["tcp.srcport"][0]), int(row["tcp.dstport"][0])) not in ports
    }
    assert expected - found == set()


def test_names_of_certificates_are_those_that_a_library_reads() -> None:
    """Of some it reads nothing, for they break a rule of DER: their names are told all the same."""
    every = {der for path in SHOW_TLS for one in looked(path) for der in one.outside.certificates}
    compared = 0
    for der in every:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                made = x509.load_der_x509_certificate(der)
                wanted = [str(one.value) for one in made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
                other = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                wanted += [str(one.value) for one in other if isinstance(one, x509.DNSName | x509.IPAddress)]
            except x509.ExtensionNotFound:
                pass
            except ValueError:
                continue
        assert names(der) == tuple(dict.fromkeys(name for name in wanted if name))[:MOST]
        compared += 1
    assert compared > 200


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_never_stop_the_looking(seed: int, tmp_path: Path) -> None:
    """Whatever is hit: frames, addresses, records, names, certificates."""
    rng = random.Random(seed)
    small = [
        path for path in SMALL if (CATALOGUE[path]["packets"] or 0) <= 300 and path.endswith((".pcap", "ng"))
    ]
    for path in rng.sample(small, 8):
        data = bytearray((CORPUS / path).read_bytes())
        for _ in range(rng.randrange(1, 60)):
            data[rng.randrange(min(40, len(data) - 1), len(data))] = rng.randrange(256)
        (tmp_path / "flipped").write_bytes(data)
        try:
            found = connections(tmp_path / "flipped")
        except CaptureError:
            continue
        for one in found:
            contact = one.contact(path)
            book().transport_of(contact)
            assert len(contact.facts) < 80
