"""`issues resend`: one issue to the bucket now, and its receipt back; the daemon may run beside.

Every object is written once and the notifier knows an issue by its id, so that two that send the
same one do no harm, and a message that has gone out goes out no second time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from storeguard.checking import find_issue
from storeguard.clock import Clock
from storeguard.config import Config, Folders
from storeguard.errors import StoreguardError
from storeguard.outbox.delivery import ask_again, deliver, fetch_receipt, state_of
from storeguard.outbox.s3 import object_store
from storeguard.ports import ObjectStore

RECEIPT_WITHIN_S = 20.0
LOOK_AGAIN_S = 0.5


def resend(
    config: Config, base: Path, wanted: str, clock: Clock, sleep: Callable[[float], None]
) -> dict[str, Any]:
    """Sends what is missing, asks the notifier again where no receipt comes. By id or number.

    Answers `id`, `state`, and of the receipt `sent_at` and `text`, None where there is none yet.
    Raises UploadFault as the bucket does. `sleep` pauses this thread.
    """
    root = Folders.of(config, base).issue_data
    objects = object_store(config.upload, lambda: None)
    if objects is None:
        raise StoreguardError("upload.bucket is not set: there is nowhere to send an issue to")
    try:
        found = find_issue(root, wanted, has_bucket=True)
        folder = root / str(found.manifest["id"])
        deliver(folder, config.store.id, objects, is_text_only=config.notices.text_only)
        receipt = fetch_receipt(folder, objects)
        if receipt is None:
            ask_again(folder, objects, clock.utc())
            receipt = _awaited(folder, objects, clock, sleep)
    finally:
        objects.close()
    return {
        "id": folder.name,
        "state": state_of(folder).value,
        "sent_at": receipt and receipt.sent_at,
        "text": receipt and receipt.text,
    }


def _awaited(
    folder: Path, objects: ObjectStore, clock: Clock, sleep: Callable[[float], None]
) -> Any:
    given_up_s = clock.now_s() + RECEIPT_WITHIN_S
    receipt = None
    while receipt is None and clock.now_s() < given_up_s:
        sleep(LOOK_AGAIN_S)
        receipt = fetch_receipt(folder, objects)
    return receipt
