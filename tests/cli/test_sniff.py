"""auditor sniff, on the machine's own loopback."""

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auditor.errors import CaptureError
from auditor.sources.sniff import listen
from tests.live.conftest import PATIENCE, until

TEXT = "meet me at the blue door"


def refused() -> str:
    """Why nothing can be listened to here."""
    try:
        listen("lo", "tcp").close()
    except CaptureError as exc:
        return str(exc)
    return ""


needs_right = pytest.mark.skipif(bool(refused()), reason=refused())


def program(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "auditor", "sniff", "lo", *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def chat(server: socket.socket) -> None:
    """One IRC session in the clear."""

    def serve() -> None:
        other, _ = server.accept()
        with other:
            while other.recv(1000):
                other.sendall(b":server.example NOTICE alice :well\r\n")

    serving = threading.Thread(target=serve)
    serving.start()
    with socket.create_connection(server.getsockname()) as client:
        for line in ("NICK alice", "USER a 0 * :a", f"PRIVMSG bob :{TEXT}", "QUIT"):
            client.sendall(f"{line}\r\n".encode())
            client.recv(1000)
    serving.join()


def overheard(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """One that has heard a session, and nothing of what else passes on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        running = program("--write", path, "--filter", f"tcp port {server.getsockname()[1]}", *arguments)
        assert running.stderr
        assert "Listening on lo" in running.stderr.readline()
        chat(server)
    until(lambda: b"QUIT" in path.read_bytes())
    return running


@needs_right
def test_what_passes_is_written_down_and_audited(tmp_path: Path) -> None:
    path = tmp_path / "heard.pcapng"
    running = overheard(path, "--canary", TEXT, "--format", "json")
    running.send_signal(signal.SIGINT)
    told, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    verdicts = {(v["platform"], v["direction"]): v["verdict"] for v in json.loads(told)["verdicts"]}
    assert verdicts["irc", "out"] == "cleartext"
    again = subprocess.run(
        [sys.executable, "-m", "auditor", "analyze", path, "--canary", TEXT, "--format", "json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(again.stdout)["verdicts"] == json.loads(told)["verdicts"]


@needs_right
def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.pcapng"
    path.write_text("mine")
    running = program("--write", path, "--seconds", "1")
    _, errors = running.communicate(timeout=PATIENCE)
    assert (running.returncode, path.read_text()) == (2, "mine")
    assert "exists already" in errors
    assert "Traceback" not in errors


@needs_right
def test_a_crash_of_the_audit_leaves_what_was_heard(tmp_path: Path) -> None:
    path = tmp_path / "heard.pcapng"
    running = overheard(path)
    running.kill()
    running.communicate(timeout=PATIENCE)  # the recording has ended as well, or this would wait for it
    assert TEXT.encode() in path.read_bytes()
