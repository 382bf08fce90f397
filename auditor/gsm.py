"""The alphabet of short messages (3GPP TS 23.038, 6.2), for decoders and streams alike.

A text is a row of septets; on the air eight of them lie in seven bytes, between an SMS centre and an
app mostly one in each byte. National tables are not here: letters of Turkish or of the languages of
India that use them come out as others.
"""

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_MORE = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
    0x65: "€",
}  # fmt: skip
_SEPTETS = {
    **{char: bytes((code,)) for code, char in enumerate(BASIC) if code != _ESCAPE},
    **{char: bytes((_ESCAPE, code)) for code, char in _MORE.items()},
}


def text_of(septets: bytes) -> str:
    """6.2.1.1: of an escape that means nothing, the character itself is shown."""
    found = []
    escaped = False
    for code in septets:
        if escaped:
            found.append(_MORE.get(code) or BASIC[code & 127])
        elif code != _ESCAPE:
            found.append(BASIC[code & 127])
        escaped = code == _ESCAPE and not escaped
    return "".join([*found, " "] if escaped else found)


def septets_of(text: str) -> bytes:
    """What the alphabet lacks is a question mark."""
    return b"".join(_SEPTETS.get(char, b"?") for char in text)


def unpacked(data: bytes, count: int, fill: int = 0) -> bytes:
    """So many septets, which begin behind `fill` bits."""
    bits = int.from_bytes(data, "little") >> fill
    return bytes(bits >> 7 * at & 127 for at in range(count))


def packed(septets: bytes, fill: int = 0) -> bytes:
    bits = sum(septet << 7 * at for at, septet in enumerate(septets)) << fill
    return bits.to_bytes((7 * len(septets) + fill + 7) // 8, "little")
