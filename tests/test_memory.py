"""Memory does not grow with the capture: rows are kinds, never messages."""

import sys
from pathlib import Path

import pytest

from tests.bench.analyze import DUMPS, program
from tests.bench.dump import write

MEGABYTES = 30


def peak(folder: Path, flows: int, jobs: str) -> int:
    """Megabytes that an audit of so many flows takes at most."""
    dump, texts = folder / f"{flows}.mitm", folder / "texts.txt"
    if not dump.exists():
        texts.write_text("\n".join(write(dump, flows, DUMPS).texts), encoding="utf-8")
    command = [sys.executable, "-m", "auditor", "analyze", str(dump), "--canaries", str(texts)]
    return program([*command, "--format", "summary", "--jobs", jobs]).memory


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_forty_times_as_many_flows_take_hardly_more_memory(
    tmp_path_factory: pytest.TempPathFactory, jobs: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    small, large = peak(folder, 500, jobs), peak(folder, 20_000, jobs)
    print(f"peak of 500 flows: {small} MB, of 20,000 flows: {large} MB")
    assert large - small <= MEGABYTES


def test_the_flows_made_for_it_are_nearly_all_different(tmp_path: Path) -> None:
    made = write(tmp_path / "made.mitm", 300, DUMPS)
    assert len(set(made.texts)) == len(made.texts) == 20
    assert made.distinct > 0.9
