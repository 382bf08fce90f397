"""What whoever looked at a capture by hand expected of it, beside what the audit says."""

from dataclasses import dataclass

import pytest

from auditor.model import Answer, Road
from tests.corpus.audits import CATALOGUE, CORPUS, CURATED, Audited, audited

CLEARTEXT, INCONCLUSIVE = Answer.CLEARTEXT.value, Answer.INCONCLUSIVE.value
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CURATED, reason=f"no shared corpus at {CORPUS}")]


@dataclass(frozen=True)
class Row:
    """What an audit says of one capture. Verdicts that are not named here are `inconclusive`."""

    whose: tuple[str, ...] = ()  # the platforms, and no other
    cleartext: tuple[tuple[str, str, str], ...] = ()  # platform, surface, direction
    hosts: tuple[str, ...] = ()  # that are named among others
    clear: tuple[str, ...] = ()  # texts that anyone on the path can read
    opened: tuple[str, ...] = ()  # texts that keys open
    facts: tuple[tuple[str, str], ...] = ()  # of some contact; the beginning of the value
    transports: tuple[str, ...] = ()  # of contacts, among others
    reads: bool = True  # whether anything may be a parcel at all
    because: str = ""  # where the catalogue's hope is not met


def shut(*whose: str, **more: object) -> Row:
    return Row(whose, reads=False, **more)  # type: ignore[arg-type]


