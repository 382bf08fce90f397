"""Plain words for what the tool found. One place, so that the terminal, JSON and the docs say the same."""

from collections.abc import Iterable

from auditor.model import Answer, Content, Direction, Grade

# One sentence per verdict, for a reader who is not technical.
SENTENCE = {
    Answer.CLEARTEXT: "Anyone on the way can read these messages, the owner of the Wi-Fi included.",
    Answer.TRANSPORT_ONLY: "The service can read these messages; others on the way cannot.",
    Answer.OPAQUE: "These messages are locked, and this capture does not show who holds the key.",
    Answer.END_TO_END: "Only the two ends can read these messages, as far as this capture shows.",
    Answer.INCONCLUSIVE: "Not enough was seen or understood to say who can read these messages.",
}
SHORT = {
    Answer.CLEARTEXT: "anyone on the way",
    Answer.TRANSPORT_ONLY: "the service",
    Answer.OPAQUE: "whoever has the key",
    Answer.END_TO_END: "only the ends",
    Answer.INCONCLUSIVE: "unknown",
}
MEANING = {
    Answer.CLEARTEXT: "the text was read on a road that protects nothing",
    Answer.TRANSPORT_ONLY: "the text was read where the service opens the connection",
    Answer.OPAQUE: "the slot holds bytes that nothing here opens or recognises",
    Answer.END_TO_END: "every message lies in a known end-to-end envelope that is shut",
}
# What lies in the slot of a message.
CONTENT: dict[str, str] = {
    Content.READABLE: "a text that was read",
    Content.UNDECIDED: "could be a text or a key; takes the class of its slot",
    Content.MISSING: "a message whose slot is empty or was not understood, as when the app moved it",
    Content.WRAPPED: "a layer that the server opens",
    Content.OPAQUE: "bytes that nothing here opens or recognises",
    Content.SEALED: "a known end-to-end envelope that is shut",
}
GRADE: dict[str, str] = {
    Grade.SHOWN: "the text itself, which was read",
    Grade.RECOGNISED: "a known envelope, of which there are recorded or published examples",
    Grade.CONSISTENT: "constructed examples only, or one sighting",
    Grade.CLAIMED: "documents only",
}
_CHANGE = {
    Answer.CLEARTEXT: "nothing: the text was there for all to read; other messages or versions may differ",
    Answer.TRANSPORT_ONLY: "nothing for these messages: their text was read; other modes may differ",
    Answer.OPAQUE: "knowing who holds the key: a known envelope, a key seen on its way",
    Answer.END_TO_END: "one readable copy of such a message, or evidence that the service holds a key",
    Answer.INCONCLUSIVE: "a rule for the layout that was seen, a whole recording, or --canary",
}
# Every check that an end-to-end verdict may rest on; the words say what it needs when it did not run.
CHECKS = {
    "message": "messages were recognised by a rule",
    "envelope": "every message lies in an envelope whose parts look shut",
    "copies": "no readable copy beside the envelope",
    "understood": "no message of this kind was left not understood",
    "planted": "needs known texts: --canary TEXT",
    "coverage": "no connection of the platform stayed shut",
    "delivery": "needs a recording of the far end showing the same message arrive",
    "keys": "needs a rule that follows the exchange of keys",
    "probes": "needs chosen texts sent on purpose",
    "refuters": "needs a link preview, a search or a new device watched",
}

# What a connection shows to somebody who only looks on, in the order in which it is told.
FACTS = {
    "weak": "{}",
    "vpn": "{}",
    "open": "{}",
    "tls": "TLS {}",
    "quic": "QUIC {}",
    "ike": "IKE {}",
    "esp": "ESP {}",
    "begun": "begun {}",
    "alpn": "speaks {}",
    "offers": "offers {}",
    "named by": "named by {}",
    "ech": "an encrypted hello is {}",
    "certificate": "certificate for {}",
    "client certificate": "the app's own certificate is {}",
    "alert": "alert: {}",
    "asks for": "asks for {}",
    "realm": "relay of {}",
    "origin": "for the page {}",
    "software": "program {}",
    "user name": "a user name is {}",
    "media": "sound or pictures, {}",
    "known by": "known by the rule {}",
    "client random": "a key log has its keys under {}",
    "cipher": "cipher {}",
    "ja4": "JA4 {}",
    "attribute": "attribute {}",
}
STRANGER = "unknown:"  # before the name of a host that no platform's rules name
OPEN = "in the open: anyone on the way can read what is not sealed itself"
OPEN_AT_FIRST = "begins in the open, then TLS"
UNTOLD = ("cipher", "attribute", "ja4")  # for machines: a page does not show them


def count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def whose(platform: str) -> str:
    """In a page for people; a host that nobody knows is no platform, whatever it calls itself."""
    return platform.replace(STRANGER, "host ", 1) if platform.startswith(STRANGER) else platform


def facts(shown: Iterable[tuple[str, str]]) -> str:
    """Facts in a line, the gravest first."""
    if not shown:
        return ""
    told: dict[str, list[str]] = {}
    for kind, value in shown:
        if kind not in UNTOLD and not (kind == "offers" and "alpn" in told):
            told.setdefault(kind, []).append(value)
    order = [*FACTS, *sorted(told.keys() - FACTS.keys())]
    return "; ".join(
        FACTS.get(kind, f"{kind} {{}}").format(" or ".join(told[kind])) for kind in order if kind in told
    )


def stays_shut(reason: str) -> bool:
    """Of what stands among the connections that stayed shut: one that was opened tells of itself only."""
    return not reason.startswith("opened by ")


def would_change(answer: Answer) -> str:
    return _CHANGE[answer]


def digest(algorithm: str, text: str, direction: Direction, host: str) -> str:
    """Somebody else has the hash of a planted text. It is no copy of it, and it is not nothing."""
    way = "was sent to" if direction is Direction.OUT else "came from"
    shown = text if len(text) <= 60 else text[:59] + "\u2026"
    return f'a digest ({algorithm}) of the planted text "{shown}" {way} {host}: it confirms a guess'


def meanings(word: str) -> list[str]:
    """What a word of a report means; one word may stand in several places."""
    given: dict[str, str] = {
        a: SENTENCE[a] + (f" Given when {MEANING[a]}." if a in MEANING else "") for a in Answer
    }
    kinds = {
        "a verdict": given,
        "what lies in the slot of a message": CONTENT,
        "a grade; the verdict rests on": GRADE,
        "a check of end-to-end verdicts": CHECKS,
    }
    return [f"{word}, {kind}: {told[word]}" for kind, told in kinds.items() if word in told]
