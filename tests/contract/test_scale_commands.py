"""`storeguard scale …` from the shell's side, over simulated cells and chips at pin level.

The installer is the standard input: each line that is read is a deed at the scale first.
"""

import io
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from storeguard import config as cfg
from storeguard import hardware, printing
from storeguard.books.calibrations import CalibrationFile, Kept
from storeguard.books.records import ZeroFile
from storeguard.cli import main
from storeguard.devices import gpiod, hx711
from storeguard.devices.sim import gpiod_module, rpi_gpio
from storeguard.devices.sim.hx711_chip import Hx711Chip, SimTime
from storeguard.devices.sim.scale import SimScale
from storeguard.devices.sim.world import World
from storeguard.domain.product import Product
from storeguard.lock import FolderLock
from storeguard.upkeep import scales

STARTED_AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
DOUT, SCK = 20, 16
BOTTLE = Product("바나나우유", 1500, 265.0, tolerance_g=2.0)
CSV = "상품명, 개수, 가격, 무게, 허용오차\n바나나우유,6,1500,265,2\n스티커,9,500,0,\n"
ENDS_S = 3600.0

Deed = Callable[[], object]


class BenchClock:
    """Time that passes only while the command waits."""

    def __init__(self) -> None:
        self._now_s = 1000.0

    def now_s(self) -> float:
        return self._now_s

    def utc(self) -> datetime:
        return STARTED_AT + timedelta(seconds=self._now_s)

    def sleep(self, seconds: float) -> None:
        self._now_s += seconds


class Hands(io.RawIOBase):
    """A standard input that acts: for each line that the command reads one deed is done."""

    def __init__(self, deeds: "list[Deed | str]") -> None:
        self._deeds = list(deeds)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._deeds:
            return 0
        deed = self._deeds.pop(0)
        line = deed if isinstance(deed, str) else ""
        if not isinstance(deed, str):
            deed()
        said = f"{line}\n".encode()
        buffer[: len(said)] = said
        return len(said)


def say(*arguments: str, hands: "list[Deed | str] | None" = None) -> Result:
    stdin = io.BufferedReader(Hands(hands or []))
    return CliRunner().invoke(main, ["scale", *arguments], input=stdin)


def nothing() -> None:
    """Enter, and no deed."""


def only_line(result: Result) -> str:
    """What went wrong, which is one line without a traceback. Prompts end in a blank."""
    assert result.exit_code in (1, 2), result.output
    [line] = [line for line in result.stderr.splitlines() if "storeguard: " in line]
    return line


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


class Shop:
    """A folder with a configuration of one simulated scale, and hands in its world."""

    def __init__(self, folder: Path, clock: BenchClock) -> None:
        self.folder = folder
        self.clock = clock
        self.state = folder / "state"
        self.world = World({"A": [BOTTLE]}, {}, clock)
        self.noise_g = 0.25
        self.drift_g_per_h = 0.0
        self._things = 0
        (folder / "inventory").mkdir()
        (folder / "inventory" / "inventory_store.csv").write_text(CSV, encoding="utf-8")
        self.configure()

    def configure(self, more: str = "", language: str = "ko") -> None:
        (self.folder / "config.yaml").write_text(
            f"store: {{language: {language}}}\n"
            f"scales: [{{id: A, products: [바나나우유], backend: sim{more}}}]\n",
            encoding="utf-8",
        )

    def make(self, _config: Any, scale: cfg.Scale, *_: Any) -> SimScale:
        return SimScale(
            scale, self.world, self.clock, noise_g=self.noise_g, drift_g_per_h=self.drift_g_per_h
        )

    def put(self, grams: float) -> Deed:
        def deed() -> None:
            self._things += 1
            self.world.put_thing("A", f"weight {self._things}", grams)

        return deed

    def clear(self) -> None:
        for scale, thing in list(self.world.things()):
            self.world.lift_thing(scale, thing)

    @property
    def kept(self) -> "Kept | None":
        return CalibrationFile(self.state).load().get("A")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    clock = BenchClock()
    made = Shop(tmp_path, clock)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scales, "CommandClock", lambda: clock)
    monkeypatch.setattr(hardware, "scale_alone", made.make)
    return made


