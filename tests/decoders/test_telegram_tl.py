"""TL, as Telegram's apps and servers speak it inside MTProto."""

import gzip
import struct

import pytest

from auditor.decoders import Clue, telegram_tl
from auditor.decoders.tables.telegram import layouts, newest
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("telegram_tl",))
PEER = {"_": "inputPeerUser", "user_id": 5555, "access_hash": 7}
STRANGE = b"\1\2\3\4 and what follows"
UNKNOWN: Tree = {"_": "unknown", "rest": STRANGE}


def number(name: str) -> bytes:
    return newest()[name].number.to_bytes(4, "little")


# Numbers that others wrote down, in documents and programs, not worked out by us.
PUBLISHED = {
    0xFEF48F62: "messages.sendMessage",
    0x983F9745: "messages.sendMessage",
    0x1CC20387: "messages.sendMessage",
    0x0330E77F: "messages.sendMedia",
    0x313BC7F8: "updateShortMessage",
    0x1F2B0AFD: "updateNewMessage",
    0x7600B9D3: "message",
    0x44FA7A15: "messages.sendEncrypted",
    0x5559481D: "messages.sendEncryptedFile",
    0x12BCBD9A: "updateNewEncryptedMessage",
    0xED18C118: "encryptedMessage",
    0x2C800BE5: "contacts.importContacts",
    0xDDE8A54C: "inputPeerUser",
    0x62D6B459: "msgs_ack",
    0xF35C6D01: "rpc_result",
    0xDA9B0D0D: "invokeWithLayer",
    0xC1CD5EA9: "initConnection",
}


def test_the_numbers_that_were_published_come_out_of_the_lines() -> None:
    assert {n: layouts()[n].name for n in PUBLISHED} == PUBLISHED


def test_every_line_of_the_schema_is_one_constructor_that_can_be_read() -> None:
    kinds = {layout.kind for layout in layouts().values()}
    assert len(layouts()) == 235
    for layout in layouts().values():
        words = {field.name for field in layout.fields if field.kind == "#"}
        assert {field.word for field in layout.fields} <= {*words, ""}, layout
        assert all(0 <= field.bit < 32 for field in layout.fields)
        assert layout.kind[0].isupper() or "." in layout.kind
    assert {"Message", "Update", "Updates", "InputPeer", "EncryptedMessage"} <= kinds


CASES: list[Tree] = [
    {"_": "messages.sendMessage", "peer": PEER, "message": "train leaves at nine", "random_id": -1},
    {"_": "messages.sendMessage", "peer": {"_": "inputPeerSelf"}, "message": "x" * 300, "random_id": 1},
    {
        "_": "messages.sendMessage",
        "flags": 0x8000000B,
        "peer": {"_": "inputPeerChannel", "channel_id": 1 << 40, "access_hash": -1},
        "reply_to": {"_": "inputReplyToMessage", "reply_to_msg_id": 7, "quote_text": "meet"},
        "message": "at the gate",
        "random_id": 3,
        "entities": [{"_": "messageEntityTextUrl", "offset": 0, "length": 2, "url": "https://example.org"}],
    },
    {
        "_": "messages.sendMedia",
        "peer": PEER,
        "media": {
            "_": "inputMediaUploadedDocument",
            "file": {"_": "inputFile", "id": 1, "parts": 1, "name": "a.txt", "md5_checksum": ""},
            "mime_type": "text/plain",
            "attributes": [{"_": "documentAttributeFilename", "file_name": "a.txt"}],
        },
        "message": "our boat",
        "random_id": 3,
    },
    {
        "_": "updates",
        "updates": [
            {"_": "updateUserStatus", "user_id": 5, "status": {"_": "userStatusOnline", "expires": 9}},
            {
                "_": "updateNewMessage",
                "message": {
                    "_": "message",
                    "id": 9,
                    "from_id": {"_": "peerUser", "user_id": 8},
                    "peer_id": {"_": "peerChat", "chat_id": 5},
                    "date": 1763715600,
                    "message": "see you",
                },
                "pts": 1,
                "pts_count": 1,
            },
        ],
        "users": [UNKNOWN],
    },
    {"_": "rpc_result", "req_msg_id": 5, "result": UNKNOWN},
    {"_": "rpc_result", "req_msg_id": 5, "result": True},
    {
        "_": "messages.sendEncrypted",
        "peer": {"_": "inputEncryptedChat", "chat_id": 3, "access_hash": 4},
        "random_id": 5,
        "data": b"\xff" * 40,
    },
    {"_": "invokeWithLayer", "layer": 229, "query": UNKNOWN},
    {
        "_": "invokeWithLayer",
        "layer": 229,
        "query": {
            "_": "initConnection",
            "api_id": 6,
            "device_model": "Phone 5",
            "system_version": "SDK 33",
            "app_version": "12.1",
            "system_lang_code": "en-us",
            "lang_pack": "",
            "lang_code": "en",
            "params": {"_": "jsonNumber", "value": 3600.5},
            "query": {"_": "help.getConfig"},
        },
    },
    {"_": "gzip_packed", "packed_data": {"_": "ping", "ping_id": 1}},
    {"_": "gzip_packed", "packed_data": b"not squeezed at all"},
    {"_": "gzip_packed", "packed_data": UNKNOWN},
]


