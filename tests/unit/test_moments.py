"""A step at a glance: the seconds around it, the visit on one sheet, the weight as a curve."""

import io
from pathlib import Path
from xml.etree import ElementTree

import av
import cv2
import numpy as np
import pytest

from storeguard.config import Calibration
from storeguard.domain.events import StepSettled
from storeguard.domain.occupancy import Detection
from storeguard.outbox.curve import WIDTH, Curve, curve_svg
from storeguard.ports import Frame, Image, Reading
from storeguard.services.exhibits import READINGS_S, WeightTrails
from storeguard.vision.clipfile import Clip, ClipUnplayable, begin_clip, place_clip, publish_clip
from storeguard.vision.encoding import Encoder
from storeguard.vision.moments import (
    AROUND_S,
    FLASH_S,
    MOST_TILES,
    Mark,
    boxed_jpeg,
    chosen,
    contact_sheet,
    moment_of,
)
from storeguard.vision.pictures import KeptPicture

SIZE_WH = (320, 180)
PERSON = Detection((100.0, 20.0, 180.0, 170.0), 0.9)


def clip_of(path: Path, from_s: float, until_s: float) -> Clip:
    """Ten pictures a second that grow brighter by one each, grey 0 at second 0."""
    encoder = Encoder(SIZE_WH, 10)
    writer = begin_clip(path.with_suffix(".part"), encoder.template, from_s)
    for i in range(round(from_s * 10), round(until_s * 10)):
        packet = encoder.encode(Frame(i / 10, np.full((180, 320, 3), i % 250, np.uint8)))
        assert packet is not None
        writer.write(packet)
    ended_s = writer.close(until_s)
    encoder.close()
    frames, _ = publish_clip(path.with_suffix(".part"), path)
    return Clip(path, from_s, ended_s, frames)


