"""What travels inside Threema's own transport."""

from typing import Any

import pytest

from auditor.decoders import Clue, threema_csp
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("threema_csp",))
MESSAGE: dict[str, Any] = {
    "kind": 2, "sender": "*HELPERS", "recipient": "ZYXWVUTS", "id": "ff" * 8, "time": 1, "flags": 0x80,
    "nickname": "", "metadata": b"", "nonce": bytes(24), "box": b"",
}  # fmt: skip
WHOLE = threema_csp.wrap(MESSAGE)


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (WHOLE, MESSAGE),
        (threema_csp.wrap(MESSAGE | {"nickname": "Zoë"}), MESSAGE | {"nickname": "Zoë"}),
        (b"\x00\x00\x00\x00", {"kind": 0, "data": b""}),
    ],
)
def test_bytes_open_to_a_tree_and_back(data: bytes, tree: Tree) -> None:
    assert threema_csp.unwrap(data, CLUE) == tree
    assert threema_csp.wrap(tree) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x00\x00\x01" + WHOLE[4:],  # a byte that is kept free
        WHOLE[:-1],  # cut within the nonce
        WHOLE[:34] + b"\xff\xff" + WHOLE[36:],  # metadata beyond the end
        WHOLE[:4] + b"\xff" * 8 + WHOLE[12:],  # who sends it is no name
        WHOLE[:36] + b"\xff" * 32 + WHOLE[68:],  # nor is what she calls herself
    ],
)
def test_what_is_not_of_this_kind(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        threema_csp.unwrap(data, CLUE)


def test_no_more_comes_out_than_is_allowed() -> None:
    with pytest.raises(TooMuch):
        threema_csp.unwrap(WHOLE, Clue(kinds=("threema_csp",), limit=10))
