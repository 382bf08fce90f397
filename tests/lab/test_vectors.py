"""The shared lab's example payloads, each put where it travels. `pytest -s` prints a table.

What is expected of each stands with it; here stands only on which channel it goes. What only the ends
read is never read here; where its envelope is not whole, or no rule knows the place, the answer is
opaque or inconclusive, and says why.
"""

import base64
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner

from auditor.audit import Audit
from auditor.cli import cli
from auditor.decoders import protobuf, thrift_compact
from auditor.judge import Verdict, judge
from auditor.model import MESSAGES, Answer, Content, Finding
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read
from auditor.streams import Sorter

FILE = Path(__file__).parents[3] / "shared" / "facts" / "vectors.json"
VECTORS: dict[str, dict[str, Any]] = (
    {one["name"]: one for one in json.loads(FILE.read_text(encoding="utf-8"))} if FILE.is_file() else {}
)
pytestmark = [pytest.mark.lab, pytest.mark.skipif(not VECTORS, reason=f"no example payloads at {FILE}")]

JSON, FORM, PROTOBUF = "application/json", "application/x-www-form-urlencoded", "application/x-protobuf"
IRC = b"NICK alice\r\nUSER alice 0 * :alice\r\n"
MQTT = b"\x10\x0e\0\4MQTT\4\2\0\x3c\0\2ab"
XMPP = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='capulet.lit' version='1.0'"
    b" xmlns:stream='http://etherx.jabber.org/streams'>"
)
APNS = b"\7\0\0\0\4\2\0\1\1"
ROOM = "_matrix/client/v3/rooms/!a:b.org/send"


@dataclass(frozen=True)
class Way:
    """Where one payload travels."""

    host: str
    path: str = ""
    method: str = "POST"
    media: str = ""
    protocol: str = "http"
    outgoing: bool = True
    road: str = "protected"
    stream: str = ""  # the carrier, where the payload is what a connection says
    before: bytes = b""  # what the connection said until then
    after: str = ""  # the vector that the connection said until then
    inside: Callable[[bytes], bytes] = bytes  # for what is only the envelope


def olm(data: bytes) -> bytes:
    ciphertext = {"ADXzVAtuALDDS9F0v": {"type": 0, "body": data.decode()}}
    return json.dumps({"algorithm": "m.olm.v1.curve25519-aes-sha2", "ciphertext": ciphertext}).encode()


def gift(data: bytes) -> bytes:
    event = {"id": "0" * 64, "pubkey": "1" * 64, "created_at": 1763715600, "kind": 1059, "sig": "2" * 128}
    return json.dumps(["EVENT", event | {"tags": [], "content": data.decode()}]).encode()


def said(data: bytes) -> bytes:
    return XMPP + b"<message to='a@b.org' type='chat'><body>" + data + b"</body></message>"


def thrift(data: bytes) -> bytes:
    """The message that a client hands to Thrift, in Thrift."""
    message = json.loads(data)
    chunks = [base64.b64decode(chunk) for chunk in message["chunks"]]
    fields = {1: message["from"], 2: message["to"], 15: 0, 18: message["contentMetadata"], 20: chunks}
    call = {"message": "sendMessage", "type": "call", "sequence": 1, "body": {1: 0, 2: fields}}
    return thrift_compact.wrap(call)


def measured(data: bytes) -> bytes:
    """The example says that nothing follows its head; over UDP a proxy would drop the text."""
    head, gap, text = data.partition(b"\r\n\r\n")
    return head.replace(b"Content-Length: 0", b"Content-Length: %d" % len(text)) + gap + text


def proteus(data: bytes) -> bytes:
    """The sealed message among the copies for devices, as Wire posts them."""
    device = {"1": {"1": 4661}, "2": data}
    return protobuf.wrap({"2": {"1": b"wire.com", "2": {"1": {"1": b"u" * 16}, "2": device}}})


def loco_body(data: bytes) -> bytes:
    """Of a packet of LOCO what lies behind its head: whoever opens the layer hands the verb out with it."""
    return data[22:]


