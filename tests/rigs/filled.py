"""A whole store on a small tmpfs that is filled at random instants of its visits.

`unshare --mount python filled.py ROOM MIB ROUNDS SEED BALLAST`; BALLAST is `ballast` or `none`,
which takes the reserve away, so that the rig proves that it would be missed. The clock is
simulated, the disk is not. Says as JSON how many rounds lost what (see `Outcome`).
"""

import importlib.util
import json
import random
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from full_disk import FILL, small_disk
from protocols import is_whole

from storeguard.books import csvfile
from storeguard.errors import BookFault
from storeguard.outbox.diskspace import Ballast

ROUNDS_A_SHOP = 8
"""Then the folders are laid out anew: what is not uploaded is never deleted and adds up."""

MOST_FREE = {"bytes": 60, "inodes": 12}
SCENARIOS = Path(__file__).parents[1] / "scenarios" / "conftest.py"


def sim_store():
    spec = importlib.util.spec_from_file_location("scenarios", SCENARIOS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SimStore


@dataclass
class Outcome:
    """`late`: issues sealed only once there was space."""

    rounds: int = 0
    thefts: int = 0
    broken_csv: int = 0
    lost_issues: int = 0
    broken_issues: int = 0
    wrong_books: int = 0
    late: int = 0


class Round:
    """One customer, and a disk that fills up at some instant of the visit."""

    def __init__(self, store, disk: Path, chance: random.Random, outcome: Outcome) -> None:
        self._store, self._chance, self._outcome = store, chance, outcome
        self._filler = disk / "filler"

    def run(self) -> None:
        store, product = self._store, self._chance.choice(["바나나우유", "초코바", "콜라"])
        is_theft = self._chance.random() < 0.7
        before, steps = len(store.issues), [store.enter, lambda: store.take(product)]
        steps += [] if is_theft else [lambda: store.pay(product, 1)]
        steps += [store.leave, lambda: store.advance(self._chance.uniform(0, 12))]
        filled_after = self._chance.randrange(len(steps))
        for number, step in enumerate(steps):
            if number == filled_after:
                store.advance(self._chance.uniform(0, 1))
                self._fill()
            step()
            self._judge_files()
        store.be_judged()
        store.advance(15)
        self._judge_files()
        self._outcome.late += len(store.issues) - before < is_theft
        shutil.rmtree(self._filler)
        store.advance(70)
        self._outcome.thefts += is_theft
        self._outcome.lost_issues += len(store.issues) - before != is_theft
        self._outcome.wrong_books += store.kiosk != store.shelf
        self._outcome.rounds += 1

    def _fill(self) -> None:
        self._filler.mkdir()
        what = self._chance.choice(list(MOST_FREE))
        FILL[what](self._filler, self._chance.randrange(MOST_FREE[what]))

    def _judge_files(self) -> None:
        for book in ("inventory_store.csv", "inventory_weight.csv"):
            try:
                csvfile.read((self._store.folder / "inventory" / book).read_bytes(), book)
            except (BookFault, OSError):
                self._outcome.broken_csv += 1
        self._outcome.broken_issues += sum(not is_whole(issue) for issue in self._store.issues)


def main(room: Path, mib: int, rounds: int, seed: int, ballast: str) -> None:
    place, chance, outcome = room / "disk", random.Random(seed), Outcome()
    place.mkdir()
    store_of = sim_store()
    if ballast == "none":
        Ballast.make = lambda self: None
    while outcome.rounds < rounds:
        with small_disk(place, mib) as disk:
            store = store_of(disk / "shop", outside=True)
            store.start()
            for _ in range(min(ROUNDS_A_SHOP, rounds - outcome.rounds)):
                Round(store, disk, chance, outcome).run()
            store.close()
    json.dump(asdict(outcome) | {"seed": seed}, sys.stdout)


if __name__ == "__main__":
    room = Path(sys.argv[1])
    if sys.argv[2] == "--probe":
        with small_disk(room, 8):
            pass
    else:
        mib, rounds, seed, ballast = sys.argv[2:]
        main(room, int(mib), int(rounds), int(seed), ballast)