def pictures_of(mp4: bytes) -> list[tuple[float, Image]]:
    with av.open(io.BytesIO(mp4)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        return [
            (float(f.time or 0), f.to_ndarray(format="bgr24")) for f in container.decode(video=0)
        ]


def is_framed(image: Image) -> bool:
    blue, _, red = image[90, 1].astype(int)
    return bool(red - blue > 100)


def test_eight_seconds_around_the_step_over_a_joint_and_its_instant_is_marked(
    tmp_path: Path,
) -> None:
    clips = [clip_of(tmp_path / "a.mp4", 0.0, 10.0), clip_of(tmp_path / "b.mp4", 10.0, 20.0)]
    moment = moment_of(clips, Mark(9.0, "A  -95 g"))
    shown = pictures_of(moment.mp4)
    assert moment.at_s == pytest.approx(AROUND_S, abs=0.15)
    assert shown[-1][0] == pytest.approx(2 * AROUND_S, abs=0.2)
    assert len(shown) >= 78
    grey = [int(image[120, 160, 0]) for _, image in shown]
    assert grey[0] == pytest.approx(50, abs=3)
    assert grey[-1] == pytest.approx(130, abs=3)
    assert max(np.diff(grey)) <= 3
    framed_s = [t_s for t_s, image in shown if is_framed(image)]
    assert framed_s[0] == pytest.approx(moment.at_s, abs=0.15)
    assert framed_s[-1] == pytest.approx(moment.at_s + FLASH_S, abs=0.15)


def test_a_moment_becomes_a_file_with_its_index_first(tmp_path: Path) -> None:
    moment = moment_of([clip_of(tmp_path / "a.mp4", 0.0, 6.0)], Mark(5.0, "A  -95 g"))
    place_clip(moment.mp4, tmp_path / "step-1.mp4")
    content = (tmp_path / "step-1.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content
    assert len(pictures_of(content)) == len(pictures_of(moment.mp4))


def test_a_time_that_no_clip_shows_has_no_moment(tmp_path: Path) -> None:
    with pytest.raises(ClipUnplayable, match="no clip shows that time"):
        moment_of([clip_of(tmp_path / "a.mp4", 0.0, 3.0)], Mark(30.0, "A  -95 g"))


def kept(folder: Path, t_s: float) -> KeptPicture:
    path = folder / f"{t_s:06.1f}.jpg"
    cv2.imwrite(str(path), np.full((180, 320, 3), 120, np.uint8))
    return KeptPicture(path, t_s, 0.5, (PERSON,))


def test_the_sheet_shows_the_visit_and_frames_its_steps(tmp_path: Path) -> None:
    pictures = [kept(tmp_path, float(second)) for second in range(5)]
    jpeg = contact_sheet(pictures, [Mark(3.2, "A  -95 g")], "gangnam-1", str)
    sheet = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert sheet is not None
    is_amber = (sheet[..., 2].astype(int) - sheet[..., 0] > 120).sum(axis=1)
    assert sheet.shape[1] > 1600
    assert is_amber[40:300].max() > 200  # the fourth tile, in the first row


def test_of_a_long_visit_the_steps_are_never_left_out(tmp_path: Path) -> None:
    pictures = [KeptPicture(tmp_path / f"{i}", float(i), 0.5) for i in range(60)]
    marks = [Mark(13.4, ""), Mark(14.2, ""), Mark(37.0, "")]
    found = [picture.t_s for picture in chosen(pictures, marks)]
    assert len(found) == MOST_TILES
    assert {0.0, 13.0, 14.0, 37.0, 59.0} <= set(found)
    assert found == sorted(found)


def test_a_copy_gets_the_box_and_the_original_stays(tmp_path: Path) -> None:
    picture = kept(tmp_path, 1.0)
    before = picture.path.read_bytes()
    boxed = cv2.imdecode(np.frombuffer(boxed_jpeg(picture), np.uint8), cv2.IMREAD_COLOR)
    assert boxed is not None
    assert boxed[100, 100, 2] > 200
    assert abs(int(boxed[100, 140, 2]) - 120) < 12
    assert picture.path.read_bytes() == before
    picture.path.unlink()
    with pytest.raises(ClipUnplayable, match="is gone"):
        boxed_jpeg(picture)
    with pytest.raises(ClipUnplayable, match="no picture"):
        contact_sheet([picture], [], "gangnam-1", str)


# --- the curve ---


def curve(drop_g: float = -265.0) -> Curve:
    points = [(i / 10, 800.0 if i < 100 else 800.0 + drop_g) for i in range(201)]
    return Curve("A", points, 10.0, 12.0, drop_g)


def test_the_curve_is_a_drawing_with_the_step_on_it() -> None:
    svg = curve_svg(curve(), "저울 A · <콜라>", lambda t_s: f"22:21:{t_s:02.0f}")
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    said = [element.text for element in root.iter(f"{space}text")]
    assert "저울 A · <콜라>" in said
    assert "−265 g · 22:21:10" in said
    [path] = root.iter(f"{space}path")
    ends = path.get("d", "").removeprefix("M").split(" L")
    first, last = (tuple(map(float, end.split())) for end in (ends[0], ends[-1]))
    assert last[0] > first[0]
    assert last[1] > first[1] + 100  # lighter is lower


@pytest.mark.parametrize("grams", [-265.0, 265.0])
def test_the_curves_plate_hides_nothing_of_the_line_and_no_time_is_cut_off(grams: float) -> None:
    root = ElementTree.fromstring(curve_svg(curve(grams), "A", lambda t_s: "22:21:30"))
    space = "{http://www.w3.org/2000/svg}"
    plate = next(one for one in root.iter(f"{space}rect") if one.get("rx") == "6")
    x, y, width, height = (float(plate.get(key, "")) for key in ("x", "y", "width", "height"))
    [path] = root.iter(f"{space}path")
    for end in path.get("d", "").removeprefix("M").split(" L"):
        at_x, at_y = map(float, end.split())
        assert not (x <= at_x <= x + width and y <= at_y <= y + height)
    times = [one for one in root.iter(f"{space}text") if one.text == "22:21:30"]
    half = 18 * 0.6 * len("22:21:30") / 2
    assert len(times) >= 3
    assert max(float(one.get("x", "")) for one in times) + half <= WIDTH


def test_a_weight_that_is_not_known_any_more_is_said() -> None:
    with pytest.raises(ValueError, match="not known any more"):
        curve_svg(Curve("A", (), 10.0, 12.0, -95.0), "A", str)


def test_trails_hold_the_newest_and_what_was_around_a_step() -> None:
    trails = WeightTrails({"A": Calibration(tare_raw=1000, counts_per_g=10.0)})
    step = StepSettled(22.0, "A", 20.0, -95.0, 100.0, 0.5)
    for i in range(30_000):
        if i == 220:
            trails.on_step(step)
        trails.on_readings("A", [Reading(i / 10, 2000 if i < 200 else 1050)])
    trails.on_readings("A", [Reading(3001.0, None, "no word")])
    found = trails.around(step)
    assert found.points[0] == (10.0, 100.0)
    assert found.points[-1] == (30.0, 5.0)
    late = trails.around(StepSettled(2992.0, "A", 2990.0, -95.0, 100.0, 0.5))
    assert late.points[0][0] == pytest.approx(2980.0)
    gone = trails.around(StepSettled(102.0, "A", 100.0, -95.0, 100.0, 0.5))
    assert gone.points == ()
    assert len(trails._trails["A"]) <= READINGS_S * 10 + 2
