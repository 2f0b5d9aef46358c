"""Board, clock, configuration, books and disks, on machines that are laid out."""

import errno
import os
from datetime import UTC, datetime, timedelta

import pytest

from storeguard import durable, marker
from storeguard.books.journal import Journal, Sale
from storeguard.clock import SystemClock
from storeguard.devices.machine import run_command
from storeguard.errors import ConfigInvalid
from storeguard.upkeep.checks import board, shop, storage, time_of_day
from storeguard.upkeep.checks.finding import State

OK, WARN, FAIL, SKIP = State.OK, State.WARN, State.FAIL, State.SKIP
CSV = "상품명, 개수, 가격, 무게\n바나나우유,3,1500,95\n초코바,10,1200,45\n"
NOW = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)


def one(findings):
    [found] = findings
    return found


# --- machines ---

PI_5 = {"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0", "dev/gpiochip0": ""}
PI_4 = {"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0", "dev/gpiochip0": ""}
REAL = """
scales:
  - {id: A, products: [바나나우유], backend: BACKEND, dout_pin: 20, sck_pin: 16,
     calibration: {counts_per_g: 429}}
"""


@pytest.mark.parametrize(
    ("files", "packages", "backend", "state", "says"),
    [
        (PI_5, (), "gpiod", OK, "Raspberry Pi 5 Model B Rev 1.0, 저울 backend: gpiod"),
        (PI_5, (), "hx711", WARN, "60 µs"),
        (PI_4, (), "hx711", OK, "저울 backend: hx711"),
        (PI_4, ("rpi-lgpio",), "hx711", WARN, "rpi-lgpio"),
        (PI_4, ("rpi-lgpio",), "gpiod", OK, "gpiod"),
        ({}, (), "gpiod", FAIL, "GPIO가 없음"),
        ({}, (), "sim", OK, "라즈베리 파이가 아님"),
        (PI_5, (), "sim", OK, "저울 backend 추천: gpiod"),
        (PI_5 | {"sys/bus/iio/devices/iio:device0/name": "hx711\n"}, (), "sim", OK, "추천: iio"),
        ({}, (), "iio", OK, "저울 backend: iio"),
    ],
)
def test_the_board_says_which_backend_suits(
    make_site, lay_out, files, packages, backend, state, says
):
    site = make_site(REAL.replace("BACKEND", backend), machine=lay_out(files, packages=packages))
    found = one(board.board(site))
    assert (found.state, says in found.measured) == (state, True), found