def stored(data: bytes) -> bytes:
    """What a node is asked to keep for somebody."""
    kept = {"pubkey": "05" + "ab" * 32, "ttl": 1209600000, "data": base64.b64encode(data).decode()}
    return json.dumps({"method": "store", "params": kept}).encode()


def http(host: str, path: str, media: str = JSON, **more: Any) -> Way:
    return Way(host, path, media=media, **more)


def tcp(host: str, **more: Any) -> Way:
    return Way(host, stream="tcp", road="clear", **more)


def jabber(**more: Any) -> Way:
    return Way("capulet.lit", stream="tcp", **{"before": XMPP, **more})


def telegram() -> Way:
    return tcp("149.154.167.51")


def whatsapp(**more: Any) -> Way:
    return Way("web.whatsapp.com", **{"path": "ws/chat", "method": "WS", "protocol": "wabinary", **more})


WAYS: dict[str, Way] = {
    "bsky_send": http("api.bsky.chat", "xrpc/chat.bsky.convo.sendMessage"),
    "deltachat_mail": Way("mail.example.org", "bob@example.org", "DATA", protocol="smtp"),
    "discord_send": http("discord.com", "api/v9/channels/131/messages"),
    "dave_frame": Way("rotterdam1.discord.media", method="RTP", protocol="rtp"),
    "gchat_create_topic": http("chat.google.com", "u/0/api/create_topic", PROTOBUF),
    "gm_sendmessage_pblite": http(
        "instantmessaging-pa.googleapis.com",
        "$rpc/google.internal.communications.instantmessaging.v1.Messaging/SendMessage",
        "application/json+protobuf",
    ),
    "rcs_cpim_plain": Way("example.ims.net", stream="udp", inside=measured),
    "apns_imessage_pair": Way("22-courier.push.apple.com", stream="tcp", before=APNS),
    "imessage_plist_pair_ec": Way(
        "22-courier.push.apple.com", "com.apple.madrid", "SendMessage", protocol="apns"
    ),
    "ig_broadcast_text": http("i.instagram.com", "api/v1/direct_v2/threads/broadcast/text", FORM),
    "ig_mqttot_132": Way("edge-mqtt.facebook.com", stream="tcp", before=MQTT),
    "irc_clear": tcp("irc.example.org", before=IRC),
    "loco_handshake": tcp("ticket-loco.kakao.com"),
    "loco_write": Way("ticket-loco.kakao.com", "", "WRITE", protocol="loco", inside=loco_body),
    "saltpack_binary": http(
        "api-1.core.keybaseapi.com", "_/api/1.0/message.json", "application/octet-stream"
    ),
    "line_letter_sealing_v2": http("gw.line.naver.jp", "S4", "application/x-thrift", inside=thrift),
    "masto_direct": http("mastodon.social", "api/v1/statuses"),
    "matrix_clear": http("matrix.example.org", f"{ROOM}/m.room.message/1", method="PUT"),
    "matrix_megolm": http("matrix.example.org", f"{ROOM}/m.room.encrypted/1", method="PUT"),
    "matrix_spec_example_megolm": http("matrix.example.org", f"{ROOM}/m.room.encrypted/1", method="PUT"),
    "olm_prekey_vodozemac": http(
        "matrix.example.org", f"{ROOM}/m.room.encrypted/1", method="PUT", inside=olm
    ),
    "mm_post": http("chat.example.org", "api/v4/posts"),
    "fb_ls_send": Way("edge-chat.facebook.com", "ls_req", "PUBLISH", protocol="mqtt"),
    "nc_talk": http("cloud.example.org", "ocs/v2.php/apps/spreed/api/v1/chat/abcd1234"),
    "nostr_giftwrap": Way("relay.example.org", "", "WS", protocol="websocket"),
    "nip44_payload": Way("relay.example.org", "", "WS", protocol="websocket", inside=gift),
    "qq_sso_p12": tcp("msfwifi.3g.qq.com"),
    "reddit_send": http("matrix.redditspace.com", f"{ROOM}/m.room.message/1", method="PUT"),
    "rc_e2e_v1": http("chat.example.org", "api/v1/chat.sendMessage"),
    "rc_clear": http("chat.example.org", "api/v1/chat.sendMessage"),
    "session_store_data": Way("node.example.org", "storage_rpc/v1", protocol="onion", inside=stored),
    "signal_put_sealed": http("chat.signal.org", "v1/messages/9d0652a3", method="PUT"),
    "signal_ws_push": Way("chat.signal.org", "v1/websocket", "WS", protocol="websocket", outgoing=False),
    "smp_block": Way("smp8.simplex.im", method="SEND", protocol="smp"),
    "sip_clear": Way("sip.example.com", stream="udp", road="clear"),
    "skype_send": http("client-s.gateway.messenger.live.com", "v1/users/ME/conversations/8:b/messages"),
    "slack_post": http("slack.com", "api/chat.postMessage", FORM),
    "snap_create_content_text": http(
        "us-east1-aws.api.snapchat.com",
        "messagingcoreservice.MessagingCoreService/CreateContentMessage",
        "application/grpc-web+proto",
    ),
    "teams_send": http("emea.ng.msg.teams.microsoft.com", "v1/users/ME/conversations/19:a/messages"),
    "tg_abridged_req_pq": telegram(),
    "tg_intermediate_req_pq": telegram(),
    "tg_encrypted_message": telegram(),
    "tg_plain_sendMessage": Way("149.154.167.51", protocol="mtproto", method=""),
    "threema_client_hello": tcp("g-33.0.threema.ch"),
    "threema_inner_message": Way("g-33.0.threema.ch", method="CONTAINER", protocol="csp"),
    "tiktok_send_text": http("im-api.tiktok.com", "v1/message/send", PROTOBUF),
    "tiktok_frontier_push": Way("im-ws.tiktok.com", "ws/v2", "WS", protocol="websocket", outgoing=False),
    "tox_lan_discovery": Way("192.0.2.1", stream="udp", road="unknown"),
    "tox_crypto_data": Way("192.0.2.1", method="CRYPTO-DATA", protocol="tox", road="unknown"),
    "viber_tcp_shape": tcp("192.0.2.2"),
    "mmtls_client_early": tcp("szlong.weixin.qq.com"),
    "wechat_inner_request": Way("szlong.weixin.qq.com", protocol="wechat"),
    "wa_client_hello": whatsapp(stream="websocket"),
    "wa_noise_frame": whatsapp(stream="websocket", after="wa_client_hello"),
    "wa_dm_node": whatsapp(path="", method=""),
    "wa_channel_node": whatsapp(path="", method=""),
    "wa_media_blob": http("mmg.whatsapp.net", "mms/image/abc", "application/octet-stream"),
    "wire_proteus_qualified": http(
        "prod-nginz-https.wire.com", "v4/conversations/wire.com/0c1d/proteus/messages", PROTOBUF
    ),
    "wire_proteus_envelope": http(
        "prod-nginz-https.wire.com", "v4/conversations/wire.com/0c1d/proteus/messages", PROTOBUF,
        inside=proteus
    ),
    "x_legacy_send": http("x.com", "i/api/1.1/dm/new2.json"),
    "xmpp_clear": jabber(),
    "xmpp_omemo03": jabber(),
    "xmpp_ox": jabber(),
    "xmpp_0027": jabber(),
    "otr_v3_spec_data_message": jabber(before=b"", inside=said),
    "zulip_send": http("chat.zulip.org", "api/v1/messages", FORM),
}  # fmt: skip
OPEN = {"transport_only": Answer.TRANSPORT_ONLY, "cleartext": Answer.CLEARTEXT}
SECRET = ("e2ee", "e2ee_media")  # all other kinds are of the channel, and say nothing about the ends
READ = (Answer.CLEARTEXT, Answer.TRANSPORT_ONLY)


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def payload(name: str) -> bytes:
    one = VECTORS[name]
    match one["encoding"]:
        case "hex":
            return bytes.fromhex(one["data"])
        case "base64":
            return base64.b64decode(one["data"])
    return str(one["data"]).encode()


