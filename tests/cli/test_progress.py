"""Progress: for somebody who watches and waits, and nothing lost on the way."""

import io
import sys
from pathlib import Path

import pytest

from auditor.cli import progress
from auditor.sources import read

CAPTURE = Path(__file__).parents[2] / "captures" / "irc-clear" / "alice.mitm"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("patience", [-1.0, 1e9], ids=["slow", "quick"])
@pytest.mark.parametrize("watched", [True, False])
def test_every_event_comes_through(monkeypatch: pytest.MonkeyPatch, watched: bool, patience: float) -> None:
    screen = Terminal() if watched else io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "PATIENCE", patience)
    assert list(progress.watched(read(CAPTURE))) == list(read(CAPTURE))
    assert bool(screen.getvalue()) == (watched and patience < 0)


@pytest.mark.parametrize("patience", [-1.0, 1e9], ids=["slow", "quick"])
def test_things_are_counted_while_somebody_waits_for_them(
    monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "PATIENCE", patience)
    assert list(progress.counted(range(7), "rules")) == list(range(7))
    assert ("rules" in screen.getvalue()) == (patience < 0)
