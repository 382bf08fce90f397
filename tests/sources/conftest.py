"""Captures that the tests make for themselves: dumps through mitmproxy, HAR by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.flow import Flow
from mitmproxy.io import FlowWriter

Dump = Callable[..., Path]
Har = Callable[..., Path]


@pytest.fixture
def dump(tmp_path: Path) -> Dump:
    def write(*flows: Flow, name: str = "session.mitm") -> Path:
        path = tmp_path / name
        with path.open("wb") as file:
            for flow in flows:
                FlowWriter(file).add(flow)
        return path

    return write


@pytest.fixture
def har(tmp_path: Path) -> Har:
    def write(*entries: Any, name: str = "session.har", creator: str = "mitmproxy") -> Path:
        path = tmp_path / name
        log = {"version": "1.2", "creator": {"name": creator}, "pages": [], "entries": entries}
        path.write_text(json.dumps({"log": log}))
        return path

    return write
