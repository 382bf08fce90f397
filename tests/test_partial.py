"""Bodies that are a stretch of something longer, and bodies that a rule expected to open."""

import base64
import json
import random
from functools import cache

import pytest

from auditor.audit import audit
from auditor.decoders.grpc import frame
from auditor.judge import judge
from auditor.model import Answer, Channel, Head, Parcel, Ref, Road
from auditor.partial import partial_content
from auditor.report import Capture
from auditor.rulebook import build
from auditor.rulebook.book import Rulebook
from tests.rulebook.rules import book

STRETCHES = [
    (206, "bytes 0-99/100", False),  # all of it, asked for as a stretch
    (206, "bytes 0-99/200", True),
    (206, "bytes 100-199/200", True),
    (206, "bytes 0-99/*", True),
    (206, "", True),
    (200, "bytes 0-99/200", True),
    (200, "", False),
    (200, "pages 1-2/3", False),
]


@pytest.mark.parametrize(("status", "stretch", "partial"), STRETCHES)
def test_a_stretch_of_a_body_is_told_by_its_status_and_by_what_it_says(
    status: int, stretch: str, partial: bool
) -> None:
    headers = (("content-range", stretch),) if stretch else ()
    answer = Head(status=status, headers=headers)
    one = Parcel(Ref("a.har", 1), Channel("chat.example"), False, b"abc", head=answer)
    assert partial_content(one) is partial


CHAT = Channel("api.x.org", 443, Road.PROTECTED)
NOISE = random.Random(7).randbytes(60)  # as a compression leaves a text that nobody here knows


@cache
def rules() -> Rulebook:
    return book()


def sealed(number: int) -> bytes:
    text = base64.b64encode(build.sealed("e", rules(), str(number))).decode()
    return json.dumps({"text": text, "from": "anna"}).encode()


def called(*frames: tuple[int, bytes], media: str = "application/grpc", coding: str = "x-new") -> Parcel:
    """What a program sends in frames of gRPC, each with the flag that says whether it is compressed."""
    headers = (("content-type", media), ("grpc-encoding", coding))
    body = b"".join(frame(flag, message) for flag, message in frames)
    return Parcel(Ref("a.mitm", 1), CHAT, True, body, head=Head("POST", ("v1", "send"), (), headers))


CALLS: dict[str, tuple[list[Parcel], Answer]] = {
    "all of them open": ([called((0, sealed(2)))], Answer.END_TO_END),
    "one compressed as nobody knows": ([called((1, NOISE))], Answer.INCONCLUSIVE),
    "one of several": ([called((0, sealed(2)), (1, NOISE))], Answer.INCONCLUSIVE),
    "one for the web": ([called((1, NOISE), media="application/grpc-web+proto")], Answer.INCONCLUSIVE),
    "nothing, compressed": ([called((1, b""), (0, sealed(2)))], Answer.END_TO_END),
}


@pytest.mark.parametrize("what", CALLS)
def test_beside_a_frame_that_stayed_compressed_nothing_is_sealed_as_a_whole(what: str) -> None:
    parcels, answer = CALLS[what]
    report = audit([called((0, sealed(1))), *parcels], rules(), Capture("ab" * 32, "a.mitm", "dump", 9))
    (found,) = judge(report, rules())
    assert found.verdict is answer
