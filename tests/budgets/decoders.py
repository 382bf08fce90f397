"""The budgets of decoders."""

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import brotli as brotli_library
import zstandard

from auditor.decoders import (
    DECODERS,
    Clue,
    bson,
    cbor,
    etf,
    lz4,
    mime,
    msgpack,
    multipart,
    pblite,
    plist,
    socketio,
    telegram_tl,
    thrift_binary,
    thrift_compact,
    unwrap,
    whatsapp_nodes,
    xml,
)  # fmt: skip
from auditor.decoders import json as json_decoder
from tests.budgets.made import BIG, OUT, Budget, lists, noise


def opens(name: str, data: bytes, **clue: Any) -> Callable[[Path], object]:
    return lambda _: repr(DECODERS[name].unwrap(data, Clue((name,), **clue)))[:300]


def opening(value: Any) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        made = unwrap.Opening(output=unwrap.OUTPUT)
        made.open(value, ("body",))
        return made.stopped

    return exceed


@cache
def bomb(kind: str) -> bytes:
    data = bytes(30_000_000)
    match kind:
        case "brotli":
            packed: bytes = brotli_library.compress(data)
            return packed
        case "zstd":
            return zstandard.compress(data)
    return DECODERS[kind].wrap(data)


def bombed(kind: str) -> Callable[[Path], object]:
    return lambda _: len(DECODERS[kind].unwrap(bomb(kind), Clue((kind,))))


def etf_bomb(_: Path) -> object:
    term = b"m" + (30_000_000).to_bytes(4) + bytes(30_000_000)
    packed = b"\x83\x50" + len(term).to_bytes(4) + zlib.compress(term)
    return len(etf.unwrap(packed, Clue()))


def checked_lz4(_: Path) -> object:
    head, text = b"\x64\x40", b"meet at seven"  # a checksum of the content is promised
    frame = b"\x04\x22\x4d\x18" + head + bytes([lz4._hash(head) >> 8 & 255])
    block = (len(text) | 1 << 31).to_bytes(4, "little") + text
    return lz4.unwrap(frame + block + bytes(4) + b"oops", Clue(("lz4",)))


def containers(levels: int) -> bytes:
    """Each holds one message, which is the next."""
    data = b"nothing!"
    for _ in range(levels):
        data = bytes.fromhex("dcf8f17301000000") + bytes(12) + len(data).to_bytes(4, "little") + data
    return data


def nodes(levels: int) -> bytes:
    tree: Any = "hello"
    for _ in range(levels):
        tree = {"body": tree}
    return whatsapp_nodes.wrap({"message": tree})


def shared_plist(_: Path) -> object:
    """Three lists, each of ten times the next."""
    body = b"".join(b"\xaa" + bytes([n + 1]) * 10 for n in range(3)) + b"\x51a"
    table = bytes(8 + 11 * n for n in range(4))
    trailer = bytes(6) + b"\x01\x01" + (4).to_bytes(8) + bytes(8) + (8 + len(body)).to_bytes(8)
    return repr(plist.unwrap(b"bplist00" + body + table + trailer, Clue()))[:100]


NESTED = "nested more than"
DECODING = [
    Budget("decoders/bson.py _DEPTH", bson, NESTED, opens("bson", bson.wrap({"a": lists(100)}))),
    Budget("decoders/cbor.py _DEPTH", cbor, NESTED, opens("cbor", b"\x81" * 100 + b"\x01")),
    Budget("decoders/etf.py _DEPTH", etf, NESTED, opens("etf", b"\x83" + b"h\x01" * 100 + b"j")),
    Budget("decoders/json.py _DEPTH", json_decoder, NESTED, opens("json", b"[" * 300 + b"]" * 300)),
    Budget("decoders/mime.py _DEPTH", mime, NESTED,
           opens("mime", b"From: a\nTo: b\n" + b"Content-Type: message/rfc822\n\n" * 40 + b"hi")),
    Budget("decoders/msgpack.py _DEPTH", msgpack, NESTED, opens("msgpack", b"\x91" * 100 + b"\xc0")),
    Budget("decoders/plist.py _DEPTH", plist, NESTED,
           opens("plist", b"<plist>" + b"<array>" * 100 + b"</array>" * 100 + b"</plist>")),
    Budget("decoders/plist.py _DEPTH", plist, "or 64 levels", opens("plist", plist.wrap(lists(100)))),
    Budget("decoders/telegram_tl.py _DEPTH", telegram_tl, NESTED, opens("telegram_tl", containers(100))),
    Budget("decoders/thrift_binary.py _DEPTH", thrift_binary, NESTED,
           opens("thrift_binary", b"\x0c\x00\x01" * 100 + bytes(101))),
    Budget("decoders/thrift_compact.py _DEPTH", thrift_compact, NESTED,
           opens("thrift_compact", b"\x1c" * 100 + bytes(101))),
    Budget("decoders/whatsapp_nodes.py _DEPTH", whatsapp_nodes, NESTED, opens("whatsapp_nodes", nodes(100))),
    Budget("decoders/xml.py _DEPTH", xml, NESTED, opens("xml", b"<a>" * 100 + b"x" + b"</a>" * 100)),
    *(Budget(f"decoders/{kind}.py {name}", DECODERS[kind], OUT, bombed(kind))
      for kind in ("brotli", "deflate", "gzip", "zlib", "zstd") for name in ("_RATIO", "_FREE")),
    *(Budget(f"decoders/etf.py {name}", etf, OUT, etf_bomb) for name in ("_RATIO", "_FREE")),
    Budget("decoders/etf.py _BYTES", etf, "not ETF: number",
           opens("etf", b"\x83l\0\0\0\1o\0\0\1\xf4\0" + b"\1" * 500 + b"j")),
    Budget("decoders/json.py _DIGITS", json_decoder, "'1111", opens("json", b"[" + b"1" * 2_000 + b"]")),
    Budget("decoders/lz4.py _CHECKED", lz4, "meet at seven", checked_lz4, low=5),
    Budget("decoders/multipart.py _LONGEST", multipart, "no boundary",
           opens("multipart", b"--%b\r\n\r\nhi\r\n--%b--\r\n" % (BIG[:300], BIG[:300]), boundary="x" * 300)),
    Budget("decoders/pblite.py _GAP", pblite, '"100"', lambda _: pblite.wrap({1: 7, 100: 8})),
    Budget("decoders/plist.py _MOST", plist, "more than 100 values", shared_plist, low=100),
    Budget("decoders/socketio.py _MOST", socketio, "packets",
           opens("socketio", b"\x1e".join([b"2"] * 20_001))),
    Budget("decoders/unwrap.py DEPTH", unwrap, "nested deeper", opening(lists(100))),
    Budget("decoders/unwrap.py LEAVES", unwrap, "values", opening([1] * 20_001)),
    Budget("decoders/unwrap.py OUTPUT", unwrap, OUT, opening(DECODERS["gzip"].wrap(noise(1_000) * 65_000))),
]  # fmt: skip
