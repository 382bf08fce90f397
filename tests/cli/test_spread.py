"""Work that several processes share comes back in order, also when one of them dies."""

import os

import pytest

from auditor.cli.spread import WORTH, spread


@pytest.mark.parametrize("count", [0, 1, WORTH - 1, WORTH, WORTH + 1, 200])
def test_the_results_are_in_order(count: int) -> None:
    assert spread(lambda n: n * n, range(count)) == [n * n for n in range(count)]


def test_a_process_that_dies_loses_nothing() -> None:
    here = os.getpid()

    def work(number: int) -> int:
        if os.getpid() != here:
            os._exit(1)
        return number

    assert spread(work, range(100)) == list(range(100))
