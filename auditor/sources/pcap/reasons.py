"""Why a connection stayed shut, where what shows from outside says it."""

import re

from auditor.sources.pcap.outside import Seen
from auditor.sources.pcap.wire import Facts
from auditor.sources.talk import STRANGE

_REASONS = {
    "DNS": "a name look-up: no message in it",
    "DTLS": "DTLS, which nobody opened",
    "QUIC": "QUIC, which nobody opened",
    "RTCP": "reports about a call: no message in it",
    "RTP": "sound or pictures of a call: not looked into",
    "SRTP": "sound or pictures of a call, sealed",
    "SSH": "SSH, which nobody opened",
    "STUN": "a way through is asked for: no message in it",
    "TURN": "a way through is asked for: no message in it",
}


_RANDOM = re.compile(r"\bclient random ([0-9a-f]{8}…)")


def folded(reason: str) -> tuple[str, Facts]:
    """The reason as many connections have it, in plain words, and the hello of this one as its own fact."""
    found = _RANDOM.search(reason)
    if found is None:
        return reason, ()
    plain = _RANDOM.sub("this connection", reason).replace("secret", "key")
    return plain, (("client random", found[1]),)


def reason_of(seen: Seen) -> str:
    if seen.tunnel:
        return f"{seen.transport}: {dict(seen.facts).get('vpn', 'a tunnel')}"
    if any(kind == "open" for kind, _ in seen.facts):
        return "spoken in the open, and not read here"
    return _REASONS.get(seen.transport, STRANGE)
