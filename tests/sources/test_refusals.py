"""Every way in which a handshake fails has its words."""

import pytest

from auditor.sources.records import Refused
from auditor.sources.refusals import reason_of


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("ssl/tls alert unknown ca", "refused the proxy's certificate"),
        ("ssl/tls alert bad certificate", "refused the proxy's certificate"),
        ("connection closed early", "hung up in the handshake"),
        ("Cannot parse ClientHello: 474554", "does not read as TLS"),
        ("unsupported protocol", "share no version of TLS"),
        ("the moon is full\x1b[2J", "the handshake with the app failed: the moon is full"),
        ("", "no reason was given"),
    ],
)
def test_a_failure_of_the_app_is_told_in_plain_words(error: str, said: str) -> None:
    assert said in reason_of(Refused("client", "a.example", error=error))
    assert "\x1b" not in reason_of(Refused("client", "a.example", error=error))


def test_a_failure_of_the_server_is_not_laid_on_the_app() -> None:
    assert reason_of(Refused("server", error="bad certificate")).startswith("the handshake with the server")
