"""QR codes that a phone can read off a terminal."""

import io

import segno


def code(text: str) -> list[str]:
    """The rows of a code, two modules a character; dark on light and light on dark are both read."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, compact=True, border=2)
    return out.getvalue().splitlines()
