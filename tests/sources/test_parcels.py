"""Parcels written down by another tool."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model import Parcel, Problem, Road
from auditor.sources import read

FIRST = {"parcels": 1, "made_by": "a test"}


def written(tmp_path: Path, *lines: Any) -> Path:
    file = tmp_path / "hook.jsonl"
    file.write_text(
        "\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines) + "\n", encoding="utf-8"
    )
    return file


def test_a_line_is_a_parcel(tmp_path: Path) -> None:
    line = {
        "outgoing": True, "protocol": "wabinary", "host": "Web.WhatsApp.com", "port": 443,
        "road": "protected",
        "method": "message", "path": "/a/b%20c?x=1", "query": {"y": "2"}, "headers": {"X-One": "1"},
        "status": 0, "when": 1795255227.5, "body": "héllo",
    }  # fmt: skip
    source = read(written(tmp_path, FIRST, line))
    (parcel,) = source
    assert isinstance(parcel, Parcel)
    assert (str(parcel.ref), parcel.body, parcel.protocol) == ("hook.jsonl#0>", "héllo".encode(), "wabinary")
    assert (parcel.channel.host, parcel.channel.road) == ("web.whatsapp.com", Road.PROTECTED)
    assert parcel.head.path == ("a", "b c")
    assert parcel.head.query == (("x", "1"), ("y", "2"))
    assert parcel.head.header("x-one") == "1"
    assert parcel.channel.opened_by == "app hook"
    assert (source.kind, source.entries, source.size > 0) == ("parcels", 1, True)


def test_an_answer_knows_its_question_and_bytes_come_as_base64(tmp_path: Path) -> None:
    line = {
        "outgoing": False,
        "body_base64": base64.b64encode(b"\0\1").decode(),
        "answers": {"method": "GET", "path": ["a", "b"]},
    }
    (parcel,) = read(written(tmp_path, FIRST, line))
    assert isinstance(parcel, Parcel)
    assert parcel.body == b"\0\1"
    assert (parcel.asked.method, parcel.asked.path) == ("GET", ("a", "b"))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"outgoing": True, "bodi": "hello"}, "bodi"),
        ({"body": "hello"}, "outgoing"),
        ({"outgoing": "yes"}, "bool"),
        ({"outgoing": True, "road": "safe"}, "road"),
        ({"outgoing": True, "body": "a", "body_base64": "YQ=="}, "not both"),
        ({"outgoing": True, "body_base64": "*"}, "base64"),
        ("{not json", "malformed"),
        ("[" * 100_000, ""),
    ],
)
def test_a_bad_line_costs_that_line_and_says_why(tmp_path: Path, line: Any, why: str) -> None:
    good = {"outgoing": True, "body": "hello"}
    events = list(read(written(tmp_path, FIRST, good, line, good)))
    assert [type(e) for e in events] == [Parcel, Problem, Parcel]
    problem = events[1]
    assert isinstance(problem, Problem)
    assert "line 3" in problem.message
    assert why in problem.message


@pytest.mark.parametrize(
    ("first", "kind"),
    [({"parcels": 2}, "too-new"), ({"parcels": "1"}, "damaged"), ({"parcels": 1, "x": 1}, "damaged")],
)
def test_a_first_line_that_says_something_else_is_a_problem(tmp_path: Path, first: Any, kind: str) -> None:
    (problem,) = read(written(tmp_path, first, {"outgoing": True}))
    assert isinstance(problem, Problem)
    assert problem.kind == kind


def test_a_line_that_is_too_long_is_passed_over_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.sources.parcels.LONGEST", 1000)
    good = {"outgoing": True, "body": "hello"}
    events = list(read(written(tmp_path, FIRST, {"outgoing": True, "body": "x" * 3_000_000}, good)))
    assert [type(e) for e in events] == [Problem, Parcel]
