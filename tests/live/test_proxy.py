"""Why a proxy does not start, and what to do next. Proxies that run: tests/live/test_session.py."""

import pytest

from auditor.live.proxy import cannot

TAKEN = (
    "[Errno 98] HTTP(S) proxy failed to listen on 127.0.0.1:80 with [Errno 98] error while attempting to bind"
    " on address ('127.0.0.1', 80): address already in use"
)
# As Python 3.13 says it.
NUMBERED = TAKEN.replace("address already", "[errno 98] address already")
CASES = {
    NUMBERED: ("127.0.0.1:80: address already in use; ", "--port PORT"),
    TAKEN: ("HTTP(S) proxy failed to listen on 127.0.0.1:80: address already in use; ", "--port PORT"),
    "[Errno 13] failed to listen on 10.0.0.1:80: permission denied": (
        "failed to listen",
        "above 1023, or sudo",
    ),
    "Failed to run sudo.": ("Failed to run sudo; this mode asks", "install it"),
    "Failed to create TUN device": ("Failed to create", "sudo"),
    "Transparent mode not supported on this platform.": ("Transparent", "--mode regular"),
    "OS proxy mode is only available on Windows and macOS": ("OS proxy mode", "--mode wireguard"),
    "Invalid proxy mode specification: x (unknown mode)": ("Invalid", "local[:APP] and reverse:URL"),
    "auditor: the moon is full": ("the proxy cannot start: the moon is full", "full"),
}


@pytest.mark.parametrize("wrong", CASES)
def test_a_proxy_that_cannot_start_says_what_to_do_next(wrong: str) -> None:
    said = cannot(wrong)
    assert all(part in said for part in CASES[wrong])
    assert "errno" not in said.lower()
