"""Versions of QUIC: what each is called, the salt of its first keys and the words its keys are made with.

Drafts, what came of them at Google and Facebook, and the two versions of the RFCs differ in nothing
else that matters to a reader. Google's own protocol before them (Q043, Q046, Q050 ...) is named and
not opened: it has no TLS in it, and its later keys are logged by nobody.
"""

from msgspec import Struct

INITIAL, EARLY, HANDSHAKE, RETRY, SHORT = "initial", "early", "handshake", "retry", "short"
NEGOTIATION = 0  # the version of packets that list versions


class Version(Struct, frozen=True):
    name: str
    salt: bytes
    labels: str = "quic"
    kinds: tuple[str, ...] = (INITIAL, EARLY, HANDSHAKE, RETRY)  # by the bits of the first byte


_DRAFT_22 = bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a")
_DRAFT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
_DRAFT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_FIRST = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_SECOND = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
_Q050 = bytes.fromhex("504574efd066fe2f9d945cfcdbd3a7f0d3b56b45")
_T050 = bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310")
_T051 = bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d")
_LATER_KINDS = (RETRY, INITIAL, EARLY, HANDSHAKE)  # RFC 9369, 3.2

V1 = Version("v1", _FIRST)
V2 = Version("v2", _SECOND, "quicv2", _LATER_KINDS)
LABELS = (V1.labels, V2.labels)

_SALTS = ((22, _DRAFT_22), (28, _DRAFT_23), (32, _DRAFT_29), (34, _FIRST))  # up to and with this draft
VERSIONS = {
    1: V1,
    0x6B3343CF: V2,
    **{
        0xFF000000 + draft: Version(f"draft-{draft}", next(salt for last, salt in _SALTS if draft <= last))
        for draft in range(22, 35)
    },
    0xFACEB001: Version("mvfst draft-22", _DRAFT_22),
    0xFACEB002: Version("mvfst draft-27", _DRAFT_23),
    0xFACEB00E: Version("mvfst experimental", _DRAFT_23),
    0x51303530: Version("Google Q050", _Q050),
    0x54303530: Version("Google T050", _T050),
    0x54303531: Version("Google T051", _T051),
}
# For a version that nobody here has heard of, every salt is tried: the tag says which one is right.
_OTHERS = (V1, *(Version("", salt) for salt in (_DRAFT_29, _DRAFT_23, _DRAFT_22)))


def candidates(number: int) -> tuple[Version, ...]:
    """The versions whose keys may open a packet of this number; none where TLS is not what it carries."""
    if number in VERSIONS:
        return (VERSIONS[number],)
    return () if number == NEGOTIATION or is_google(number) else _OTHERS


def is_google(number: int) -> bool:
    """Google's protocol before it looked like the one of the RFCs: Q and three digits."""
    return number not in VERSIONS and number.to_bytes(4)[:1] == b"Q" and number.to_bytes(4)[1:].isdigit()


def has_own_frames(number: int) -> bool:
    """Sealed as in the RFCs, and still with Google's frames inside."""
    return named(number).startswith("Google")


def named(number: int) -> str:
    if number in VERSIONS:
        return VERSIONS[number].name
    if is_google(number):
        return f"Google {number.to_bytes(4).decode()}"
    if number & 0x0F0F0F0F == 0x0A0A0A0A:
        return f"0x{number:08x} (asks to negotiate)"
    if number >> 8 == 0xFF0000:
        return f"draft-{number & 0xFF}"
    return f"0x{number:08x}"
