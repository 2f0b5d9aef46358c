"""A whole visit with its issue reaches nobody whom the owner has not configured."""

import socket

import pytest


class Watched:
    """Whom anybody in this process wants to reach over a network."""

    def __init__(self, monkeypatch):
        self.asked = []
        for name in ("connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, name, self._refuse)
        for name in ("getaddrinfo", "gethostbyname"):
            monkeypatch.setattr(socket, name, self._refuse)

    def _refuse(self, *said, **more):
        self.asked.append((said, more))
        raise OSError("this test reaches nobody")


def test_who_is_asked_would_be_seen(monkeypatch):
    watched = Watched(monkeypatch)
    with pytest.raises(OSError, match="reaches nobody"):
        socket.create_connection(("192.0.2.1", 9))
    assert len(watched.asked) == 1


def test_a_store_without_bucket_and_channels_reaches_nobody(make_store, monkeypatch):
    watched = Watched(monkeypatch)
    store = make_store(outside=True)
    store.start()
    store.enter()
    store.take("바나나우유", 2)
    store.pay("바나나우유", 1)
    store.leave()
    store.be_judged()
    assert store.missing == [{"바나나우유": 1}]
    store.advance(120)
    assert watched.asked == []
