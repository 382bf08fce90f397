"""Bodies that are a stretch of something longer, and bodies that a rule expected to open."""

import pytest

from auditor.model import Channel, Head, Parcel, Ref
from auditor.partial import partial_content

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