# --- calibrate -------------------------------------------------------------------------------


def test_a_known_mass_calibrates_the_scale(shop: Shop) -> None:
    done = say(
        "calibrate", "A", "--mass", "500", "--json", hands=[nothing, shop.put(500), shop.clear]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["counts_per_g"] == pytest.approx(429, rel=0.002)
    assert said["tare_raw"] == pytest.approx(84_000, abs=60)
    assert 0 < said["error_percent"] < 0.1
    assert abs(said["zero_return_g"]) < 0.2
    assert shop.kept is not None
    assert shop.kept.counts_per_g == pytest.approx(said["counts_per_g"], abs=1e-3)
    assert shop.kept.how == "scale calibrate, 500 g"
    assert shop.kept.made_at.tzinfo is not None


def test_it_guides_in_korean_and_in_english_by_setting(shop: Shop) -> None:
    korean = say("calibrate", "A", "--mass", "500", hands=[nothing, shop.put(500), shop.clear])
    assert "비우고" in korean.stderr
    assert "추 500 g을" in korean.stderr
    assert "모두 내리고" in korean.stderr
    assert "보정 완료" in korean.stdout
    assert "오차 ±0.0" in korean.stdout
    shop.configure(language="en")
    english = say("calibrate", "A", "--mass", "500", hands=[nothing, shop.put(500), shop.clear])
    assert "Take everything off" in english.stderr
    assert "scale A is calibrated" in english.stdout


def test_one_bottle_then_five_average_the_error_of_one(shop: Shop) -> None:
    one = say(
        "calibrate", "A", "--product", "바나나우유", "--count", "1", "--json",
        hands=[nothing, shop.put(266.1), shop.clear],
    )  # fmt: skip
    both = say(
        "calibrate", "A", "--product", "바나나우유", "--json",
        hands=[nothing, shop.put(266.1), shop.put(1060.3), shop.clear],
    )  # fmt: skip
    rough, fine = json.loads(one.stdout), json.loads(both.stdout)
    assert "4개를 더 올려 모두 5개" in both.stderr
    assert fine["error_percent"] < rough["error_percent"] / 2
    for said in (rough, fine):
        off_percent = abs(said["counts_per_g"] / 429 - 1) * 100
        assert off_percent < 3 * said["error_percent"]
    assert shop.kept is not None
    assert shop.kept.how == "scale calibrate, 바나나우유: 1, 5"


def test_without_options_it_asks_and_enter_means_the_scales_own_product(shop: Shop) -> None:
    typed = say("calibrate", "A", hands=["500", nothing, shop.put(500), shop.clear])
    assert typed.exit_code == 0, typed.output
    assert "'바나나우유'" in typed.stderr
    own = say("calibrate", "A", hands=["", nothing, shop.put(265), shop.put(1060), shop.clear])
    assert own.exit_code == 0, own.output
    wrong = say("calibrate", "A", hands=["a bag"])
    assert "'a bag': is no mass, expected grams" in only_line(wrong)


@pytest.mark.parametrize("mass_g", ["inf", "nan", "10001"])
def test_a_mass_that_the_cell_cannot_carry_is_refused_before_anybody_empties_the_shelf(
    shop: Shop, mass_g: str
) -> None:
    answer = say("calibrate", "A", "--mass", mass_g)
    assert answer.exit_code == 1
    assert "expected up to 10000 g, the scale's capacity_g; nothing was kept" in only_line(answer)
    assert shop.kept is None


@pytest.mark.parametrize(
    ("deeds", "said"),
    [
        (["", "put", ""], "the empty scale came back"),
        (["", "", ""], "the load moved the cell by"),
        (["put", "", ""], "the load moved the cell by"),
        (["", "light", ""], "take a heavier load"),
        (["", "unplug"], "it is unplugged"),
        (["unplug"], "it is unplugged"),
        (["", "saturate"], "saturated at"),
        (["", "put"], "stdin has ended before all was answered"),
        ([], "stdin has ended before all was answered"),
        (["shake"], "not at rest within 30 s"),
    ],
)
def test_what_goes_wrong_is_one_line_and_nothing_is_kept(
    shop: Shop, deeds: list[str], said: str
) -> None:
    acts: dict[str, Deed] = {
        "": nothing,
        "put": shop.put(500),
        "light": shop.put(3),
        "unplug": lambda: shop.world.unplug("A"),
        "saturate": lambda: shop.world.saturate("A"),
        "shake": lambda: setattr(shop.world, "load_g", shaking),
    }
    done = say("calibrate", "A", "--mass", "500", hands=[acts[deed] for deed in deeds])
    assert said in only_line(done)
    assert done.stdout == ""
    assert shop.kept is None


def shaking(_scale: str, t_s: float) -> float:
    """A load that grows for ever."""
    return 2.0 * t_s


def test_a_weight_that_lay_there_when_it_should_have_been_empty_is_noticed(shop: Shop) -> None:
    assert say(
        "calibrate", "A", "--mass", "500", hands=[nothing, shop.put(500), shop.clear]
    ).exit_code == 0  # fmt: skip
    before = shop.kept
    done = say("calibrate", "A", "--mass", "500", hands=[shop.put(500), shop.clear, shop.put(500)])
    assert "counts a gram, but" in only_line(done)
    assert shop.kept == before


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--mass", "500", "--product", "바나나우유"), 2, "either --mass, or --product"),
        (("--count", "3"), 2, "either --mass, or --product"),
        (("--mass", "0"), 2, "--mass"),
        (("--product", "콜라"), 1, "'콜라': no such product"),
        (("--product", "스티커"), 1, "has no unit weight"),
        (("--product", "바나나우유", "--count", "5", "--count", "1"), 1, "they have to grow"),
        (("--mass", "0.5"), 1, "correct the mass (in grams)"),
    ],
)
def test_wrong_usage_is_one_line(
    shop: Shop, options: tuple[str, ...], code: int, said: str
) -> None:
    done = say("calibrate", "A", *options, hands=[nothing, shop.put(500), shop.clear])
    assert done.exit_code == code
    assert said in only_line(done)
    assert shop.kept is None


