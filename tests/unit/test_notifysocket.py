"""What a service manager is told, and that nobody is missed where there is none."""

import os
import socket

import pytest

from storeguard.notifysocket import NotifySocket, is_given, watchdog_s


@pytest.fixture(params=["a path", "an abstract name"])
def manager(request, tmp_path):
    """The service manager's end of the socket, and its address."""
    is_abstract = request.param != "a path"
    address = f"@storeguard-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind("\0" + address[1:] if is_abstract else address)
        one.settimeout(5)
        yield one, address


def test_pairs_are_one_datagram_a_line_each(manager):
    one, address = manager
    notify = NotifySocket(address)
    assert notify.tell(READY=1, STATUS="guards '강남 1호점'\nand more")
    assert one.recv(4096).decode() == "READY=1\nSTATUS=guards '강남 1호점' and more"
    notify.close()
    notify.close()
    assert notify.tell(WATCHDOG=1)
    assert one.recv(4096) == b"WATCHDOG=1"
    notify.close()


def test_nothing_is_said_where_nobody_asked():
    assert not NotifySocket.from_environment({}).tell(READY=1)
    assert not NotifySocket.from_environment({"NOTIFY_SOCKET": ""}).tell(READY=1)
    assert not is_given({})
    assert is_given({"NOTIFY_SOCKET": "@x"})


def test_a_manager_that_is_gone_or_does_not_listen_is_no_fault(tmp_path):
    notify = NotifySocket.from_environment({"NOTIFY_SOCKET": str(tmp_path / "nowhere")})
    assert not notify.tell(READY=1)
    notify.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        notify = NotifySocket(str(tmp_path / "deaf"))
        for _ in range(10_000):
            if not notify.tell(WATCHDOG=1):
                break
        else:
            raise AssertionError("it would have blocked")
        notify.close()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_interval_is_the_units_and_meant_for_this_process(said, expected):
    assert watchdog_s(said) == expected