@pytest.mark.parametrize("tree", CASES)
def test_what_is_written_reads_back(tree: Tree) -> None:
    assert telegram_tl.unwrap(telegram_tl.wrap(tree), CLUE) == tree


def test_behind_something_unknown_nothing_is_guessed() -> None:
    peer = telegram_tl.wrap(PEER)
    data = number("messages.sendMessage") + b"\1\0\0\0" + peer + STRANGE + b"\x05hello\0\0"
    assert telegram_tl.unwrap(data, CLUE) == {
        "_": "messages.sendMessage",
        "peer": PEER,
        "reply_to": {"_": "unknown", "rest": STRANGE + b"\x05hello\0\0"},
    }


def test_an_object_of_another_type_than_its_place_has_is_not_believed() -> None:
    data = number("messages.sendMessage") + bytes(4) + telegram_tl.wrap({"_": "peerUser", "user_id": 5})
    tree = telegram_tl.unwrap(data, CLUE)
    assert tree["peer"]["_"] == "unknown"


def test_a_container_goes_on_behind_what_is_unknown() -> None:
    tree: Tree = {
        "_": "msg_container",
        "messages": [
            {"msg_id": 1, "seqno": 0, "body": UNKNOWN},
            {"msg_id": 2, "seqno": 1, "body": {"_": "ping", "ping_id": 7}},
        ],
    }
    assert telegram_tl.unwrap(telegram_tl.wrap(tree), CLUE) == tree


def test_a_message_that_does_not_fill_its_place_stays_shut() -> None:
    body = number("ping") + bytes(8) + b"more"
    data = struct.pack("<IIqii", 0x73F1F8DC, 1, 1, 0, len(body)) + body
    assert telegram_tl.unwrap(data, CLUE)["messages"][0]["body"] == {"_": "unknown", "rest": body}


