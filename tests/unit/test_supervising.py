"""Outages and deliveries reach the journal, also when it refuses for a while."""

import asyncio
import threading
from datetime import UTC, datetime

from storeguard.clock import LoopClock, run_simulated
from storeguard.domain import events as ev
from storeguard.errors import JournalFault
from storeguard.services.bus import Bus
from storeguard.services.supervising import SupervisingService


class Record:
    """Keeps what it is told; raises while `is_full`."""

    def __init__(self):
        self.told = []
        self.is_full = False

    def _take(self, *what):
        if self.is_full:
            raise JournalFault("no space")
        self.told.append(what)

    def record_fault(self, device, why, started_utc):
        self._take("fault", device, why)

    def close_fault(self, device, ended_utc):
        self._take("over", device)

    def record_delivery(self, issue_id, state, at_utc, detail):
        self._take("delivery", issue_id, state, detail)


def supervised(act):
    record = Record()

    async def main(loop):
        bus, clock = Bus(), LoopClock(loop, datetime(2026, 11, 20, tzinfo=UTC))
        service = SupervisingService(record, bus, clock, cameras=frozenset({"door"}))
        task = asyncio.create_task(service.run())
        await act(service, bus, record)
        await asyncio.sleep(2)
        task.cancel()
        await asyncio.wait([task])

    run_simulated(main)
    return record.told


def test_how_far_an_issue_has_come_is_in_the_journal():
    async def act(_, bus, __):
        bus.publish(ev.IssueDelivered(1.0, "issue-1"))
        bus.publish(ev.NoticeConfirmed(2.0, "issue-1", "the text"))

    assert supervised(act) == [
        ("delivery", "issue-1", "uploaded", ""),
        ("delivery", "issue-1", "confirmed", "the text"),
    ]


def test_what_the_journal_refuses_is_written_later_in_its_order():
    async def act(service, bus, record):
        record.is_full = True
        service.on_edge("A", "unplugged", 0.0)
        bus.publish(ev.IssueDelivered(1.0, "issue-1"))
        await asyncio.sleep(5)
        assert record.told == []
        record.is_full = False
        service.on_edge("A", None, 5.0)

    assert supervised(act) == [
        ("fault", "A", "unplugged"),
        ("delivery", "issue-1", "uploaded", ""),
        ("over", "A"),
    ]


def test_a_stop_waits_for_the_worker_that_is_writing_down_and_writes_nothing_twice():
    record, is_writing, may_go_on = Record(), threading.Event(), threading.Event()

    def slowly(device, why, _started_utc):
        is_writing.set()
        assert may_go_on.wait(10)
        record.told.append(("fault", device, why))

    record.record_fault = slowly

    async def main():
        clock = LoopClock(asyncio.get_running_loop(), datetime(2026, 11, 20, tzinfo=UTC))
        service = SupervisingService(record, Bus(), clock, cameras=frozenset())
        task = asyncio.create_task(service.run())
        service.on_edge("A", "unplugged", 0.0)
        await asyncio.to_thread(is_writing.wait, 10)
        threading.Timer(0.2, may_go_on.set).start()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(main())
    assert record.told == [("fault", "A", "unplugged")]
