"""The command line: one verb per action, each thin. Heavy imports wait until a verb needs them."""

import logging
import sys

import click

from storeguard import __version__
from storeguard.cli import (
    backup,
    cloud,
    doctor,
    notify,
    people,
    promotions,
    restock,
    running,
    scale,
    seeing,
    shop,
)
from storeguard.cli.frame import Group, debug_option
from storeguard.discretion import DiscreetFormatter


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="storeguard")
def main() -> None:
    """Guards an unmanned shop: shelf weights against kiosk sales, whenever it is empty."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(DiscreetFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


main.params.append(debug_option(hidden=False))

for verb in (
    running.run,
    running.demo,
    running.replay,
    running.check_config,
    doctor.doctor,
    shop.sell,
    shop.books,
    restock.restock,
    shop.issues,
    promotions.promotions,
    people.people,
    notify.notify,
    scale.scale,
    seeing.camera,
    seeing.detect,
    seeing.models,
    cloud.cloud,
    cloud.fleet,
    backup.backup,
    backup.restore,
):
    main.add_command(verb)