# --- tare ------------------------------------------------------------------------------------


def test_a_tare_takes_the_empty_scale_for_zero_and_drops_the_remembered_one(shop: Shop) -> None:
    shop.state.mkdir()
    zeros = ZeroFile(shop.state / "scales.json")
    zeros.save({"A": 40.0, "B": 7.0})
    shop.put(40)()
    done = say("tare", "A", "--json")
    said = json.loads(done.stdout)
    assert said["moved_g"] == pytest.approx(40, abs=0.5)
    assert said["is_large"]
    assert shop.kept is not None
    assert shop.kept.counts_per_g == 429
    assert zeros.load() == {"B": 7.0}
    read = say("read", "A", "--for", "2", "--json")
    grams = [json.loads(line)["grams"] for line in read.stdout.splitlines()]
    assert max(map(abs, grams)) < 2


def test_a_tare_says_what_it_did_and_asks_whether_the_scale_was_empty(shop: Shop) -> None:
    near = say("tare", "A")
    assert "영점을" in near.stdout
    assert "확인 필요" not in near.stdout
    shop.put(530)()
    assert "확인 필요" in say("tare", "A").stdout


def test_a_tare_keeps_the_error_of_the_calibration(shop: Shop) -> None:
    say("calibrate", "A", "--mass", "500", hands=[nothing, shop.put(500), shop.clear])
    assert shop.kept is not None
    error = shop.kept.error_percent
    say("tare", "A")
    assert shop.kept.error_percent == error
    assert shop.kept.how == "scale tare"


