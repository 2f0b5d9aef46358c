"""What is left of a visit: clips, pictures, the sealed folder, the text logs."""

import hashlib
import re

import av
import cv2
import numpy as np

from storeguard.domain import events as ev
from storeguard.outbox.folder import MANIFEST

STAMP = r"------2026-11-20 22:2\d:\d\d\.\d{6}------"
END = "------------end------------"


def test_clips_and_pictures_of_a_clean_visit_are_deleted(store):
    store.enter()
    store.take("콜라")
    assert store.records(".jpg") != []
    store.pay("콜라")
    store.leave()
    store.be_judged()
    assert store.records() == []
    assert (store.app.evidence.clips_deleted, store.app.evidence.clips_kept) == (1, 0)


def test_clips_and_pictures_of_an_issue_are_kept(store):
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    [clip] = store.records(".mp4")
    assert re.fullmatch(r"2026-11-20_22-20-0[23]\.\d{6}\.mp4", clip.name)  # with its pre-roll
    assert store.records(".jpg") != []
    assert (store.app.evidence.clips_deleted, store.app.evidence.clips_kept) == (0, 1)


def test_an_issue_has_one_picture_with_a_person_and_its_clips(store):
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    manifest = store.manifest(issue)
    files = [path for path in issue.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(issue).as_posix() for path in files) == sorted(
        [MANIFEST, *(file["name"] for file in manifest["files"])]
    )
    [picture] = issue.glob("*.jpg")
    assert re.fullmatch(r"2026-11-20_22-20-\d\d\.\d{6}\.jpg", picture.name)
    assert cv2.imread(str(picture)).shape == (90, 160, 3)
    [visit] = store.visits
    taken_at_s = store.told(ev.StockChanged)[0].started_s
    assert abs(seconds_since_opening(picture.stem) - taken_at_s) < 3
    assert visit.visit_started_s <= seconds_since_opening(picture.stem) <= visit.visit_ended_s
    [clip] = issue.glob("clip-*.mp4")
    assert codec_of(clip) == "h264"
    for file in manifest["files"]:
        content = (issue / file["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_the_manifest_says_where_in_the_clip_the_step_is(store):
    store.enter()
    store.take("콜라", 2)
    store.leave()
    store.be_judged()
    manifest = store.manifest(store.issues[0])
    [step] = manifest["steps"]
    assert (step["scale"], step["clip"]) == ("C", "clip-1.mp4")
    assert abs(step["grams"] + 740) < 10
    assert 6 < step["clip_offset_s"] < 9  # the pre-roll comes first
    assert manifest["visit"]["started_at"].startswith("2026-11-20T13:20:08")
    assert "선반 C에서 22:20:09에 콜라 2개(7" in manifest["why"]["ko"][0]
    assert manifest["loss_won"] == 3600


def test_a_long_visit_is_several_clips_without_a_gap(make_store):
    store = make_store(visits={"clip_s": 5})
    store.start()
    store.enter()
    store.take("콜라")
    store.advance(9)
    store.leave()
    store.be_judged()
    [issue] = store.issues
    clips = sorted(issue.glob("clip-*.mp4"))
    assert [clip.name for clip in clips] == [f"clip-{i}.mp4" for i in range(1, len(clips) + 1)]
    assert len(clips) in (4, 5)
    [visit] = store.visits
    seen_s = visit.visit_ended_s - visit.visit_started_s
    recorded_s = sum(seconds_of(clip) for clip in clips)
    around_s = store.config.recording.pre_roll_s + store.config.visits.empty_for_s
    assert seen_s + around_s - 0.5 <= recorded_s <= seen_s + around_s + 2.5


def test_an_issue_shows_each_unpaid_step_at_a_glance(store):
    store.enter()
    store.take("초코바")
    store.take("콜라")
    store.pay("초코바")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    manifest = store.manifest(issue)
    paid, unpaid = manifest["steps"]
    assert (paid["product"], paid["unpaid"], paid["shown"]) == ("초코바", False, {})
    assert paid["clip_offset_s"] < unpaid["clip_offset_s"]
    assert (unpaid["product"], unpaid["unpaid"]) == ("콜라", True)
    assert unpaid["shown"] == {
        "clip": "extra/step-1.mp4",
        "picture": "extra/step-1.jpg",
        "curve": "extra/step-1.svg",
    }
    assert manifest["evidence_missing"] == {}
    listed = {file["name"] for file in manifest["files"]}
    assert {*unpaid["shown"].values(), "extra/contact-sheet.jpg"} <= listed
    for file in manifest["files"]:
        content = (issue / file["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert codec_of(issue / "extra/step-1.mp4") == "h264"
    assert abs(seconds_of(issue / "extra/step-1.mp4") - 8) < 0.5
    assert abs(unpaid["shown_at_s"] - 4) < 0.3
    assert cv2.imread(str(issue / "extra/step-1.jpg")).shape == (90, 160, 3)
    assert "저울 C · 콜라" in (issue / "extra/step-1.svg").read_text(encoding="utf-8")
    assert len(list(issue.glob("*.jpg"))) == 1
    assert list((store.folder / "issue_data/.incoming").iterdir()) == []


def test_what_cannot_be_shown_is_named_and_the_issue_comes_all_the_same(store):
    store.enter()
    store.take("콜라")
    for picture in store.records(".jpg"):
        picture.unlink()
    store.leave()
    for picture in store.records(".jpg"):
        picture.unlink()
    store.be_judged()
    [issue] = store.issues
    manifest = store.manifest(issue)
    assert set(manifest["evidence_missing"]) == {"contact-sheet.jpg", "step-1.jpg"}
    assert "is gone" in manifest["evidence_missing"]["step-1.jpg"]
    assert manifest["steps"][0]["shown"] == {
        "clip": "extra/step-1.mp4",
        "curve": "extra/step-1.svg",
    }
    said = (issue / "content.txt").read_text(encoding="utf-8")
    assert "추가 자료 없음 : contact-sheet.jpg, step-1.jpg" in said


def test_a_disk_that_refuses_the_extras_costs_only_them(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storeguard.services.placing.place_clip", full)
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    assert not (issue / "extra").exists()
    assert "No space left" in store.manifest(issue)["evidence_missing"]["step-1.mp4"]
    assert len(list(issue.glob("*.jpg"))) == 1
    assert list((store.folder / "issue_data/.incoming").iterdir()) == []


def test_privacy_masks_are_in_everything_that_is_stored_and_people_still_count(make_store):
    """Reliability V8: the whole left half, where the shelves and the door are, is masked."""
    left = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    camera = {"privacy_masks": (left,), "record_size_px": (320, 180)}
    store = make_store(camera=camera, recording={"stamp": False})
    store.start()
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    [issue] = store.issues
    shown = [cv2.imread(str(path)) for path in (*store.records(".jpg"), *issue.glob("*.jpg"))]
    assert len(shown) > 1
    for clip in issue.glob("*.mp4"):
        with av.open(str(clip)) as video:
            shown += [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]
    assert max(int(picture[:, :152].max()) for picture in shown) <= 24
    assert min(int(picture[:, 168:].max()) for picture in shown) > 100
    drawn = [cv2.imread(str(issue / "extra/step-1.jpg"))]
    with av.open(str(issue / "extra/step-1.mp4")) as video:
        drawn += [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]
    for picture in drawn:  # lines and letters may be on it, the shop not
        assert (picture[40:, :152].max(axis=2) <= 24).mean() > 0.85


def test_no_clip_has_sound(store):
    """Reliability V2: there is no stream but the pictures in anything that is stored."""
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    clips = [*store.records(".mp4"), *store.issues[0].rglob("*.mp4")]
    for clip in clips:
        with av.open(str(clip)) as video:
            assert [stream.type for stream in video.streams] == ["video"]
    assert len(clips) >= 2


def test_overlapping_visits_keep_their_own_evidence(store):
    store.enter("thief")
    store.take("초코바")
    store.leave()
    store.advance(6)
    store.enter("honest")
    second_began_s = store.clock.now_s() - 2
    store.take("콜라")
    store.pay("콜라")
    [issue] = store.issues
    [clip] = store.records(".mp4")
    assert seconds_since_opening(clip.stem) < second_began_s - 10
    [picture] = issue.glob("*.jpg")
    assert seconds_since_opening(picture.stem) < second_began_s
    assert store.records(".mp4.part") != []
    store.leave()
    store.be_judged()
    assert store.records(".mp4") == [clip]
    assert all(seconds_since_opening(p.stem) < second_began_s for p in store.records(".jpg"))


def test_event_log_and_content_stand_as_the_ancestor_wrote_them(store):
    store.enter()
    store.take("바나나우유")
    store.leave()
    store.be_judged()
    event_log = (store.folder / "event.txt").read_text(encoding="utf-8")
    lines = rf"\n{STAMP}\n바나나우유1개 도난 발생\nweight_csv 기준으로 조율\n{END}\n"
    assert re.fullmatch(lines, event_log)
    content = (store.issues[0] / "content.txt").read_text(encoding="utf-8")
    sentence, shop, at, loss = content.splitlines()
    assert (sentence, shop) == ("바나나우유1개 도난 발생", "매장 : 강남 1호점")
    assert re.fullmatch(r"시각 : 2026-11-20 22:20:1\d", at)
    assert loss == "손실 : 1,500원"


def test_both_books_write_a_block_a_change(store):
    store.enter()
    store.take("바나나우유", 2)
    store.pay("바나나우유")
    store.leave()
    store.be_judged()
    assert re.fullmatch(block("바나나우유", 6, 4), store.csv("weight_log.txt"))
    sale, correction = block("바나나우유", 6, 5), block("바나나우유", 5, 4)
    assert re.fullmatch(sale + correction, store.csv("store_log.txt"))
    for csv in ("inventory_store.csv", "inventory_weight.csv"):
        assert "바나나우유,4,1500,265\n" in store.csv(csv)
        assert store.csv(csv).startswith("상품명, 개수, 가격, 무게\n")


def test_a_folder_that_somebody_else_puts_there_is_adopted(make_store):
    store = make_store(outside=True)
    store.start()
    foreign = store.folder / "issue_data" / "2026-11-20 22:30"
    foreign.mkdir()
    (foreign / "content.txt").write_text("초코바2개 도난 발생\n", encoding="utf-8")
    (foreign / "shot.jpg").write_bytes(cv2.imencode(".jpg", picture_of_nothing())[1].tobytes())
    store.advance(40)
    [issue] = store.issues
    assert store.missing == [{"초코바": 2}]
    assert store.kiosk["초코바"] == 12
    assert {path.name for path in issue.iterdir()} == {"content.txt", "shot.jpg", MANIFEST}
    store.stop()
    store.start()
    assert store.kiosk["초코바"] == 12
    store.enter()
    store.take("콜라")
    store.leave()
    store.be_judged()
    assert [store.manifest(issue)["number"] for issue in store.issues] == [1, 2]


def block(product, before, after):
    return rf"\n{STAMP}\n상품명 : {product}\n개수 변경 \( {before} -> {after} \)\n{END}\n"


def seconds_since_opening(label):
    """Of `2026-11-20_22-20-09.300000`: seconds since 22:20:00."""
    minutes, seconds = label[14:].split("-")[:2]
    return (int(minutes) - 20) * 60 + float(seconds)


def picture_of_nothing():
    return np.full((48, 64, 3), 90, np.uint8)


def seconds_of(clip):
    with av.open(str(clip)) as video:
        return float(video.duration / av.time_base)


def codec_of(clip):
    with av.open(str(clip)) as video:
        return video.streams.video[0].codec_context.name
