"""What a command gets of the daemon beside it when the answer is none."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from storeguard.daemonclient import DaemonClient


@contextlib.contextmanager
def answering(words: bytes) -> Iterator[DaemonClient]:
    """A server of one answer, whatever is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            asked, _ = server.accept()
            with asked:
                asked.recv(4096)
                asked.sendall(words)

        one = threading.Thread(target=answer)
        one.start()
        try:
            yield DaemonClient(f"http://127.0.0.1:{server.getsockname()[1]}", "token")
        finally:
            one.join()


@pytest.mark.parametrize(
    "words",
    [b"", b"no HTTP at all\r\n\r\n", b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"faults": ['],
    ids=["hung up", "another protocol", "half an answer"],
)
def test_what_is_no_whole_answer_is_a_connection_that_failed(words: bytes):
    """Each command catches OSError, and says it in one line."""
    with answering(words) as daemon, pytest.raises(ConnectionError):
        daemon.ask("/healthz", within_s=5)


def test_a_whole_answer_is_what_it_says():
    words = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"faults": []}'
    with answering(words) as daemon:
        assert daemon.ask("/healthz", within_s=5) == {"faults": []}
