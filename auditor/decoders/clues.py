"""What surroundings say about bytes: headers of a body, and the protocol that it travelled in."""

from functools import lru_cache

from auditor.decoders import Clue

MEDIA = {
    media: decoder
    for decoder, names in {
        "json": "application/json",
        "form": "application/x-www-form-urlencoded",
        "multipart": "multipart/form-data multipart/mixed multipart/related",
        "protobuf": "application/x-protobuf application/protobuf application/x-google-protobuf"
        " application/vnd.google.protobuf",
        "xml": "text/xml application/xml",
        "ndjson": "application/x-ndjson application/jsonl application/x-jsonlines",
        "sse": "text/event-stream",
        "grpc": "application/grpc application/grpc+proto",
        "grpc_web": "application/grpc-web application/grpc-web+proto application/grpc-web-text"
        " application/grpc-web-text+proto",
        "pblite": "application/json+protobuf application/x-protobuf+json",
        "mime": "message/rfc822 message/global",
        "msgpack": "application/msgpack application/x-msgpack application/vnd.msgpack",
        "cbor": "application/cbor application/cose",
        "plist": "application/x-plist application/x-apple-plist application/x-bplist text/x-apple-plist",
        "bson": "application/bson",
        "thrift_binary": "application/vnd.apache.thrift.binary",
        "thrift_compact": "application/vnd.apache.thrift.compact",
        "jwt": "application/jwt application/jose",
        "sms": "application/vnd.3gpp.sms",
        "cpim": "message/cpim",
    }.items()
    for media in names.split()
}
SUFFIXES = {"json": "json", "xml": "xml", "cbor": "cbor", "proto": "protobuf"}  # also what lies in frames
CODINGS = {
    "gzip": ("gzip",),
    "x-gzip": ("gzip",),
    "deflate": ("zlib", "deflate"),  # RFC 9110 says zlib; servers send both
    "br": ("brotli",),
    "zstd": ("zstd",),
    "lz4": ("lz4",),
}
LANGUAGES = {  # what a protocol's bytes are written in
    "wabinary": "whatsapp_nodes",
    "mtproto": "telegram_tl",
    "csp": "threema_csp",
}
COMPRESSIONS = frozenset(name for names in CODINGS.values() for name in names)


@lru_cache
def clue_from(content_type: str, encoding: str = "") -> Clue:
    """What the headers of a body say about it. They are hints: a lie only costs the hint."""
    media, _, rest = content_type.partition(";")
    media = media.strip().lower()
    settings = dict(part.strip().partition("=")[::2] for part in rest.split(";")[:16] if "=" in part)
    quoted = {key.strip().lower(): value.strip().strip('"') for key, value in settings.items()}
    kinds = [name for coding in encoding.lower().split(",") for name in CODINGS.get(coding.strip(), ())]
    suffix = media.rpartition("+")[2]
    if media in MEDIA:
        kinds.append(MEDIA[media])
    if "+" in media and suffix in SUFFIXES and SUFFIXES[suffix] not in kinds:
        kinds.append(SUFFIXES[suffix])
    return Clue(tuple(kinds), media, quoted.get("boundary", "")[:200], quoted.get("charset", "")[:40])
