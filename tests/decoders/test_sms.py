"""Short messages as a phone and its network say them to each other."""

import pytest

from auditor.decoders import sms
from auditor.gsm import packed, septets_of

TO = bytes.fromhex("0c91947121436587")
CENTRE = bytes.fromhex("0491214365")


def submit(coding: int, length: int, data: bytes, flags: int = 1, validity: bytes = b"") -> bytes:
    tpdu = bytes((flags, 5)) + TO + bytes((0, coding)) + validity + bytes((length,)) + data
    return b"\0\7\0" + CENTRE + bytes((len(tpdu),)) + tpdu


@pytest.mark.parametrize(
    ("coding", "length", "data", "text"),
    [
        (0, 9, packed(septets_of("meet at 7")), "meet at 7"),
        (0, 0, b"", ""),
        (8, 4, "да".encode("utf-16-be"), "да"),
        (8, 4, "🔐".encode("utf-16-be"), "🔐"),
        (8, 2, b"\xd8\x3d", "\ufffd"),  # half of a picture, whose other half is in the next part
        (0x11, 2, packed(septets_of("hi")), "hi"),
        (0x18, 2, b"\0h", "h"),
        (0xF0, 2, packed(septets_of("hi")), "hi"),
        (0xE0, 2, b"\0h", "h"),
        (0xC8, 2, packed(septets_of("hi")), "hi"),
        (0x80, 2, packed(septets_of("hi")), "hi"),
    ],
)
def test_a_text_is_read_in_its_alphabet(coding: int, length: int, data: bytes, text: str) -> None:
    assert sms.unwrap(submit(coding, length, data), sms.CLUE)["text"] == text


@pytest.mark.parametrize(
    ("coding", "data"), [(4, b"hi"), (0xF5, b"hi"), (0x20, b"hi"), (0x0C, b"hi"), (8, b"odd")]
)
def test_what_is_no_text_stays_bytes(coding: int, data: bytes) -> None:
    tree = sms.unwrap(submit(coding, len(data), data), sms.CLUE)
    assert tree["data"] == data
    assert "text" not in tree


@pytest.mark.parametrize("size", range(12))
def test_a_text_behind_a_header_of_any_length_is_read(size: int) -> None:
    """Bits fill the last septet of the header, more or fewer with every length."""
    header = bytes((0x70, size)) + bytes(size)
    tree = sms.unwrap(submit(0, 0, b""), sms.CLUE)
    made = sms.wrap(tree | {"flags": 0x41, "header": header, "text": "meet at 7"})
    read = sms.unwrap(made, sms.CLUE)
    assert (read["text"], read["header"]) == ("meet at 7", header)


def test_a_header_that_others_wrote_is_read() -> None:
    """23.040, 9.2.3.24: after six bytes one bit fills, so septets begin at bit 49."""
    text = packed(b"\0" * 7 + septets_of("meet"))
    made = submit(0, 11, b"\5\0\3\x2a\2\1" + text[6:], flags=0x41)
    tree = sms.unwrap(made, sms.CLUE)
    assert tree["text"] == "meet"
    assert tree["part"] == {"reference": 42, "of": 2, "number": 1}
    wide = submit(8, 9, b"\6\x08\4\1\2\3\2\0h", flags=0x41)
    assert sms.unwrap(wide, sms.CLUE)["part"] == {"reference": 258, "of": 3, "number": 2}


@pytest.mark.parametrize(("flags", "validity"), [(0x11, b"\xaa"), (0x19, bytes(7)), (0x09, bytes(7))])
def test_how_long_it_is_kept_stands_before_the_text(flags: int, validity: bytes) -> None:
    tree = sms.unwrap(submit(8, 2, b"\0h", flags, validity), sms.CLUE)
    assert (tree["validity"], tree["text"]) == (validity, "h")


def test_the_example_of_many_tutorials_is_read() -> None:
    tpdu = bytes.fromhex("040B911346610089F60000208062917314080CC8F71D14969741F977FD07")
    message = b"\1\0\7" + bytes.fromhex("911326040000F0") + b"\0" + bytes((len(tpdu),)) + tpdu
    tree = sms.unwrap(message, sms.CLUE)
    assert (tree["text"], tree["sender"]["number"], tree["from"]["number"]) == (
        "How are you?", "31641600986", "31624000000",
    )  # fmt: skip
    assert tree["time"] == "02082619374180"
    assert sms.wrap(tree) == message


def test_a_report_says_to_whom_and_when() -> None:
    tpdu = b"\6\5" + TO + bytes.fromhex("62111291300040") * 2 + b"\0"
    tree = sms.unwrap(b"\1\7" + CENTRE + b"\0" + bytes((len(tpdu),)) + tpdu, sms.CLUE)
    assert (tree["kind"], tree["recipient"]["number"], tree["time"]) == (
        "status-report", "491712345678", "26112119030004",
    )  # fmt: skip
    assert tree["done"] == tree["time"]
    command = sms.unwrap(b"\0\7\0" + CENTRE + b"\3\2\1\1", sms.CLUE)
    assert (command["kind"], command["rest"]) == ("command", b"\1\1")


@pytest.mark.parametrize(
    ("data", "rp"),
    [(b"\2\7", "ack"), (b"\4\7\1\x15", "error"), (b"\5\7\1\x15\x41\1\0", "error"), (b"\6\7", "memory")],
)
def test_answers_are_read(data: bytes, rp: str) -> None:
    tree = sms.unwrap(data, sms.CLUE)
    assert tree["rp"] == rp
    assert sms.wrap(tree) == data


GOOD = submit(0, 9, packed(septets_of("meet at 7")))


@pytest.mark.parametrize(
    "data",
    [
        *(GOOD[:end] for end in range(len(GOOD))),
        GOOD + b"\0",
        b"\1" + GOOD[1:],  # a phone's message that comes from the network
        b"\x08" + GOOD[1:],
        b"\2\7\x42\0",
        submit(0, 2, b"\5\0\3\x2a\2\1", flags=0x41),  # a header longer than the message
        GOOD.replace(bytes.fromhex("947121"), bytes.fromhex("94f121")),
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        sms.unwrap(data, sms.CLUE)
