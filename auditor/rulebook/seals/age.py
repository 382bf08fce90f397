"""age v1 (age-encryption.org/v1): stanzas for recipients, a MAC, then nonce and ciphertext; also in armor.

Arguments of known recipients are keys; what other recipients carry is searched for text. Some
programs add a recipient that nobody is, of random characters (grease): it is let stand once, as
small as they make it, and while no words stand in it.
"""

import base64
import binascii
import random
import re

from auditor.decoders.armor import opened
from auditor.rulebook.reader import check
from auditor.rulebook.shut import Part

_MAGIC = b"age-encryption.org/v1\n"
_LABEL = "AGE ENCRYPTED FILE"
starts = (_MAGIC, b"-----BEGIN AGE ENCRYPTED FILE-----")
_STANZA = re.compile(rb"-> ([!-~]+(?: [!-~]+)*)\n((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)")
_MAC = re.compile(rb"--- ([A-Za-z0-9+/]{43})\n")
_KNOWN = (b"X25519", b"ssh-rsa", b"ssh-ed25519", b"scrypt", b"piv-p256", b"mlkem768x25519", b"p256tag")
_MOST = 100
_GREASE = re.compile(rb"([!-~]{1,8})-grease((?: [!-~]{1,8}){0,4})")
_WORDS = re.compile(rb"[a-z]{8}|[A-Z]{8}|[A-Za-z0-9]{16}")


def cut(data: bytes) -> list[Part] | None:
    if not data.startswith(_MAGIC):
        label, data, said = opened(data)
        check(label == _LABEL and data.startswith(_MAGIC) and not said)
    at = len(_MAGIC)
    parts: list[Part] = []
    greased = False
    while (stanza := _STANZA.match(data, at)) and len(parts) < _MOST:
        if not greased and _is_grease(stanza[1]):
            greased = True
        else:
            kind, *words = stanza[1].split(b" ")
            parts += [Part("kind", kind)] if kind not in _KNOWN else []
            parts += [Part("recipient", _bytes(word)) for word in words]
        parts.append(Part("file key", _bytes(stanza[2].replace(b"\n", b""))))
        at = stanza.end()
    mac = _MAC.match(data, at)
    if not parts or mac is None:
        return None
    nonce, sealed = data[mac.end() : mac.end() + 16], data[mac.end() + 16 :]
    check(len(sealed) >= 16)
    return [*parts, Part("mac", _bytes(mac[1])), Part("nonce", nonce), Part("message", sealed, secret=True)]


def _is_grease(line: bytes) -> bool:
    found = _GREASE.fullmatch(line)
    return found is not None and not _WORDS.search(found[1] + found[2].replace(b" ", b""))


def _bytes(word: bytes) -> bytes:
    """What a word without padding stands for; the word itself where that is nothing."""
    try:
        return base64.b64decode(word + b"=" * (-len(word) % 4), validate=True)
    except binascii.Error:
        return word


def sample(rng: random.Random) -> bytes:
    def bare(size: int) -> bytes:
        return base64.b64encode(rng.randbytes(size)).rstrip(b"=")

    def word() -> bytes:
        return bytes(rng.randint(33, 126) for _ in range(rng.randint(1, 8)))

    stanzas = b"".join(b"-> X25519 " + bare(32) + b"\n" + bare(32) + b"\n" for _ in range(rng.randint(1, 3)))
    if rng.random() < 0.5:
        line = b" ".join([word() + b"-grease", *(word() for _ in range(rng.randint(0, 4)))])
        stanzas += b"-> " + line + b"\n" + bare(rng.randint(12, 40)) + b"\n"
    return _MAGIC + stanzas + b"--- " + bare(32) + b"\n" + rng.randbytes(16 + rng.randint(20, 300))