AMAROK = ("yaloki: not sure how to be more clear :)", "what, what", "how do you mean")
TABLE = {
    "citizenlab-wechat/data/capture-logged-in-all-keys.pcapng": Row(
        ("wechat",), hosts=("sgshort.wechat.com", "sglong.wechat.com", "dns.weixin.qq.com"),
        clear=("newgetdns", "android-34"),
        because="its log is of keys of MMTLS, which are no keys of TLS: the business layer stays shut",
    ),
    "fritap/dump_premaster.pcapng": Row(
        opened=("Ciphers supported in s_server binary",), hosts=("127.0.0.1",)
    ),
    "ja4/tls-handshake.pcapng": shut(
        "messenger", hosts=("edge-chat.facebook.com", "gateway.facebook.com", "mtalk.google.com")
    ),
    "ja4/tls-sni.pcapng": shut("messenger", hosts=("edge-chat.facebook.com", "gateway.facebook.com")),
    "mercury/test/data/test_decrypt.pcap": Row(
        hosts=("clientservices.googleapis.com", "www.gstatic.com", "www.google.com", "accounts.google.com"),
        opened=("complete",),
    ),
    "mercury/unit_tests/pcaps/capture2.pcap": Row(("irc",), (("irc", "channel", "in"),), clear=AMAROK),
    "mitmproxy/flows/diff_data.mitm": Row(("slack",), hosts=("slack.com", "mtalk.google.com")),
    "mitmproxy/har_files/safari.har": Row(hosts=("mitmproxy.org",)),
    "ndpi/KakaoTalk_chat.pcap": Row(
        ("kakaotalk",), hosts=("graph.facebook.com", "api.facebook.com", "www.facebook.com"),
        clear=("status.php",), facts=(("asks for", "booking.loco.kakao.com"),),
    ),
    "ndpi/Oscar.pcap": Row(
        ("icq",), (("icq", "dm", "out"), ("icq", "dm", "in")), clear=("HI!", "461758769"),
    ),
    "ndpi/cloudflare-warp.pcap": shut(
        "messenger", hosts=("mqtt-mini.facebook.com", "api.cloudflareclient.com")
    ),
    "ndpi/discord.pcap": shut(
        "discord", hosts=("discord.com",), facts=(("certificate", "sni.cloudflaressl.com"),)
    ),
    "ndpi/dns.pcap": shut(transports=("dns",)),
    "ndpi/dns_ambiguous_names.pcap": shut(
        transports=("dns",),
        facts=(("asks for", "41-courier.push.apple.com"), ("asks for", "teams.skype.com")),
    ),
    "ndpi/encrypted_sni.pcap": shut(facts=(("ech", "offered in its early form, ESNI"),)),
    "ndpi/imo.pcap": shut(transports=("udp",)),
    "ndpi/instagram.pcap": Row(
        ("instagram",), hosts=("telegraph-ash.instagram.com", "photos-g.ak.instagram.com"),
        clear=("Instagram 7.1.1 Android", "GT-I9505"),
    ),
    "ndpi/jabber.pcap": Row(
        ("xmpp",), (("xmpp", "dm", "out"), ("xmpp", "dm", "in")), clear=("hey", "chatback@cs-xmpp.lan")
    ),
    "ndpi/line.pcap": shut(
        "line", hosts=("uts-front.line-apps.com",), facts=(("certificate", "*.line-apps.com"),)
    ),
    "ndpi/lru_ipv6_caches.pcapng": shut("whatsapp", transports=("turn",)),
    "ndpi/quic-v2.pcapng": Row(hosts=("test",), opened=("index.html", "H3Zero/1.0")),
    "ndpi/smpp_in_general.pcap": Row(("sms",), (("sms", "dm", "out"),), clear=("test", "1234567890")),
    "ndpi/smtp.pcap": Row(("mail",), (("mail", "mail", "out"),), clear=("Take into The would, for",)),
    "ndpi/snapchat.pcap": shut("snapchat", hosts=("feelinsonice-hrd.appspot.com",)),
    "ndpi/snapchat_call_v1.pcapng": shut(
        hosts=("str1-euwest1-34-246-231-140.addlive.io",), transports=("quic",)
    ),
    "ndpi/stun_signal.pcapng": shut("signal", facts=(("realm", "signal.org"),)),
    "ndpi/teams.pcap": shut(
        "teams", "telegram", hosts=("teams.microsoft.com", "eu-api.asm.skype.com", "gate.hockeyapp.net"),
    ),
    "ndpi/telegram.pcap": shut("telegram"),
    "ndpi/threema.pcap": shut("threema"),
    "ndpi/tls_ech.pcapng": shut(facts=(("ech", "offered"),), hosts=("performance.radar.cloudflare.com",)),
    "ndpi/viber.pcap": shut(
        "viber",
        hosts=("media.cdn.viber.com", "dl-media.viber.com", "mapi.apptimize.com", "app-measurement.com"),
    ),
    "ndpi/vk.pcapng": shut("vk", hosts=("sun9-10.userapi.com",)),
    "ndpi/wa_video.pcap": shut("whatsapp", transports=("turn",)),
    "ndpi/webex.pcap": Row(
        hosts=("webex.com", "cp.pushwoosh.com"), clear=("com.haaretz", "push_token"),
        because="no rules name Webex",
    ),
    "ndpi/whatsapp.pcap": Row(("whatsapp",)),
    "ndpi/whatsapp_login_call.pcap": shut(
        "imessage", "whatsapp", hosts=("e13.whatsapp.net", "query.ess.apple.com")
    ),
    "ndpi/whatsappfiles.pcap": shut(
        "whatsapp", hosts=("mmg-fna.whatsapp.net",), facts=(("certificate", "*.cdn.whatsapp.net"),)
    ),
    "ndpi/zoom.pcap": shut("zoom", hosts=("zoom.us", "log.zoom.us")),
    "pcapfs/crypto/all_ciphers_test/all_ciphers.pcap": Row(
        hosts=("localhost",), opened=("Welcome to nginx!", "gotta go, bye!")
    ),
    "pcapplusplus/ExamplesTest/pcap_examples/tls2.pcap": shut(
        "whatsapp", hosts=("static.whatsapp.net", "static.xx.fbcdn.net", "www.facebook.com")
    ),
    "peafowl/skype-irc.cap": Row(
        ("irc",), (("irc", "channel", "in"),), hosts=("ui.skype.com",), clear=AMAROK
    ),
    "peafowl/viber.pcap": shut("viber", hosts=("media.cdn.viber.com", "dl-media.viber.com")),
    "reporthar/android/first-run.har": Row(
        hosts=("graph.facebook.com", "api2.branch.io", "notify.bugsnag.com")
    ),
    "suricata-verify/dns/dns-udp-eve-txt/input.pcap": shut(
        facts=(("asks for", "textsecure-service-ca.whispersystems.org"),), transports=("dns",)
    ),
    "suricata-verify/quic-frag-unordered/input.pcap": shut(
        "mastodon", hosts=("mastodon.social",), transports=("quic",)
    ),
    "tracepcap/telegram_voice.pcapng": shut("telegram", facts=(("realm", "telegram.org"),)),
    "wireshark-notes/captures/voip/webrtc-freeswitch.pcapng": Row(
        hosts=("webrtc.freeswitch.org",), transports=("stun",), opened=("jsonrpc",)
    ),
    "wireshark-notes/tls/xmpp-ssl.pcapng": Row(
        clear=("jabber.org",), opened=("jabber.org",),
        because="the keys are in a comment of the file: more is open than the catalogue says",
    ),
    "wireshark/captures/dtls12-aes128ccm8-dsb.pcapng": Row(
        opened=("DTLS1.2 test using GnuTLS 3.5.8", "Works for me!"), transports=("dtls",)
    ),
    "wireshark/captures/tls12-chacha20poly1305.pcap": Row(
        hosts=("localhost",), opened=("s_server -www", "ECDHE-RSA-CHACHA20-POLY1305")
    ),
    "wireshark/captures/tls13-rfc8446.pcap": Row(
        opened=("Request for /first, version TLSv1.3, Early data: no", "/early", "Early data: yes", "/second")
    ),
    "wireshark/captures/wireguard-ping-tcp-dsb.pcapng": shut(
        transports=("wireguard",), facts=(("vpn", "a VPN hides everything"),),
        because="secrets of WireGuard are not used, and the report says so",
    ),
    "zeek/irc-dcc-send.pcapng": Row(
        ("irc",), (("irc", "channel", "out"), ("irc", "channel", "in"), ("irc", "dm", "out")),
        clear=("hi, i'm chatting for some packets", "do we still need more packets?", "maybe we do"),
    ),
    "zeek/smtp.pcap": Row(("mail",), (("mail", "mail", "out"),), clear=("This is a multipart message",)),
}  # fmt: skip
OTHER_KEYS = ("citizenlab-wechat/",)  # logs that are not of TLS
EACH = pytest.mark.parametrize("path", sorted(TABLE))


