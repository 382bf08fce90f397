"""What a JSON document shows of the sums over all captures: one shape for each of its tables."""

from msgspec import Struct

from auditor.model import Direction


class Tool(Struct, frozen=True):
    name: str
    version: str
    rules: tuple[str, ...]


class Observation(Struct, frozen=True):
    platform: str
    surface: str
    direction: Direction
    rule: str
    count: int
    sees: dict[str, int]
    refs: tuple[str, ...]


class Shut(Struct, frozen=True):
    host: str
    port: int
    transport: str
    reason: str
    platform: str
    connections: int
    sent: int
    received: int
    facts: dict[str, tuple[str, ...]]
    refs: tuple[str, ...]


class Sum(Struct, frozen=True):
    state: str
    meaning: str
    parcels: int
    bytes: int


class Unreadable(Struct, frozen=True):
    kind: str
    message: str
    count: int
    refs: tuple[str, ...]


class Hashed(Struct, frozen=True):
    """The hash of a planted text."""

    platform: str
    host: str
    direction: Direction
    algorithm: str
    text: str
    count: int
    refs: tuple[str, ...]