# --- diagnose --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "code", "finding", "korean", "english"),
    [
        ("", 0, None, "정상", "in order"),
        ("unplug", 1, "no_reading", "값이 오지 않습니다", "No value arrives"),
        ("saturate", 1, "saturated", "값이 끝에 닿았습니다", "its end"),
        ("noisy", 1, "noisy", "너무 흔들려서", "trembles too much"),
        ("drifting", 1, "drifting", "값이 계속 흐릅니다", "keeps moving"),
    ],
)
def test_a_diagnosis_in_words_and_as_data(
    shop: Shop, deed: str, code: int, finding: "str | None", korean: str, english: str
) -> None:
    if deed in ("unplug", "saturate"):
        getattr(shop.world, deed)("A")
    shop.noise_g = 5.0 if deed == "noisy" else 0.25
    shop.drift_g_per_h = 3000.0 if deed == "drifting" else 0.0
    words = say("diagnose", "A")
    data = say("diagnose", "A", "--for", "8", "--json")
    shop.configure(language="en")
    spoken = say("diagnose", "A")
    assert (words.exit_code, data.exit_code) == (code, code)
    assert korean in words.stdout
    assert english in spoken.stdout
    said = json.loads(data.stdout)
    assert said["ok"] is (code == 0)
    assert said["findings"] == ([finding] if finding else [])
    assert said["span_s"] <= 8
    if finding is None:
        assert said["rate_hz"] == pytest.approx(10, abs=0.2)
        assert said["rms_g"] == pytest.approx(0.25, abs=0.1)


# --- list and read ---------------------------------------------------------------------------


def test_the_list_says_where_a_calibration_is_from(shop: Shop) -> None:
    def calibration() -> Any:
        return json.loads(say("list", "--json").stdout)["calibration"]

    assert calibration() == {"tare_raw": 84_000, "counts_per_g": 429.0, "from": "sim"}
    shop.configure(", calibration: {tare_raw: 10, counts_per_g: 400.0}")
    assert calibration()["from"] == "config"
    say("calibrate", "A", "--mass", "500", hands=[nothing, shop.put(500), shop.clear])
    assert calibration()["from"] == "state"
    assert calibration()["error_percent"] > 0
    shop.configure(", calibration: {tare_raw: 10, counts_per_g: 401.0}")
    assert calibration()["from"] == "config", "edited since"
    shown = say("list").stdout
    assert "바나나우유" in shown
    assert "401" in shown


def test_an_uncalibrated_scale_is_listed_with_what_to_do(shop: Shop) -> None:
    (shop.folder / "config.yaml").write_text(
        "scales: [{id: A, backend: hx711, dout_pin: 5, sck_pin: 6}]\n", encoding="utf-8"
    )
    shown = say("list").stdout
    assert "DT 5, SCK 6" in shown
    assert "storeguard scale calibrate A" in shown
    assert json.loads(say("list", "--json").stdout)["calibration"] is None


def test_a_reading_shows_grams_and_the_count_of_its_product(shop: Shop) -> None:
    shop.put(3 * 265)()
    plain = say("read", "A", "--for", "3")
    assert plain.exit_code == 0
    lines = plain.stdout.splitlines()
    assert 2 <= len(lines) <= 3, "a line a second"
    assert all("바나나우유 3개" in line and " g  ±0." in line for line in lines)
    data = [json.loads(line) for line in say("read", "--for", "3", "--json").stdout.splitlines()]
    assert len(data) == pytest.approx(30, abs=2)
    assert data[-1]["count"] == 3
    assert data[-1]["is_certain"]
    assert data[-1]["spread_g"] == pytest.approx(0.25, abs=0.15)
    assert data[-1]["t_s"] == pytest.approx(3, abs=0.2)


def test_what_is_no_whole_number_of_units_is_shown_with_a_doubt(shop: Shop) -> None:
    shop.put(2.5 * 265)()
    assert "개 ?" in say("read", "A", "--for", "3").stdout


def test_a_reading_that_fails_says_why_and_the_command_fails(shop: Shop) -> None:
    shop.world.unplug("A")
    done = say("read", "A", "--for", "3")
    assert done.exit_code == 1
    assert "값 없음: scale 'A': no data from the simulated cell" in done.stdout


