"""Stretches of numbers: from, and up to, the last not included. What an audit covered of a capture."""

from collections.abc import Iterable


def overlap(one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]) -> bool:
    """Two sorted lists of stretches, walked side by side."""
    i = j = 0
    while i < len(one) and j < len(other):
        if one[i][0] < other[j][1] and other[j][0] < one[i][1]:
            return True
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return False


def of_numbers(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The stretches that these make, without one for each in between: there may be very many."""
    out: list[tuple[int, int]] = []
    start = end = None
    for number in sorted(numbers):
        if start is None or end is None or number > end:
            if start is not None and end is not None:
                out.append((start, end))
            start = number
        end = number + 1
    return (*out, (start, end)) if start is not None and end is not None else ()


def joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches in order, those that touch made one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return tuple(out)