def log_of(path: str) -> str:
    log: str = CATALOGUE[path].get("keys", "").removeprefix("files/")
    return "" if path.startswith(OTHER_KEYS) else log


def listened(path: str) -> Audited:
    """With everything planted that should be readable."""
    return audited(path, log_of(path), (*TABLE[path].clear, *TABLE[path].opened))


def test_every_curated_entry_is_in_the_table() -> None:
    assert sorted(TABLE) == CURATED


@EACH
def test_its_platforms_are_named_and_no_other(path: str) -> None:
    assert listened(path).platforms - {""} == set(TABLE[path].whose)


@EACH
def test_its_verdicts_are_those_that_were_expected(path: str) -> None:
    """What a planted text shows besides is `other`: nobody's messages."""
    found = audited(path, log_of(path)).said
    assert {one[:3] for one in found if one[3] != INCONCLUSIVE} == set(TABLE[path].cleartext)
    assert {one[3] for one in found} <= {CLEARTEXT, INCONCLUSIVE}


@EACH
def test_its_hosts_facts_and_transports_are_shown(path: str) -> None:
    row, found = TABLE[path], listened(path)
    named = {one.channel.host for one in found.contacts} | {one.channel.host for one in found.parcels}
    shown = {fact for one in found.contacts for fact in one.facts}
    assert [host for host in row.hosts if host not in named] == []
    assert [
        (kind, value) for kind, value in row.facts if not any(k == kind and value in v for k, v in shown)
    ] == []
    assert set(row.transports) <= {one.transport for one in found.contacts}


@EACH
def test_what_can_be_read_in_it_is_found_when_it_is_planted(path: str) -> None:
    row, found = TABLE[path], listened(path)
    for texts, road in ((row.clear, Road.CLEAR), (row.opened, Road.PROTECTED)):
        read = {text for one in found.findings if one.road is road for text in one.texts}
        around = [one for one in found.parcels if one.channel.road is road]
        for text in texts:
            said = any(text in f"{one.head} {one.body.decode('utf-8', 'replace')}" for one in around)
            assert text in read or said, text


@EACH
def test_what_cannot_be_read_is_not_read(path: str) -> None:
    if TABLE[path].reads:
        pytest.skip("something in it can be read")
    assert audited(path, log_of(path)).parcels == ()


@EACH
def test_what_only_keys_open_stays_shut_without_them(path: str) -> None:
    if not log_of(path):
        pytest.skip("it carries its keys, or has none")
    found = audited(path)
    assert {one.channel.road for one in found.parcels} <= {Road.CLEAR}
    assert any(one.reason.startswith("no key for this connection") for one in found.contacts)