def lines(name: str) -> list[str]:
    """The payload as a tool would export it that looked where it travels."""
    way = WAYS[name]
    data = way.inside(payload(name))
    line = {"outgoing": way.outgoing, "host": way.host, "road": way.road}
    if not way.stream:
        headers = {"content-type": way.media} if way.media else {}
        line |= {"protocol": way.protocol, "method": way.method, "path": way.path, "headers": headers}
        return [json.dumps(line | {"body_base64": base64.b64encode(data).decode()})]
    sorter = Sorter(carrier=way.stream)
    pieces = [*filter(None, (way.before, payload(way.after) if way.after else b"")), data]
    found = [m for piece in pieces for m in sorter.feed(way.outgoing, piece)] + sorter.finish()
    if not found:
        body = base64.b64encode(data).decode()
        return [json.dumps(line | {"protocol": way.stream, "path": way.path, "body_base64": body})]
    return [
        json.dumps(
            line
            | {
                "protocol": sorter.name,
                "method": m.head.method,
                "path": list(m.head.path),
                "headers": dict(m.head.headers),
                "body_base64": base64.b64encode(m.body).decode(),
            }
        )
        for m in found
    ]


def written(names: list[str], file: Path) -> Path:
    parcels = [line for name in names for line in lines(name)]
    file.write_text("\n".join(['{"parcels": 1, "made_by": "example payloads"}', *parcels]) + "\n")
    return file


