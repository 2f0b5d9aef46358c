"""The pictures of a visit: one a second with a person, the best one found, all deletable."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from storeguard import durable
from storeguard.domain.occupancy import Detection
from storeguard.ports import Frame, Image
from storeguard.vision.pictures import (
    KeptPicture,
    PictureKeeper,
    annotate,
    nearness,
    picture_score,
)

SCENE = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
WHOLE = Detection((100, 40, 200, 200), 0.9)
SMALL = Detection((100, 40, 110, 60), 0.9)
UNSURE = Detection((100, 40, 200, 200), 0.45)


def keeper_in(folder: Path, **given: int) -> PictureKeeper:
    return PictureKeeper(folder, lambda t_s: f"2026-11-20_22-21-{t_s:09.6f}", **given)


def picture(t_s: float = 0.0) -> Frame:
    return Frame(t_s, SCENE)


def visit(folder: Path, seconds: int, **given: int) -> PictureKeeper:
    """Somebody stands there, seen five times a second."""
    keeper = keeper_in(folder, **given)
    for i in range(seconds * 5):
        keeper.consider(picture(i / 5), (WHOLE,))
    return keeper


# --- what is kept ---


def test_one_picture_a_second_is_kept_with_a_person_on_it(tmp_path: Path) -> None:
    keeper = visit(tmp_path, seconds=4)
    assert [kept.t_s for kept in keeper.pictures] == [0.0, 1.0, 2.0, 3.0]
    assert sorted(os.listdir(tmp_path)) == [kept.path.name for kept in keeper.pictures]
    assert keeper.pictures[1].path.name == "2026-11-20_22-21-01.000000.jpg"
    read = cv2.imread(str(keeper.pictures[0].path))
    assert read is not None
    assert read.shape == SCENE.shape


@pytest.mark.parametrize(
    ("frame", "people"), [(picture(), ()), (Frame(0.0, None), (WHOLE,)), (Frame(0.0, None), ())]
)
def test_without_a_person_or_a_picture_nothing_is_kept(
    tmp_path: Path, frame: Frame, people: tuple[Detection, ...]
) -> None:
    keeper = keeper_in(tmp_path)
    assert keeper.consider(frame, people) is None
    assert keeper.best() is None
    assert os.listdir(tmp_path) == []


def test_a_long_visit_is_thinned_out_evenly(tmp_path: Path) -> None:
    keeper = visit(tmp_path, seconds=100, most=10)
    times_s = [kept.t_s for kept in keeper.pictures]
    assert len(times_s) <= 10
    gaps_s = np.diff([0.0, *times_s, 100.0])
    assert gaps_s.max() <= 100 / 10 * 3.5
    assert sorted(os.listdir(tmp_path)) == [kept.path.name for kept in keeper.pictures]


def test_thinning_out_keeps_the_better_of_two_neighbours(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path, most=4)
    for second in range(5):
        keeper.consider(picture(second), (WHOLE if second in (1, 2) else SMALL,))
    assert [kept.t_s for kept in keeper.pictures] == [1.0, 2.0, 4.0]


def test_pictures_of_the_same_instant_get_names_of_their_own(tmp_path: Path) -> None:
    for _ in range(3):
        keeper_in(tmp_path).consider(picture(), (WHOLE,))
    stem = "2026-11-20_22-21-00.000000"
    assert sorted(os.listdir(tmp_path)) == [f"{stem}-2.jpg", f"{stem}-3.jpg", f"{stem}.jpg"]


def test_discarding_deletes_this_visits_pictures_only(tmp_path: Path) -> None:
    (tmp_path / "other.jpg").touch()
    keeper = visit(tmp_path, seconds=3)
    keeper.pictures[0].path.unlink()  # somebody was quicker
    assert keeper.discard() == 2
    assert os.listdir(tmp_path) == ["other.jpg"]
    assert keeper.best() is None
    assert keeper.discard() == 0
    assert keeper.consider(picture(60.0), (WHOLE,)) is None  # a late judgement of this visit
    assert os.listdir(tmp_path) == ["other.jpg"]


def test_a_full_disk_is_a_fault_as_data_until_it_has_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    keeper = keeper_in(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "publish", full)
        assert keeper.consider(picture(0.0), (WHOLE,)) is None
    assert keeper.fault == (
        f"{tmp_path}: no picture written: [Errno 28] No space left on device; check the space"
    )
    assert keeper.consider(picture(0.2), (WHOLE,)) is not None
    assert keeper.fault is None


# --- which is best ---


@pytest.mark.parametrize(
    ("people", "score"),
    [
        ((), 0.0),
        ((WHOLE,), 0.9),
        ((UNSURE,), 0.45),
        ((UNSURE, WHOLE, SMALL), 0.9),
        ((SMALL,), 0.9 * (10 * 20) / (320 * 240) / 0.08),
        ((Detection((0, 40, 100, 200), 0.8),), 0.4),  # the left edge cuts
        ((Detection((0, 0, 100, 200), 0.8),), 0.2),  # and the head is out of it
        ((Detection((220, 40, 320, 200), 0.8),), 0.4),
        ((Detection((100, 80, 200, 240), 0.8),), 0.8 * 0.85),  # only the feet
        ((Detection((50, 50, 50, 50), 0.8),), 0.0),
    ],
)
def test_a_picture_is_worth_its_best_seen_person(
    people: tuple[Detection, ...], score: float
) -> None:
    assert picture_score(SCENE, people) == pytest.approx(score)


def test_five_seconds_away_a_picture_counts_half() -> None:
    kept = KeptPicture(Path("a.jpg"), 10.0, 0.8)
    assert nearness(kept, None) == 0.8
    assert nearness(kept, 10.0) == 0.8
    assert nearness(kept, 15.0) == nearness(kept, 5.0) == pytest.approx(0.4)


def test_the_best_picture_is_near_the_step_unless_it_shows_little(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    for t_s, person in ((0.0, WHOLE), (20.0, UNSURE), (40.0, SMALL)):
        keeper.consider(picture(t_s), (person,))
    best = [keeper.best(near_s) for near_s in (None, 1.0, 20.0, 40.0)]
    assert [kept.t_s for kept in best if kept] == [0.0, 0.0, 20.0, 0.0]


# --- boxes ---


def test_annotating_draws_on_a_copy(tmp_path: Path) -> None:
    image = np.full((240, 320, 3), 128, np.uint8)
    drawn = annotate(image, (WHOLE,))
    assert (image == 128).all()
    assert (drawn[40, 100:200] != 128).any()
    assert (drawn[100:180, 110:190] == 128).all()  # the person is not covered


def test_annotating_nobody_changes_nothing() -> None:
    assert (annotate(SCENE, ()) == SCENE).all()


@pytest.mark.parametrize(
    "xyxy", [(0, 0, 320, 240), (300, 0, 320, 10), (0, 230, 5, 240), (-20, -20, 400, 300)]
)
def test_boxes_at_the_edge_are_drawn_inside(xyxy: tuple[float, float, float, float]) -> None:
    black: Image = np.zeros((240, 320, 3), np.uint8)
    drawn = annotate(black, (Detection(xyxy, 1.0),))
    assert drawn.shape == black.shape
    assert (drawn > 150).any()
