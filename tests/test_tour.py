"""The tour in CONTRIBUTING.md names every file that a message passes, in order."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from auditor.audit import Audit
from auditor.judge import judge
from auditor.model import Parcel
from auditor.report import Capture
from auditor.reporters import Options, reporter
from auditor.rulebook.book import Rulebook
from auditor.shelf import own_rules, texts_of
from auditor.sources import read
from tests.constructed import archive, sent

ROOT = Path(__file__).parent.parent
ASKED = ("auditor/decoders/", "auditor/rulebook/seals/")
STOP = re.compile(r"^\d+\. `(auditor/[\w/]+\.py)`", re.MULTILINE)


@contextmanager
def footsteps() -> Iterator[list[str]]:
    """The files of ours in which a function is called, in the order of the first call.

    Of the decoders and seals only those that opened something: the others were asked and shook their heads.
    """
    steps: dict[str, None] = {}

    def step(frame: FrameType, event: str, result: Any) -> None:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if not file.startswith(str(ROOT / "auditor")) or name == "<module>":
            return
        place = Path(file).relative_to(ROOT).as_posix()
        asked = place.startswith(ASKED) and not place.endswith("unwrap.py")
        opened = event == "return" and name in ("unwrap", "cut") and result is not None
        if opened if asked else event == "call":
            steps[place] = None

    names: list[str] = []
    sys.setprofile(step)
    try:
        yield names
    finally:
        sys.setprofile(None)
        names += steps


def test_the_tour_is_right(tmp_path: Path) -> None:
    capture = tmp_path / "client.har"
    capture.write_text(archive([sent("Lighthouse-5523 bring the spare oars", 1)]), encoding="utf-8")
    book = Rulebook.of(texts_of(own_rules()))  # one that has met nothing yet
    page = reporter("terminal")
    list(read(capture))  # parts that are imported late are at home before the walk begins
    with footsteps() as walked:
        source = read(capture)
        audit = Audit(book)
        for event in source:
            if isinstance(event, Parcel) and event.outgoing:
                audit.feed(event)
        report = audit.report(Capture(source.sha256, source.name, source.kind, source.size))
        page.render(report, judge(report, book), io.StringIO(), Options(width=80))
    told = STOP.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert told == walked
