"""`storeguard run` with people in its simulated store: they act as stdin says, a deed a line.

`enter`, `take NAME COUNT`, `leave`, `unplug DEVICE`. The daemon's own log stays as it is.
"""

import asyncio
import logging
import os
import sys
from pathlib import Path

from storeguard import config as cfg
from storeguard import hardware
from storeguard.daemon import run_daemon
from storeguard.devices.sim.world import World

SETTLES_S = 1.5


class Stage:
    def __init__(self):
        self.deeds = asyncio.Queue()
        self.acting = asyncio.create_task(self.act())
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self.read)

    def read(self):
        said = os.read(sys.stdin.fileno(), 4096).decode()
        if not said:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        for line in said.splitlines():
            self.deeds.put_nowait(line.split())

    async def act(self):
        while True:
            deed, *facts = await self.deeds.get()
            facts = [int(fact) if fact.isdecimal() else fact for fact in facts]
            await asyncio.sleep(getattr(self.world, deed)(*facts) or 0)
            await asyncio.sleep(SETTLES_S)
            logging.getLogger("storeguard").info("acted: %s", deed)


def main():
    path = Path(sys.argv[1])
    logging.basicConfig(stream=sys.stderr)
    logging.getLogger("storeguard").setLevel(logging.INFO)

    def make(config, products, counts, clock):
        stage = Stage()
        stage.world = World(products, counts, clock)
        made = hardware.from_config(
            config, products, counts, clock, base=path.parent, world=stage.world
        )
        keep.append(stage)
        return made

    keep = []
    sys.exit(run_daemon(cfg.load(path), path.parent, make_hardware=make))


if __name__ == "__main__":
    main()