def test_a_terminal_has_one_line_that_is_rewritten(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storeguard.cli import scale as verbs

    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    monkeypatch.setattr(verbs.sys, "stdout", Terminal())
    drawn: list[str] = []
    monkeypatch.setattr(verbs.click, "echo", drawn.append)
    show = verbs._line_shower("ko")
    from storeguard.upkeep.scaling import Shown

    for n in range(20):
        show(n / 10, [Shown("A", n / 10, None, None, 0.0, 0.0, None, None, False, "끊김 " * 99)])
    assert len(drawn) == pytest.approx(2 / 0.25, abs=2)
    assert drawn[0].startswith("\x1b[2K")
    assert all(one.startswith("\x1b[1F\x1b[2K") for one in drawn[1:])
    assert all(printing.width(one) < 100 for one in drawn), "no line may wrap"


@pytest.mark.parametrize("command", ["read", "diagnose", "calibrate", "tare"])
def test_ctrl_c_closes_the_scale_and_keeps_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shop.clock, "sleep", interrupted)
    options = {"calibrate": ["--mass", "500"]}.get(command, [])
    done = say(command, "A", *options, hands=[nothing])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert shop.kept is None
    lock = FolderLock(shop.state)
    lock.acquire()
    lock.release()


def test_ctrl_c_is_how_a_reading_is_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.put(265)()
    passes, left = shop.clock.sleep, iter(range(25))

    def sleep(seconds: float) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        passes(seconds)

    monkeypatch.setattr(shop.clock, "sleep", sleep)
    done = say("read")
    assert done.exit_code == 0
    assert "바나나우유 1개" in done.stdout
    assert done.stderr == ""


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["read", "tare", "calibrate", "diagnose"])
def test_an_unknown_scale_is_one_line(shop: Shop, command: str) -> None:
    line = only_line(say(command, "B"))
    assert "scale 'B': no such scale in the configuration; known: A" in line


@pytest.mark.parametrize("command", ["read", "tare", "calibrate", "diagnose"])
def test_while_the_daemon_runs_the_line_says_how_to_stop_it(shop: Shop, command: str) -> None:
    shop.state.mkdir()
    lock = FolderLock(shop.state)
    lock.acquire()
    try:
        line = only_line(say(command, "A"))
        assert say("list").exit_code == 0
    finally:
        lock.release()
    assert "stop it first: sudo systemctl stop storeguard" in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is damaged"),
        ('{"version": 1, "scales": {"A": {"tare_raw": "x"}}}', "is damaged: scales.A.tare_raw"),
        ('{"scales": {}}', "is damaged: version"),
        ('{"version": 2, "scales": {}}', "a newer storeguard has written it"),
        (" " * 300_000, "over 262144 bytes"),
    ],
)
@pytest.mark.parametrize("command", [("list",), ("tare", "A"), ("diagnose", "A")])
def test_a_damaged_file_is_one_line_and_stays_as_it_is(
    shop: Shop, content: str, said: str, command: tuple[str, ...]
) -> None:
    shop.state.mkdir()
    path = shop.state / "calibrations.json"
    path.write_text(content)
    line = only_line(say(*command))
    assert f"{path}: " in line
    assert said in line
    assert path.read_text() == content


# --- chips at pin level ----------------------------------------------------------------------


class PacedTime(SimTime):
    """The device's thread spends this time only while the command waits, in step with it."""

    def __init__(self) -> None:
        super().__init__(ENDS_S)
        self._step = threading.Condition()
        self._until_s = 0.0

    def utc(self) -> datetime:
        return STARTED_AT

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        with self._step:
            self._step.notify_all()
            if self.now_s() > self._until_s:
                self._step.wait(0.02)


class PinClock:
    """The command's clock over that time."""

    def __init__(self, time: PacedTime) -> None:
        self._time = time
        self.now_s, self.utc = time.now_s, time.utc

    def sleep(self, seconds: float) -> None:
        time = self._time
        until_s = time.now_s() + seconds
        with time._step:
            time._until_s = until_s
            time._step.notify_all()
            assert time._step.wait_for(lambda: time.now_s() >= until_s, 30)


class Rig:
    """One chip on two pins, its cell, and a shop whose only scale it is."""

    def __init__(self, folder: Path, time: PacedTime, backend: str) -> None:
        self.load_g = 0.0
        self.is_saturated = False
        self.chip = Hx711Chip(time, self._raw_at)
        self.folder = folder
        (folder / "inventory").mkdir()
        (folder / "inventory" / "inventory_store.csv").write_text(CSV, encoding="utf-8")
        (folder / "config.yaml").write_text(
            f"scales: [{{id: A, products: [바나나우유], backend: {backend}, dout_pin: {DOUT}, "
            f"sck_pin: {SCK}}}]\n",
            encoding="utf-8",
        )

    def _raw_at(self, t_s: float, _gain: int) -> int:
        if self.is_saturated:
            return 1 << 30
        jitter = random.Random(round(t_s * 1e6)).gauss(0, 100)
        return round(-31_000 + 415.5 * self.load_g + jitter)

    def put(self, grams: float) -> Deed:
        return lambda: setattr(self, "load_g", grams)


