"""Changes that wait for a file, and what handlers say meanwhile."""

import asyncio

import pytest

from storeguard.services.turns import Turns


def test_what_is_said_while_nobody_changes_anything_is_heard_at_once():
    heard = []
    Turns().hear(lambda: heard.append(1))
    assert heard == [1]


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_said_meanwhile_is_heard_afterwards_in_its_order(fails):
    turns, heard = Turns(), []

    async def change():
        async with turns.alone():
            turns.hear(lambda: heard.append(1))
            turns.hear(lambda: heard.append(2))
            await asyncio.sleep(0)
            assert heard == []
            if fails:
                raise OSError("the card is full")

    async def main():
        found = await asyncio.gather(change(), return_exceptions=True)
        assert [type(one) for one in found] == ([OSError] if fails else [type(None)])

    asyncio.run(main())
    assert heard == [1, 2]


def test_two_changes_are_one_after_the_other():
    turns, seen = Turns(), []

    async def change(number):
        async with turns.alone():
            seen.append(number)
            await asyncio.sleep(0)
            seen.append(number)

    async def main():
        await asyncio.gather(change(1), change(2))

    asyncio.run(main())
    assert seen == [1, 1, 2, 2]


def test_a_change_that_fails_hushes_no_other():
    turns, heard = Turns(), []

    def fail():
        raise ValueError("no such product")

    async def change():
        async with turns.alone():
            turns.hear(fail)
            turns.hear(lambda: heard.append(2))

    async def main():
        with pytest.raises(ValueError, match="no such product"):
            await change()
        async with turns.alone():
            pass

    asyncio.run(main())
    assert heard == [2]