def test_a_gpio_that_may_not_be_opened_names_the_group(make_site, lay_out, monkeypatch):
    def denied(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    site = make_site(REAL.replace("BACKEND", "gpiod"), machine=lay_out(PI_5))
    monkeypatch.setattr(board.os, "open", denied)
    found = one(board.board(site))
    assert (found.state, found.measured.endswith("권한이 없음")) == (FAIL, True)
    assert "gpio" in found.do


@pytest.mark.parametrize(
    ("flags", "state", "says"),
    [
        ("0x0", OK, "정상"),
        ("0x50005", FAIL, "지금 전압이 부족"),
        ("0x50000", WARN, "부족한 적"),
        ("0x80008", WARN, "느려졌"),
        ("0x4", WARN, "느려졌"),
    ],
)
def test_power_is_judged_by_the_firmwares_flags(make_site, lay_out, flags, state, says):
    for machine in (
        lay_out(says={"vcgencmd": f"throttled={flags}\n"}),
        lay_out({"sys/devices/platform/soc/soc:firmware/get_throttled": flags.removeprefix("0x")}),
    ):
        found = one(board.power(make_site(machine=machine)))
        assert (found.state, says in found.measured) == (state, True)


@pytest.mark.parametrize(("alarm", "state"), [("0", OK), ("1", FAIL)])
def test_power_is_judged_by_the_kernels_alarm(make_site, lay_out, alarm, state):
    files = {
        "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
        "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
        "sys/class/hwmon/hwmon1/in0_lcrit_alarm": f"{alarm}\n",
    }
    assert one(board.power(make_site(machine=lay_out(files)))).state is state


def test_a_machine_that_does_not_tell_is_skipped(make_site):
    site = make_site()
    for check in (board.power, board.temperature, board.memory):
        assert one(check(site)).state is SKIP


@pytest.mark.parametrize(("milli", "state"), [("45000", OK), ("82500", WARN), ("odd", SKIP)])
def test_heat(make_site, lay_out, milli, state):
    machine = lay_out({"sys/class/thermal/thermal_zone0/temp": f"{milli}\n"})
    assert one(board.temperature(make_site(machine=machine))).state is state


@pytest.mark.parametrize(("free_kb", "state"), [(3_000_000, OK), (150_000, WARN), (50_000, FAIL)])
def test_memory(make_site, lay_out, free_kb, state):
    machine = lay_out({"proc/meminfo": f"MemTotal: 4000000 kB\nMemAvailable:  {free_kb} kB\n"})
    assert one(board.memory(make_site(machine=machine))).state is state


def test_a_command_that_is_missing_or_fails_says_nothing():
    assert run_command(("storeguard-no-such-command",)) is None
    assert run_command(("false",)) is None
    assert run_command(("echo", "throttled=0x0")) == "throttled=0x0\n"


# --- the clock ---

SYNCED = {"run/systemd/timesync/synchronized": "", "run/systemd/system/x": ""}


@pytest.mark.parametrize(
    ("files", "now", "state", "says"),
    [
        (SYNCED, NOW, OK, "2026-11-20 22:21:04 (Asia/Seoul), 인터넷 시각과 맞음"),
        ({"run/systemd/system/x": ""}, NOW, WARN, "추정"),
        ({}, NOW, OK, "알 수 없음"),
        (SYNCED, datetime(1970, 1, 1, tzinfo=UTC), FAIL, "있을 수 없는"),
        (SYNCED, datetime(2076, 1, 1, tzinfo=UTC), FAIL, "있을 수 없는"),
    ],
)
def test_the_clock(make_site, lay_out, files, now, state, says):
    found = one(time_of_day.time_of_day(make_site(machine=lay_out(files), now=now)))
    assert (found.state, says in found.measured) == (state, True), found


def test_a_clock_behind_what_was_written_here_is_wrong(make_site, lay_out):
    site = make_site(machine=lay_out(SYNCED))
    site.folders.state.mkdir()
    written = site.folders.state / "storeguard.db"
    written.touch()
    later = (NOW + timedelta(days=3)).timestamp()
    os.utime(written, (later, later))
    found = one(time_of_day.time_of_day(site))
    assert (found.state, "2026-11-23 22:21" in found.measured) == (FAIL, True)


# --- configuration and books ---


def test_every_problem_of_the_configuration_is_said_at_once(make_site):
    with pytest.raises(ConfigInvalid) as invalid:
        make_site("scales: [{id: A, products: [없는것], backend: replay}]\ncameras: []\n")
    said = "\n".join(invalid.value.problems)
    assert "'replay' is for a trace" in said
    assert "'없는것' is not in the inventory" in said


def test_a_scale_that_is_not_calibrated_yet_is_no_bad_configuration(make_site):
    make_site(REAL.replace("BACKEND", "gpiod").replace("calibration: {counts_per_g: 429}", ""))


def test_what_is_guarded_is_said(make_site):
    assert one(shop.configuration(make_site())).measured == "강남 1호점: 저울 2, 카메라 1"
    found = one(shop.configuration(make_site("scales: []\n")))
    assert (found.state, "scales" in found.do) == (WARN, True)


@pytest.mark.parametrize(
    ("csv", "states", "says"),
    [
        (CSV, [OK], "상품 2가지, 13개"),
        (CSV + "새우깡,1,1,1\n", [WARN], "새우깡"),
        (CSV.replace(",95", ",0"), [WARN], "무게가 0이라 셀 수 없는 상품: 바나나우유"),
        (CSV + "초코바,1,1,1\n", [FAIL], "inventory_store.csv:4"),
    ],
)
def test_the_inventory(make_site, csv, states, says):
    found = list(shop.inventory(make_site(csv=csv)))
    assert [one.state for one in found] == states
    assert says in found[0].measured


# --- disks ---


def disk_of(free_bytes, free_inodes=10**6):
    fields = (4096, 4096, 10**8, free_bytes // 4096, free_bytes // 4096, 10**7)
    return os.statvfs_result((*fields, free_inodes, free_inodes, 0, 255))


@pytest.mark.parametrize(
    ("disk", "state", "says"),
    [
        (disk_of(20 * 10**9), OK, "여유 20.0 GB, 녹화 약 22시간"),
        (disk_of(400 * 10**6), WARN, "녹화 약 0.4시간"),
        (disk_of(0), FAIL, "여유 0 MB"),
        (disk_of(20 * 10**9, 12), FAIL, "파일을 12개만"),
    ],
)
def test_the_room_on_a_disk_is_said_in_hours_of_recording(
    make_site, monkeypatch, disk, state, says
):
    site = make_site()
    monkeypatch.setattr(storage.os, "statvfs", lambda _: disk)
    found = one(storage.room(site))
    assert (found.state, says in found.measured) == (state, True), found
    assert all(name in found.measured for name in storage.FOLDERS) or free_of_names(found)


def free_of_names(found):
    return "파일을" in found.measured


@pytest.mark.parametrize(
    ("code", "says", "do"),
    [
        (errno.ENOSPC, "저장 공간 없음", "지우세요"),
        (errno.EROFS, "읽기 전용", "카드를 바꾸세요"),
        (errno.EACCES, "권한이 없음", "chown"),
        (errno.EIO, "디스크 오류", "고장"),
        (errno.ENODEV, "쓸 수 없음", "paths"),
    ],
)
def test_a_folder_that_cannot_be_written_says_why(make_site, monkeypatch, code, says, do):
    def refuse(*_, **__):
        raise OSError(code, os.strerror(code))

    site = make_site()
    monkeypatch.setattr(durable, "publish", refuse)
    found = one(storage.folder(site, "inventory"))
    assert (found.state, found.check) == (FAIL, "folder.inventory")
    assert says in found.measured
    assert do in found.do


def test_the_probe_leaves_nothing_behind_and_makes_no_folder(make_site, tmp_path):
    site = make_site()
    before = sorted(tmp_path.rglob("*"))
    for name in storage.FOLDERS:
        assert one(storage.folder(site, name)).state is OK
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_in_place_of_a_folder(make_site, tmp_path):
    site = make_site()
    (tmp_path / "record").touch()
    assert one(storage.folder(site, "record")).state is FAIL


def test_a_slow_card_is_doubtful(make_site):
    class Slow(SystemClock):
        ticks = iter(range(0, 100, 3))

        def now_s(self):
            return float(next(self.ticks))

    found = one(storage.folder(make_site(clock=Slow()), "inventory"))
    assert (found.state, "3000 ms" in found.measured) == (WARN, True)


def test_key_files_that_others_can_read(make_site, lay_out, tmp_path):
    keys = tmp_path / "credentials"
    site = make_site(machine=lay_out(environ={"AWS_SHARED_CREDENTIALS_FILE": str(keys)}))
    assert one(storage.secrets(site)).state is SKIP
    keys.write_text("secret")
    keys.chmod(0o644)
    found = one(storage.secrets(site))
    assert (found.state, found.do) == (FAIL, f"chmod 600 {keys}")
    assert "secret" not in found.measured
    keys.chmod(0o600)
    assert one(storage.secrets(site)).state is OK


def test_folders_of_another_store_or_an_absent_disk_are_wrong(make_site):
    site = make_site()
    assert one(storage.owner(site)).state is SKIP
    site.folders.state.mkdir()
    marker.settle(site.folders, "gangnam-1")
    assert one(storage.owner(site)).state is OK
    (site.folders.record / marker.MARKER).unlink()
    found = one(storage.owner(site))
    assert (found.state, "D309" in found.measured) == (FAIL, True)
    marker.settle(site.folders, "busan-2")
    found = one(storage.owner(site))
    assert (found.state, "busan-2" in found.measured) == (FAIL, True)


# --- the budget ---


def test_a_noise_that_nobody_has_listened_to_is_said_to_be_assumed(make_site):
    site = make_site("scales: [{id: A, products: [바나나우유], backend: sim}]\n")
    assert "잡음 최대 0.36 g (재지 않은 가정)" in one(shop.budget(site)).measured
    assert "(저울 1대에서 잰 값)" in one(shop.budget(site, {"A": 0.2})).measured


def test_what_is_guarded_is_said_of_what_has_been_sold(make_site, tmp_path):
    """The bars lie on no scale: they are most of the stock, and little of what is sold."""
    site = make_site("scales: [{id: A, products: [바나나우유], backend: sim}]\n")
    assert "재고 금액의 27%" in one(shop.budget(site)).measured
    (tmp_path / "state").mkdir()
    journal = Journal.in_folder(tmp_path / "state", fsync=False)
    journal.open()
    for number, (product, count, won) in enumerate(
        [("바나나우유", 6, 9000), ("바나나우유", -1, -1500), ("초코바", 2, 2400), ("", 1, 700)]
    ):
        journal.record_sale(Sale(f"{number}", f"{number}", product, count, won, NOW, "kiosk"))
    journal.close()
    assert "판매 금액의 76%" in one(shop.budget(site)).measured
    (tmp_path / "state" / "storeguard.db").write_bytes(b"no database" * 99)
    assert "재고 금액의 27%" in one(shop.budget(site)).measured


def test_a_freezer_has_a_line_of_its_own_and_its_goods_are_not_called_free(make_site):
    csv = "상품명, 개수, 가격, 무게\n바나나우유,10,1500,95\n메로나,15,1000,75\n얼음,5,500,0\n"
    scales = (
        "scales: [{id: A, products: [바나나우유], backend: sim},\n"
        "  {id: F, kind: bulk, products: [메로나, 얼음], backend: sim, capacity_g: 200000}]\n"
    )
    site = make_site(scales, csv)
    counted, freezer = shop.budget(site)
    assert "재고 금액의 46%를 낱개로 지킴, 그 밖에 냉동고의 상품 46%는" in counted.measured
    assert (freezer.check, freezer.state) == ("budget", OK)
    assert "112 g(2개쯤, 1,500원 안팎)" in freezer.measured
    [weightless] = shop.inventory(site)
    assert "얼음" in weightless.measured
    assert "메로나" not in weightless.measured


def test_a_shop_of_freezers_alone_is_told_of_them(make_site):
    csv = "상품명, 개수, 가격, 무게\n메로나,15,1000,75\n"
    scale = "{id: F, kind: bulk, products: [메로나], backend: sim, capacity_g: 200000}"
    site = make_site(f"scales: [{scale}]\n", csv)
    assert "냉동고 'F'" in one(shop.budget(site)).measured
    assert one(shop.inventory(site)).state == OK
