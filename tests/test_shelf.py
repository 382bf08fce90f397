"""The shelf: what stands beside a capture."""

from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.model import App
from auditor.shelf import Session, session_of


def beside(tmp_path: Path, text: str) -> Path:
    (tmp_path / "session.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "alice.mitm"


def test_without_a_session_file_nothing_is_known(tmp_path: Path) -> None:
    assert session_of(tmp_path / "alice.mitm") == Session()


def test_a_session_file_says_what_was_audited(tmp_path: Path) -> None:
    session = session_of(
        beside(
            tmp_path,
            "app: TikTok\nversion: 46.7.10\nmode: a stranger\n"
            "as: {localhost: chat.signal.org}\ntexts: [one, two]\n",
        )
    )
    # 46.7.10 is a text, not the number 46.7: a version must not lose its zero.
    assert session.app == App("TikTok", "46.7.10", "a stranger")
    assert session.renamed == {"localhost": "chat.signal.org"}
    assert session.texts == ("one", "two")


@pytest.mark.parametrize(
    ("text", "why"),
    [("aap: TikTok\n", "did you mean 'app'"), ("app: [a]\n", "a text"), ("app: a\napp: b\n", "given twice")],
)
def test_a_wrong_session_file_is_a_fault_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(RuleError) as caught:
        session_of(beside(tmp_path, text))
    assert why in str(caught.value)
    assert "session.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (App(), ""),
        (App("X"), "X"),
        (App("X", "2"), "X 2"),
        (App("X", "2", "secret"), "X 2, secret"),
        (App(mode="m"), "m"),
    ],
)
def test_an_app_is_named_in_one_line(app: App, words: str) -> None:
    assert str(app) == words
