"""Lines for people, which break between words where a terminal ends; a file or a pipe gets them whole."""

import shutil
from textwrap import wrap
from typing import TextIO


def fitted(line: str, stream: TextIO, hang: int = 2) -> str:
    """`hang` is how far behind its beginning a line goes on."""
    width = shutil.get_terminal_size().columns if stream.isatty() else len(line)
    if len(line) <= width:
        return line
    text = line.lstrip()
    lead = " " * (len(line) - len(text))
    rows = wrap(text, max(width - len(lead), 1), subsequent_indent=" " * hang, break_long_words=False,
                break_on_hyphens=False)  # fmt: skip
    return "\n".join(lead + row for row in rows)
