"""What a start finds of a visit that a stop has interrupted."""

from datetime import UTC, datetime, timedelta

from storeguard.books.journal import Journal
from storeguard.clock import local_label
from storeguard.recovery import leftovers

AT = datetime(2026, 11, 20, 13, 21, 4, 5, tzinfo=UTC)
ZONE = "Asia/Seoul"


def test_a_clip_whose_label_is_a_hair_before_the_visits_own_belongs_to_it(tmp_path):
    """Both turn the same monotonic instant into wall-clock time, one after the other."""
    journal = Journal.in_folder(tmp_path, fsync=False)
    journal.open()
    journal.open_visit("visit", AT)
    record = tmp_path / "record"
    record.mkdir()
    earlier, clip, picture = (
        record / f"{local_label(AT + timedelta(microseconds=after), ZONE)}{suffix}"
        for after, suffix in ((-5_000_000, ".mp4"), (-3, ".mp4"), (2, ".jpg"))
    )
    for file in (earlier, clip, picture):
        file.write_bytes(b"")
    found = leftovers(record, journal, ZONE)
    with_pre_roll = leftovers(record, journal, ZONE, lead_s=5.0)
    journal.close()
    assert found == (clip, picture)
    assert with_pre_roll == (earlier, clip, picture)
