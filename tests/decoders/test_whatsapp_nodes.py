"""WhatsApp's binary nodes."""

import zlib

import pytest

from auditor.decoders import Clue, whatsapp_nodes
from auditor.decoders.tables.whatsapp import numbers, words
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("whatsapp_nodes",))
MESSAGE = b"\0\xf8\x02\x13"  # a message with content and no attributes


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"\0\xf8\x01\x13", {"message": ""}),
        (b"\0\xf9\0\x01\x13", {"message": ""}),
        (MESSAGE + b"\xfc\x02hi", {"message": "hi"}),
        (MESSAGE + b"\xfd\xf0\0\x02hi", {"message": "hi"}),  # only twenty bits are a length
        (MESSAGE + b"\xfe\0\0\0\x02hi", {"message": "hi"}),
        (MESSAGE + b"\xfc\x02\0\xff", {"message": b"\0\xff"}),
        (MESSAGE + b"\xff\x83\x12\xab\x9f", {"message": "12-.9"}),
        (MESSAGE + b"\xff\x02\x12\xab", {"message": "12-."}),
        (MESSAGE + b"\xfb\x02\xab\x90", {"message": "AB90"}),
        (MESSAGE + b"\xec\x00", {"message": "read-self"}),
        (MESSAGE + b"\xfa\0\x1c", {"message": "g.us"}),  # an address without a user is its server
        (MESSAGE + b"\xfa\xfc\x01a\x1c", {"message": "a@g.us"}),
        (MESSAGE + b"\xf7\0\0\xfc\x01a", {"message": "a@s.whatsapp.net"}),
        (MESSAGE + b"\xf7\0\x02\xfc\x01a", {"message": "a:2@s.whatsapp.net"}),
        (MESSAGE + b"\xf7\x80\x02\xfc\x01a", {"message": "a:2@hosted"}),
        (MESSAGE + b"\xf7\x81\x02\xfc\x01a", {"message": "a:2@hosted.lid"}),
        (MESSAGE + b"\xf7\x05\x02\xfc\x01a", {"message": "a.5:2@s.whatsapp.net"}),
        (MESSAGE + b"\xf6\xfc\x01a\x01\0\xfc\x04msgr", {"message": "a:256@msgr"}),
        (MESSAGE + b"\xf8\x02\xf8\x01\x11\xf8\x01\x11", {"message": {"to": ["", ""]}}),
        (b"\0\xf8\x05\x13\x11\xfc\x01a\x11\xfc\x01b", {"message": {"@to": ["a", "b"]}}),
        (b"\0\xf8\x04\x13\x11\xfc\x01a\0", {"message": {"@to": "a"}}),
        (b"\x02" + zlib.compress(MESSAGE[1:] + b"\xfc\x02hi"), {"message": "hi"}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert whatsapp_nodes.unwrap(data, CLUE) == tree
    assert whatsapp_nodes.unwrap(whatsapp_nodes.wrap(tree), CLUE) == tree


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x01\xf8\x01\x13", "an unknown flag"),
        (b"\0\xf8\x01\x13\0", "a byte too much"),
        (MESSAGE + b"\xfc\x03hi", "cut short"),
        (b"\0\xf8\0\x13", "an empty list"),
        (b"\0\x13\xf8\x01", "no list"),
        (b"\0\xf8\x01\0", "no tag"),
        (b"\0\xf8\x01\xfc\x02@a", "a tag that looks like an attribute"),
        (b"\0\xf8\x01\xfc\x02\0\xff", "a tag that is no text"),
        (b"\0\xf8\x01\x0b", "a root that is no stanza: a message in the words of another dictionary"),
        (MESSAGE + b"\xf4\0", "an unknown tag"),
        (MESSAGE + b"\xff\x01\x1c", "half a byte that is no digit"),
        (MESSAGE + b"\xfa\xfa\xfc\x01a\x1c\x1c", "an address in an address"),
        (MESSAGE + b"\xfa\xfc\x01a\0", "an address without a server"),
        (MESSAGE + b"\xfa\xfc\x01\xff\x1c", "an address that is no text"),
        (b"\x02" + zlib.compress(MESSAGE[1:] + b"\xfc\x02hi")[:-1], "a squeezed node that is cut short"),
        (b"\x02\xf8\x01\x13" + bytes(8), "a flag that lies"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_of_this_kind(data: bytes, why: str) -> None:
    assert why
    with pytest.raises(ValueError, match=r"."):
        whatsapp_nodes.unwrap(data, CLUE)


def test_a_long_list_and_long_bytes_are_written_and_read() -> None:
    for tree in (
        {"message": {"to": ["a"] * 300}},
        {"message": {"enc": b"\xff" * 300}},
        {"message": {"enc": b"\xff" * (1 << 20)}},
        {"message": {"@id": "7" * 254, "@t": "7" * 255}},
    ):
        assert whatsapp_nodes.unwrap(whatsapp_nodes.wrap(tree), CLUE) == tree


@pytest.mark.parametrize("tree", [{}, {"a": "", "b": ""}, "message", {"message": {"#text": "a", "to": "b"}}])
def test_what_is_no_node_is_not_written(tree: Tree) -> None:
    with pytest.raises(ValueError, match=r"."):
        whatsapp_nodes.wrap(tree)


def test_nodes_in_nodes_end_somewhere() -> None:
    deep = b"\0\xf8\x02\x13" + b"\xf8\x01\xf8\x02\x11" * 70 + b"\0"
    with pytest.raises(TooMuch):
        whatsapp_nodes.unwrap(deep, CLUE)


def test_words_are_counted_as_they_come_out() -> None:
    longest = max((word for part in words() for word in part), key=len)
    data = MESSAGE + numbers()[longest]
    with pytest.raises(TooMuch):
        whatsapp_nodes.unwrap(data, Clue(limit=len(longest) + len("message") - 1))
    assert whatsapp_nodes.unwrap(data, Clue(limit=len(longest) + len("message"))) == {"message": longest}


def test_a_bomb_in_a_node_stops_early() -> None:
    bomb = b"\x02" + zlib.compress(MESSAGE[1:] + b"\xfe\x02\0\0\0" + bytes(1 << 25), 9)
    with pytest.raises(TooMuch):
        whatsapp_nodes.unwrap(bomb, Clue(limit=10_000))


def test_the_dictionary_is_whole_and_every_word_has_one_number() -> None:
    assert [len(part) for part in words()] == [235, 256, 256, 256, 256]
    assert len(numbers()) == 235 + 4 * 256
    for word, number in numbers().items():
        assert whatsapp_nodes.unwrap(MESSAGE + number, CLUE) == {"message": word}


# What Baileys 7.0 writes for made-up nodes: another program's hand.
BAILEYS: list[tuple[str, Tree]] = [
    (
        "00f8090711faff031203631c05f7000cff021234042a08fb84abcdef0f",
        {
            "receipt": {
                "@to": "120363@g.us",
                "@participant": "1234:12@s.whatsapp.net",
                "@type": "read",
                "@id": "ABCDEF0",
            }
        },
    ),
    ("00f8051f048889fc0cc5bd6c7574c3bd20f09f90a4", {"presence": {"@type": "available", "@name": "Žlutý 🐤"}}),
    (
        "00f8071b150708ff02a1b511f78107fc0161",
        {"ack": {"@class": "receipt", "@id": "-1.5", "@to": "a:7@hosted.lid"}},
    ),
]


@pytest.mark.parametrize(("data", "tree"), BAILEYS)
def test_what_a_client_writes_is_read(data: str, tree: Tree) -> None:
    assert whatsapp_nodes.unwrap(bytes.fromhex(data), CLUE) == tree
