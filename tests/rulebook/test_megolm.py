"""Megolm against messages that vodozemac 0.10 made for this test: the first, the fourth and the 301st."""

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from auditor.rulebook import megolm

SESSION = (
    "AgAAAACRtYNF69RiQ5mXhwxQGMjcpXjwUNdxHqnAr6M96+Wf+r9crt1XGTjfMrSCYk0An8nQo5uUNt4FumTXhoNCkr6nk720+J36"
    "4ui5BgixSopanK9yXTlkGVYRWzt26vb8rFPMD5bNvpHyK+E6/tuIMVBNURgXwC4saVCF1YcEchJhU1GHitOJjxASlggDkQ5HLj9z"
    "mopSW+kYLoUj8P+8i27CWc3ie8zqPN2e9qljBvYCNBXw4bBNWKCVnKFUj3BrJCj07ps7TzogEAR6AqaVcY/LXuZMoieI9SYl51Kq"
    "GYcUAw"
)
MESSAGES = {
    0: "AwgAEjBWeLrgVQAKF30yI75o3tBRxprOHyz8EfHEATGq8t/sHt050dCXwnXal0DXdYr9w0ZAFBn3XOqmHaI7mPfOT3aoLD9ijFIo"
    "FTiE9keS8GMRUIfrS5acpLKJ6sH7EE38TM7R4hXa51KWLjvVkNNPBJB+ZBhoajBFPAg",
    3: "AwgDEjDDpZY+81fnWL/VtleQsA6TDHkm/qXwOnlevnRViW1qiTUM9KunX4w+F77xq0tEp+d0JmSIdmO+hjiQ9GoqUQ66+5Cr178p"
    "l9iF5B6oJHcnhK1zjkg7SFRYTHSOacdI1P1k7zh4wBsyThSkID/rGOimWjWWDtaLpws",
    300: "AwisAhIwxrZUlwTbiD3PP2WnQEpj5dwlaVEXxKyJLl1vhLvWVoCpBS08p3MjmxXpQYSFkGx5TluZO/rYjnrPCuHw2e+0hS2z"
    "47uZ+qo3O4ajln8RkDOUsYvxOaPC+45CldiROkols16r0pilPi+9gHWpo/D7P7PKV6YdQTwA",
}
TEXT = b"meet me at seven by the north gate"


def decoded(text: str) -> bytes:
    return base64.b64decode(text + "==")


def decrypt(key: bytes, mode: str, start: bytes, data: bytes) -> bytes:
    assert mode == "CBC"
    decryptor = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


@pytest.mark.parametrize("number", MESSAGES)
def test_the_key_of_a_room_opens_its_messages(number: int) -> None:
    session, message = decoded(SESSION), decoded(MESSAGES[number])
    assert megolm.is_session(session)
    assert megolm.is_message(message)
    assert megolm.opened(session, message, decrypt).startswith(TEXT)


def test_an_exported_session_opens_the_same() -> None:
    session = b"\x01" + decoded(SESSION)[1:165]
    assert megolm.is_session(session)
    assert megolm.opened(session, decoded(MESSAGES[3]), decrypt).startswith(TEXT)


def test_another_session_and_a_changed_message_open_nothing() -> None:
    session, message = decoded(SESSION), decoded(MESSAGES[3])
    other = session[:40] + b"\0" + session[41:]
    later = session[:1] + (9).to_bytes(4) + session[5:]
    for key in (other, later):
        assert megolm.opened(key, message, decrypt) == b""
    for at in (3, 9, -70):
        changed = bytearray(message)
        changed[at] ^= 1
        assert megolm.opened(session, bytes(changed), decrypt) == b""


@pytest.mark.parametrize("length", range(2, 126, 7))
def test_a_message_that_was_cut_opens_nothing(length: int) -> None:
    assert megolm.opened(decoded(SESSION), decoded(MESSAGES[0])[:length], decrypt) == b""


@pytest.mark.parametrize("data", [b"", b"\x02", bytes(229), b"\x01" * 229, b"\x02" * 165])
def test_what_is_no_session_is_told(data: bytes) -> None:
    assert not megolm.is_session(data)


@pytest.mark.parametrize("start", [0, 250, 65_400, 2**24 - 300])
def test_a_ratchet_that_is_turned_far_stands_where_single_turns_bring_it(start: int) -> None:
    ratchet = by_one = decoded(SESSION)[5:133]
    for number in range(start, start + 600):
        by_one = megolm._turned(by_one, number, number + 1)
    assert megolm._turned(ratchet, start, start + 600) == by_one
