"""From a YAML block to a transport."""

import ipaddress

from auditor.errors import Fault
from auditor.rulebook.beginning import Beginning
from auditor.rulebook.fields import Fields
from auditor.rulebook.grammar import TransportKeys, keys
from auditor.rulebook.read import facts_of
from auditor.rulebook.testcases import read_transport_tests
from auditor.rulebook.transport import CARRIERS, ENOUGH, Network, Transport
from auditor.rulebook.yaml import Block
from auditor.streams import STREAMS

SHOWN = (  # facts that a transport may be known by
    "alpn", "attribute", "certificate", "ja4", "offers", "origin", "quic", "realm", "software",
)  # fmt: skip


def read_transport(block: Block, file: str, name: str, faults: list[Fault]) -> Transport:
    fields = Fields(block, file, faults)
    fields.known(*keys(TransportKeys))
    transport = Transport(
        id=name,
        file=file,
        title=fields.text("title"),
        platform=fields.text("platform"),
        name=fields.text("name"),
        carrier=fields.word("carrier", CARRIERS),
        out=fields.parsed("out", Beginning.parse),
        into=fields.parsed("in", Beginning.parse),
        streams=tuple(text for text, _ in fields.placed("stream") if _known(fields, text)),
        facts=_shown(fields),
        ports=fields.parsed("port", _port),
        networks=fields.parsed("address", _network),
        weak=fields.flag("weak"),
        why=facts_of(fields),
        tests=read_transport_tests(fields),
    )
    _says_enough(fields, transport)
    return transport


def _known(fields: Fields, name: str) -> bool:
    fields.word("stream", tuple(STREAMS))
    return name in STREAMS


def _shown(fields: Fields) -> tuple[tuple[str, tuple[str, ...]], ...]:
    inner = fields.inner("facts")
    if inner is None:
        return ()
    inner.known("", " ".join(SHOWN))
    return tuple((str(key), inner.texts(key)) for key in inner.block)


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(f"not a port: {text!r}")
    return int(text)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"not a range of addresses: {text!r} (like 192.0.2.0/24)") from None


def _says_enough(fields: Fields, transport: Transport) -> None:
    """What chance fits often names nobody, unless the file says itself that it is weak."""
    if not (transport.platform or transport.name):
        fields.fault("a transport names a `platform`, or has a `name` itself", fields.block.place)
    if transport.by_address and not transport.networks:
        fields.fault("a transport has `out`, `in`, `stream`, `facts` or `address`", fields.block.place)
    elif not transport.by_address and transport.strength < ENOUGH and not transport.weak:
        fields.fault(
            "too few bytes are fixed: chance makes such beginnings; say more, or `weak: true`",
            fields.block.place,
        )
    if transport.weak and not (
        transport.ports or transport.networks or len(transport.out + transport.into) > 1
    ):
        fields.fault("a weak transport also names its port, its addresses or both sides", fields.block.place)
