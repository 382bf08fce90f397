"""The stages of a connection: each has its own key, and records numbered from nothing."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

EARLY, HANDSHAKE, SPEECH = "early", "handshake", "speech"


class Opener(Protocol):
    resumes: bool  # whether it can go on at a later record, where it is not known how many are missing

    def open(self, kind: int, version: int, numbers: Iterable[int], body: bytes) -> tuple[int, bytes]:
        """Which of these numbers the record has, and what is in it; ValueError where none fits."""


class Stage(Struct, frozen=True):
    name: str
    opener: Opener
    secret: bytes = b""  # of TLS 1.3, from which the next one is made
