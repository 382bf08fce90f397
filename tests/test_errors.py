"""Errors: a tree of few, each one line for a person."""

import pytest

from auditor.errors import AuditorError, CaptureError, Fault, RuleError, TooMuch


@pytest.mark.parametrize("kind", [CaptureError, RuleError, TooMuch])
def test_everything_that_goes_wrong_on_purpose_is_caught_in_one_place(kind: type[Exception]) -> None:
    assert issubclass(kind, AuditorError)
    assert not issubclass(kind, ValueError)


def test_faults_stand_in_the_order_of_their_places_and_once() -> None:
    faults = [
        Fault("b.yaml", 1, 1, "z"),
        Fault("a.yaml", 10, 1, "y"),
        Fault("a.yaml", 2, 3, "x"),
        Fault("a.yaml", 2, 3, "x"),
    ]
    error = RuleError(faults)
    assert str(error).splitlines() == ["a.yaml:2:3: x", "a.yaml:10:1: y", "b.yaml:1:1: z"]
    assert len(error.faults) == 3