@contextmanager
def wired(backend: str, time: PacedTime) -> Iterator[Any]:
    if backend == "gpiod":
        with gpiod_module.installed(gpiod_module.SimGpiod(time)) as module:
            yield module
    else:
        with rpi_gpio.installed(rpi_gpio.SimGpio(time)) as module:
            yield module


@pytest.fixture(params=["hx711", "gpiod"])
def rig(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    time = PacedTime()
    dev = tmp_path / "dev"
    dev.mkdir()
    for name in ("gpiochip0", "gpiochip1"):
        (dev / name).touch()
    open_gpiod = gpiod.open_gpiod
    clock = PinClock(time)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hx711, "SystemPinClock", lambda: time)
    monkeypatch.setattr(gpiod, "open_gpiod", lambda s, c: open_gpiod(s, c, time, dev))
    monkeypatch.setattr(scales, "CommandClock", lambda: clock)
    with wired(request.param, time) as module:
        made = Rig(tmp_path, time, request.param)
        module.wire(made.chip, dout_pin=DOUT, sck_pin=SCK)
        yield made
        assert not module.pins_in_use


def test_a_real_chip_is_calibrated_and_then_counts(rig: Rig) -> None:
    done = say(
        "calibrate", "A", "--product", "바나나우유", "--json",
        hands=[nothing, rig.put(265), rig.put(1325), rig.put(0)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["counts_per_g"] == pytest.approx(415.5, rel=0.002)
    assert said["tare_raw"] == pytest.approx(-31_000, abs=60)
    rig.load_g = 4 * 265
    read = [json.loads(line) for line in say("read", "--for", "3", "--json").stdout.splitlines()]
    assert read[-1]["count"] == 4
    assert read[-1]["is_certain"]
    config = cfg.load(rig.folder / "config.yaml")
    made = hardware.from_config(config, {}, {}, scales.CommandClock(), base=rig.folder)
    assert made.calibrations["A"].counts_per_g == pytest.approx(415.5, rel=0.002)


def test_a_real_chip_is_diagnosed(rig: Rig) -> None:
    found = json.loads(say("diagnose", "A", "--json").stdout)
    assert found["findings"] == ["uncalibrated"]
    assert found["rate_hz"] == pytest.approx(10, rel=0.05)
    assert found["rms_g"] is None
    rig.is_saturated = True
    assert json.loads(say("diagnose", "A", "--json").stdout)["findings"][0] == "saturated"
    rig.is_saturated = False
    rig.chip.unplug()
    found = json.loads(say("diagnose", "A", "--json").stdout)
    assert found["findings"][0] == "no_reading"
    assert "check power and wiring" in found["why"]


@pytest.mark.parametrize(("rate_hz", "finding"), [(6.5, "too_slow"), (80.0, "too_fast")])
def test_a_board_at_another_rate_than_configured_is_found(
    rig: Rig, rate_hz: float, finding: str
) -> None:
    rig.chip._period_ns = round(1e9 / rate_hz)
    found = json.loads(say("diagnose", "A", "--json").stdout)
    assert found["findings"] == [finding, "uncalibrated"]


def test_an_unplugged_chip_ends_the_calibration_with_the_devices_own_words(rig: Rig) -> None:
    rig.chip.unplug()
    done = say("calibrate", "A", "--mass", "500", hands=[nothing])
    line = only_line(done)
    assert "DOUT never went low; check power and wiring of the board" in line
    assert "storeguard scale diagnose A" in line


def test_a_scale_without_calibration_cannot_be_tared(rig: Rig) -> None:
    line = only_line(say("tare", "A"))
    assert "has no calibration yet, which takes the zero too" in line
    assert "run: storeguard scale calibrate A" in line