PING = number("ping") + bytes(8)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (STRANGE, "an unknown constructor"),
        (PING + b"more", "something follows"),
        (PING[:-1], "cut short"),
        (number("boolTrue"), "a truth alone"),
        (number("messages.sendMessage") + bytes(4) + telegram_tl.wrap(PEER) + b"\xffabc", "a length of 255"),
        (
            number("messages.sendMessage") + bytes(4) + telegram_tl.wrap(PEER) + b"\1axx",
            "padding that is not",
        ),
        (number("msgs_ack") + b"\x15\xc4\xb5\x1c\xff\xff\xff\x7f", "more values than bytes"),
        (struct.pack("<IIqii", 0x73F1F8DC, 1, 1, 0, 100) + PING, "a message longer than its container"),
        (bytes(28) + b"\x0b\0\0\0" + PING, "a length that is no multiple of four"),
        (bytes(28) + b"\x0c\0\0\0" + PING + bytes(1025), "more padding than there is"),
        (bytes(28) + b"\x10\0\0\0" + PING + bytes(16), "a message that does not fill its length"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_of_this_kind(data: bytes, why: str) -> None:
    assert why
    with pytest.raises(ValueError, match=r"."):
        telegram_tl.unwrap(data, CLUE)


def test_calls_in_calls_and_squeezed_calls_end_somewhere() -> None:
    deep = (number("invokeWithLayer") + bytes(4)) * 70 + PING
    squeezed: Tree = {"_": "ping", "ping_id": 1}
    for _ in range(70):
        squeezed = {"_": "gzip_packed", "packed_data": squeezed}
    for data in (deep, telegram_tl.wrap(squeezed)):
        with pytest.raises(TooMuch):
            telegram_tl.unwrap(data, CLUE)


def test_a_bomb_in_a_call_stops_early() -> None:
    packed = gzip.compress(bytes(50_000_000))
    data = b"\xa1\xcf\x72\x30\xfe" + len(packed).to_bytes(3, "little") + packed
    with pytest.raises(TooMuch):
        telegram_tl.unwrap(data + bytes(-len(data) % 4), Clue(limit=10_000))


# What Telethon 1.45 (layer 229) writes for made-up values: another program's hand.
TELETHON: list[tuple[str, Tree]] = [
    (
        (
            "7fe73003000000004ca5e8ddb315000000000000090300000000000030937c0300000000b50b4ffa0100"
            "0000000000000200000005612e62696e000009766964656f2f6d7034000015c4b51c02000000487cc543"
            "02000000000000000000f83f0a000000140000006800591505612e6d703400000d63617074696f6e2076"
            "6964656f00000600000000000000"
        ),
        {
            "_": "messages.sendMedia",
            "peer": {"_": "inputPeerUser", "user_id": 5555, "access_hash": 777},
            "media": {
                "_": "inputMediaUploadedDocument",
                "file": {"_": "inputFileBig", "id": 1, "parts": 2, "name": "a.bin"},
                "mime_type": "video/mp4",
                "attributes": [
                    {"_": "documentAttributeVideo", "flags": 2, "duration": 1.5, "w": 10, "h": 20},
                    {"_": "documentAttributeFilename", "file_name": "a.mp4"},
                ],
            },
            "message": "caption video",
            "random_id": 6,
        },
    ),
    (
        (
            "0d0d9bdae5000000a95ecdc1020000000600000007506978656c20390653444b203336000431322e3100"
            "000005656e2d757300000000000002656e009dd4c19915c4b51c01000000d91bdec009747a5f6f666673"
            "65740000a4dfe02b000000000020ac406b18f9c4"
        ),
        {
            "_": "invokeWithLayer",
            "layer": 229,
            "query": {
                "_": "initConnection",
                "api_id": 6,
                "device_model": "Pixel 9",
                "system_version": "SDK 36",
                "app_version": "12.1",
                "system_lang_code": "en-us",
                "lang_pack": "",
                "lang_code": "en",
                "params": {
                    "_": "jsonObject",
                    "value": [
                        {
                            "_": "jsonObjectValue",
                            "key": "tz_offset",
                            "value": {"_": "jsonNumber", "value": 3600.0},
                        }
                    ],
                },
                "query": {"_": "help.getConfig"},
            },
        },
    ),
    (
        "f8c73b31020000000100000002000000000000000873686f72742068690000000100000001000000102a2069",
        {
            "_": "updateShortMessage",
            "flags": 2,
            "id": 1,
            "user_id": 2,
            "message": "short hi",
            "pts": 1,
            "pts_count": 1,
            "date": 1763715600,
        },
    ),
]


@pytest.mark.parametrize(("data", "tree"), TELETHON)
def test_what_a_client_writes_is_read_and_written_to_the_byte(data: str, tree: Tree) -> None:
    assert telegram_tl.unwrap(bytes.fromhex(data), CLUE) == tree
    assert telegram_tl.wrap(tree).hex() == data