@dataclass(frozen=True)
class Result:
    findings: list[Finding]
    verdicts: list[Verdict]  # about messages that were seen
    unseen: list[Verdict]  # of platforms that were, without a message


def looked(file: Path, planted: tuple[str, ...] = ()) -> Result:
    audit, source = Audit(book(), Needles(planted)), read(file)
    findings = [finding for event in source for finding in audit.feed(event)]
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    assert not report.whole().troubles, report.whole().troubles
    verdicts = judge(report, book())
    return Result(findings, [v for v in verdicts if v.counts], [v for v in verdicts if not v.counts])


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Result]:
    folder = tmp_path_factory.mktemp("vectors")

    @lru_cache
    def result(name: str) -> Result:
        found = looked(written([name], folder / f"{name}.jsonl"))
        return replace(found, verdicts=[v for v in found.verdicts if v.surface in MESSAGES])

    return result


def ruled(name: str, result: Result) -> bool:
    """Whether any rule is about it: its platform's, or those of another that speaks the same."""
    return bool(result.findings) or VECTORS[name]["platform"] in book().platforms


def missed(name: str, result: Result) -> str:
    """In what way a result is not the one that is expected."""
    expected, answers = VECTORS[name]["expect"], {v.verdict for v in result.verdicts}
    if expected in OPEN:
        return (
            "" if answers == {OPEN[expected]} else f"{sorted(answers) or 'no message'}, not {OPEN[expected]}"
        )
    if expected in SECRET:
        told = answers or {v.verdict for v in result.unseen if v.reason}
        return "" if told and not told & {*READ} else f"{sorted(told) or 'no answer'}"
    return ""


def test_every_example_has_its_way_and_no_other() -> None:
    assert set(WAYS) == set(VECTORS)


@pytest.mark.parametrize("name", WAYS)
def test_an_example_is_never_said_to_be_safer_than_it_is(name: str, audited: Callable[[str], Result]) -> None:
    result = audited(name)
    for verdict in result.verdicts:
        assert verdict.reason
        if verdict.verdict is Answer.END_TO_END:
            assert VECTORS[name]["expect"] in SECRET
            for finding in result.findings:
                assert finding.content is Content.SEALED
                assert book().envelopes[finding.seal].opened_by == "recipient"
                assert book().envelopes[finding.seal].alone


@pytest.mark.parametrize("name", WAYS)
def test_an_example_of_a_channel_is_no_message_that_anybody_reads(
    name: str, audited: Callable[[str], Result]
) -> None:
    if VECTORS[name]["expect"] not in (*OPEN, *SECRET):
        assert [f for f in audited(name).findings if f.content in (Content.READABLE, Content.SEALED)] == []


@pytest.mark.parametrize("name", WAYS)
def test_an_example_has_the_answer_that_is_expected(name: str, audited: Callable[[str], Result]) -> None:
    wrong = missed(name, audited(name))
    if not ruled(name, audited(name)):
        pytest.skip(f"no rules about {VECTORS[name]['platform']} yet")
    assert not wrong


WRITTEN = (  # in XML, in JSON inside something else, on a line of IRC, below the head of a mail
    rb"<body>([^<]+)<",
    rb'\\?"text\\?": ?\\?"([^"\\]+)',
    rb" :([^\r\n]+)\r\n$",
    rb"\r\n\r\n([^\r\n]+)\s*$",
)


def plain(name: str) -> str:
    """The text of an example that anybody or the service reads, found without any part of auditor."""
    one, data = VECTORS[name], payload(name)
    place = one["content_at"] or ""
    if one["encoding"] == "json" and place.replace(".", "").isalpha():
        value = json.loads(data)
        for step in place.strip(".").split("."):
            value = value[step]
        return str(value)
    if place.startswith("form "):
        return parse_qs(data.decode())[place.removeprefix("form ")][0]
    zipped = re.search(rb"\x78\xda|\x1f\x8b", data)
    if zipped:
        data = zlib.decompressobj(wbits=47).decompress(data[zipped.start() :])
    for written in WRITTEN:
        if found := re.search(written, data):
            return found[1].decode()
    words: list[bytes] = re.findall(rb"[\w ?']{4,}", data)
    return max((w.strip() for w in words), key=lambda w: (w.count(b" "), len(w))).decode()


@pytest.mark.parametrize("name", [n for n in WAYS if n in VECTORS and VECTORS[n]["expect"] in OPEN])
def test_a_text_that_can_be_read_is_found_where_it_is_known(name: str, tmp_path: Path) -> None:
    """With rules or without: then it is an app that nobody knows."""
    text = plain(name)
    found = looked(written([name], tmp_path / "one.jsonl"), (text,))
    assert {t for f in found.findings for t in f.texts} == {text}, text
    assert {f.content for f in found.findings if f.texts} == {Content.READABLE}
    if VECTORS[name]["platform"] not in book().platforms:
        known = {f"unknown:{WAYS[name].host}", *book().platforms}
        assert {f.platform for f in found.findings} <= known
    assert {v.verdict for v in found.verdicts if any(e.excerpt for e in v.evidence)} == {
        Answer.CLEARTEXT if WAYS[name].road == "clear" else Answer.TRANSPORT_ONLY
    }


@pytest.mark.parametrize("name", [n for n in WAYS if n in VECTORS and VECTORS[n]["expect"] in SECRET])
def test_what_only_the_ends_read_is_not_read(name: str, audited: Callable[[str], Result]) -> None:
    assert [f for f in audited(name).findings if f.content is Content.READABLE] == []


def test_all_examples_together_are_read_from_the_command_line(tmp_path: Path) -> None:
    file = written(list(WAYS), tmp_path / "all.jsonl")
    found = CliRunner().invoke(cli, ["analyze", str(file), "--format", "json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)


def test_the_table(audited: Callable[[str], Result]) -> None:
    rows = []
    for name in WAYS:
        result = audited(name)
        answers = ", ".join(sorted({v.verdict.value for v in result.verdicts or result.unseen})) or "no rules"
        seals = ", ".join(sorted({f.seal for f in result.findings if f.seal}))
        reasons = "; ".join(v.reason for v in result.unseen) if not result.verdicts else ""
        why = (missed(name, result) or reasons) if ruled(name, result) else "no rules yet"
        last = json.loads(lines(name)[-1])
        met = f"{last['protocol']} {last.get('method', '')}"
        rows.append(
            f"{name:<27} {met:<23} {VECTORS[name]['expect']:<28} {answers:<15} {seals or '-':<13} {why}"
        )
    print("", *rows, sep="\n")
    assert len(rows) == len(VECTORS)
