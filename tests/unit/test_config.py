"""config.yaml: every mistake in one go, each with its line and what to do."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from storeguard.config import LARGEST_BYTES, Calibration, Config, Folders, load, parse
from storeguard.desks import facts_of
from storeguard.errors import ConfigInvalid

DESIGN_EXAMPLE = """\
store: {id: gangnam-1, name: 강남 1호점, language: ko, timezone: Asia/Seoul}
paths: {inventory: inventory, record: record, issue_data: issue_data, state: state, event_log: event.txt}
scales:
  - id: A                      # products: here, or by the CSV's 선반 column; disagreement is an error
    products: [바나나우유]
    backend: hx711             # hx711 | gpiod | iio | sim | replay
    dout_pin: 20               # BCM numbers
    sck_pin: 16
    gain: 128
    sample_rate_hz: 10
    capacity_g: 10000
    calibration: {tare_raw: 0, counts_per_g: 429.0}    # optional here; `scale tare|calibrate` keep theirs in state/
cameras:
  - id: door
    backend: picamera          # picamera | opencv | sim | replay
    source: 0                  # camera number, device, URL or file
    record_size_px: [1280, 720]
    watch_fps: 5
    ignore_areas: []           # polygons, 0..1
detector: {backend: auto, model: yolo11n, confidence: 0.4}
visits: {empty_for_s: 5, settle_for_s: 2, payment_grace_s: 10, clip_s: 30}
kiosk: {payment: honour, oversell: allow}
upload: {bucket: null, region: ap-northeast-2, endpoint_url: null, sms_region: ap-northeast-1}
web: {host: 127.0.0.1, port: 8080}
"""  # noqa: E501 - verbatim from the design
HX711 = "{id: %s, backend: hx711, dout_pin: %d, sck_pin: %d}"


def problems(text: str) -> list[str]:
    """The lines that the owner reads, without the file's name."""
    with pytest.raises(ConfigInvalid) as caught:
        parse(text)
    assert all(line.startswith("config.yaml: ") for line in str(caught.value).splitlines())
    assert len(str(caught.value).splitlines()) == len(caught.value.problems)
    return list(caught.value.problems)


# --- what is accepted


def test_the_designs_example_is_accepted_verbatim():
    config = parse(DESIGN_EXAMPLE)
    assert config.store.name == "강남 1호점"
    [scale] = config.scales
    assert (scale.id, scale.products, scale.backend) == ("A", ("바나나우유",), "hx711")
    assert (scale.dout_pin, scale.sck_pin, scale.gain) == (20, 16, 128)
    assert scale.calibration == Calibration(tare_raw=0, counts_per_g=429.0)
    [camera] = config.cameras
    assert (camera.id, camera.source, camera.record_size_px) == ("door", 0, (1280, 720))
    assert camera.ignore_areas == ()
    assert config.upload.bucket is None


def test_the_examples_values_are_the_defaults():
    config, bare = parse(DESIGN_EXAMPLE), parse("store: {id: gangnam-1, name: 강남 1호점}")
    assert bare.model_dump(exclude={"scales", "cameras"}) == config.model_dump(
        exclude={"scales", "cameras"}
    )


def test_a_file_with_a_bom_and_crlf_is_read(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + DESIGN_EXAMPLE.replace("\n", "\r\n").encode())
    assert load(path) == parse(DESIGN_EXAMPLE)


def test_comments_alone_are_a_configuration_of_defaults():
    assert parse("# nothing yet\n") == Config()


def test_areas_and_sources_of_every_kind_are_accepted():
    config = parse(
        "cameras:\n"
        "  - {id: a, backend: opencv, source: 'rtsp://cam/1',\n"
        "     ignore_areas: [[[0, 0], [1, 0], [1, 1]]]}\n"
        "  - {id: b, backend: opencv, source: 1}\n"
    )
    assert [camera.source for camera in config.cameras] == ["rtsp://cam/1", 1]
    assert config.cameras[0].ignore_areas == (((0, 0), (1, 0), (1, 1)),)


def test_a_configuration_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError, match="frozen"):
        parse(DESIGN_EXAMPLE).web.port = 80


def test_paths_are_relative_to_the_files_folder(tmp_path):
    folders = Folders.of(parse("paths: {record: videos/today, state: /var/lib/sg}"), tmp_path)
    assert folders.record == tmp_path / "videos" / "today"
    assert str(folders.state) == "/var/lib/sg"
    assert folders.event_log == tmp_path / "event.txt"


# --- a trace's configuration


def test_a_trace_may_leave_out_the_backends_and_say_when_it_began():
    config = parse(
        "scales: [{id: A}, {id: B, backend: sim}]\n"
        "cameras: [{id: door}]\n"
        "started_at: '2026-11-20T22:00:00+09:00'\n",
        default_backend="replay",
    )
    assert [scale.backend for scale in config.scales] == ["replay", "sim"]
    assert config.cameras[0].backend == "replay"
    assert config.started_at == datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


def test_a_traces_instant_is_understood_by_every_command():
    config = parse("started_at: '2026-11-20T22:00:00+09:00'\n")
    assert config.started_at == datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("started_at: 'yesterday'", "line 1: started_at: input should be a valid datetime"),
        ("started_at: '2026-11-20T22:00:00'", "line 1: started_at: input should have timezone"),
        ("started_at: '2026-11-20T22:00:00Z'", None),
        ("scales: [5]", "line 1: scales[0]: expected a section with keys below it"),
        ("scales:", "line 1: scales: expected a list"),
    ],
)
def test_a_traces_mistakes_are_named_too(text, problem):
    if problem is None:
        started_at = parse(text, default_backend="replay").started_at
        assert started_at is not None
        assert started_at.utcoffset() == timedelta(0)
        return
    with pytest.raises(ConfigInvalid) as caught:
        parse(text, default_backend="replay")
    assert caught.value.problems[0].startswith(problem)


# --- keys


def test_an_unknown_key_is_refused_with_a_suggestion_and_its_line():
    text = DESIGN_EXAMPLE.replace("sample_rate_hz:", "sample_rate_h:")
    assert problems(text) == [
        "line 10: scales[0].sample_rate_h: unknown key; did you mean 'sample_rate_hz'?"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stor: {}", "line 1: stor: unknown key; did you mean 'store'?"),
        ("web:\n  prot: 1", "line 2: web.prot: unknown key; did you mean 'port'?"),
        (
            "web: {zzz: 1}",
            "line 1: web.zzz: unknown key; known here: host, port, kiosk_port, "
            "allowed_hosts, tls_certificate, tls_key, behind_proxy",
        ),
        (
            "scales:\n- id: A\n  backend: sim\n  calibration: {tare: 1, counts_per_g: 2}",
            "line 4: scales[0].calibration.tare: unknown key; did you mean 'tare_raw'?",
        ),
        ("cameras: [{id: A}]", "line 1: cameras[0].backend: is missing"),
    ],
)
def test_wrong_keys_are_named_where_they_stand(text, problem):
    assert problems(text) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("web: {port: 1}\nweb: {port: 2}", "line 2: 'web' is given twice (first in line 1)"),
        (
            "web:\n  port: 1\n  host: a\n  port: 2",
            "line 4: 'web.port' is given twice (first in line 2)",
        ),
        (
            "scales:\n- {id: A, backend: sim,\n   id: B}",
            "line 3: 'scales[0].id' is given twice (first in line 2)",
        ),
    ],
)
def test_a_key_given_twice_is_refused(text, problem):
    assert problems(text) == [problem]


# --- values


@pytest.mark.parametrize(
    "value", ["01012345670", "010_1234", "22:00", "22:00:30", "+821012345670", "-05", "007"]
)
def test_an_unquoted_phone_number_or_time_of_day_says_how_to_quote_it(value):
    [problem] = problems(f"store:\n  name: {value}")
    assert problem == (
        f"line 2: store.name: expected text, got {value}, which YAML takes for something else; "
        f'write "{value}"'
    )
    assert parse(f'store:\n  name: "{value}"').store.name == value


@pytest.mark.parametrize("value", ["22:00", "010"])
def test_a_number_that_yaml_would_misread_is_refused_where_a_number_belongs(value):
    [problem] = problems(f"web: {{port: {value}}}")
    assert problem.startswith(f"line 1: web.port: expected text, got {value}")


@pytest.mark.parametrize("value", ["123", "yes", "1.5", "2026-11-20", "~"])
def test_what_yaml_takes_for_no_text_is_refused_where_text_belongs(value):
    [problem] = problems(f"store: {{name: {value}}}")
    assert problem == (
        f"line 1: store.name: expected text, got {value}, which YAML takes for something else; "
        f'write "{value}"'
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("web: {port: 70000}", "web.port"),
        ("web: {port: '8080'}", "web.port"),
        ("web: {port: 1.5}", "web.port"),
        ("web: {port: true}", "web.port"),
        ("store: {language: jp}", "store.language"),
        ("store: {id: 'a/b'}", "store.id"),
        ("store: {id: receipts}", "store.id"),
        ("store: {name: ''}", "store.name"),
        ("store: {timezone: Asia/Soul}", "store.timezone"),
        ("store: {timezone: ../../etc/passwd}", "store.timezone"),
        ("detector: {confidence: 1.2}", "detector.confidence"),
        ("visits: {settle_for_s: 0}", "visits.settle_for_s"),
        ("visits: {empty_for_s: -1}", "visits.empty_for_s"),
        ("visits: {empty_for_s: .nan}", "visits.empty_for_s"),
        ("visits: {clip_s: .inf}", "visits.clip_s"),
        ("kiosk: {oversell: maybe}", "kiosk.oversell"),
        ("scales: [{id: A, backend: sim, capacity_g: .inf}]", "scales[0].capacity_g"),
        ("scales: [{id: A, backend: sim, gain: 100}]", "scales[0].gain"),
        ("scales: [{id: A, backend: sim, dout_pin: 54}]", "scales[0].dout_pin"),
        (
            "scales: [{id: A, backend: sim, calibration: {counts_per_g: 0}}]",
            "scales[0].calibration.counts_per_g",
        ),
        (
            "scales: [{id: A, backend: sim, calibration: {counts_per_g: .nan}}]",
            "scales[0].calibration.counts_per_g",
        ),
        ("cameras: [{id: a, backend: sim, source: 1.5}]", "cameras[0].source"),
        ("cameras: [{id: a, backend: sim, record_size_px: [0, 720]}]", "cameras[0].record_size_px"),
        ("cameras: [{id: a, backend: sim, record_size_px: [720]}]", "cameras[0].record_size_px"),
        (
            "cameras: [{id: a, backend: sim, ignore_areas: [[[0, 0], [1, 1]]]}]",
            "cameras[0].ignore_areas[0]",
        ),
        (
            "cameras: [{id: a, backend: sim, ignore_areas: [[[0, 0], [1, 1], [1, 640]]]}]",
            "cameras[0].ignore_areas[0]",
        ),
        ("store: 5", "store"),
        ("store:", "store"),
        ("scales: {A: {backend: sim}}", "scales"),
    ],
)
def test_a_wrong_value_is_named_with_line_key_and_what_was_got(text, where):
    found = problems(text)
    assert all(line.startswith(f"line 1: {where}") for line in found)
    assert all("tuple" not in line and "instance" not in line for line in found)


def test_a_wrong_value_says_what_it_got():
    assert problems("web:\n  port: 70000") == [
        "line 2: web.port: input should be less than or equal to 65535, got '70000'"
    ]
    [problem] = problems("store: {timezone: Asia/Soul}")
    assert problem == (
        "line 1: store.timezone: 'Asia/Soul' is no time zone; for example 'Asia/Seoul', "
        "got 'Asia/Soul'"
    )


def test_all_problems_are_told_at_once_in_the_order_of_their_lines():
    text = (
        "stor: {}\n"
        "store:\n"
        "  name: 01012345670\n"
        "web: {port: 70000, hots: a}\n"
        "visits:\n"
        "  clip_s: 1\n"
        "detector: {backend: magic}\n"
    )
    found = problems(text)
    assert [line.partition(":")[0] for line in found] == [
        "line 1",
        "line 3",
        "line 4",
        "line 4",
        "line 6",
        "line 7",
    ]


# --- contradictions


def test_two_wires_on_one_pin_are_refused_with_both_places():
    text = f"scales:\n- {HX711 % ('A', 20, 16)}\n- {HX711 % ('B', 21, 16)}"
    assert problems(text) == [
        "GPIO 16 is used by scales[0].sck_pin (line 2) and scales[1].sck_pin (line 3); "
        "each wire needs a pin of its own"
    ]


def test_one_pin_for_data_and_clock_is_refused():
    assert problems(f"scales: [{HX711 % ('A', 20, 20)}]") == [
        "GPIO 20 is used by scales[0].dout_pin (line 1) and scales[0].sck_pin (line 1); "
        "each wire needs a pin of its own"
    ]


def test_pins_of_simulated_scales_do_not_matter():
    text = "scales: [{id: A, backend: sim, dout_pin: 1}, {id: B, backend: sim, dout_pin: 1}]"
    assert len(parse(text).scales) == 2


def test_a_wired_scale_needs_both_pins():
    assert problems("scales:\n- {id: A, backend: gpiod, sck_pin: 5}") == [
        "line 2: scales[0].dout_pin: is missing; backend gpiod needs it"
    ]


def test_an_id_given_twice_is_refused_with_its_lines():
    text = "cameras:\n- {id: a, backend: sim}\n- {id: b, backend: sim}\n- {id: a, backend: sim}"
    assert problems(text) == ["cameras: the id 'a' is given twice (lines 2 and 4)"]


def test_a_product_on_three_scales_is_refused():
    scales = ", ".join(f"{{id: {name}, backend: sim, products: [우유]}}" for name in "ABC")
    assert problems(f"scales: [{scales}]") == [
        "scales: '우유' is on the scales 'A', 'B' and 'C'; a product belongs to one scale"
    ]


# --- files that are none


def read_problem(path) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        load(path)
    [problem] = caught.value.problems
    assert caught.value.path == str(path)
    return problem


def test_a_missing_file_says_what_to_do(tmp_path):
    assert read_problem(tmp_path / "none.yaml") == (
        "no such file; copy config.yaml of the repository, or name yours with --config"
    )


@pytest.mark.parametrize("content", [b"", b"  \n\n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(tmp_path, content):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    assert read_problem(path) == "the file is empty; copy config.yaml of the repository"


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes("store: {name: 강남}".encode("cp949"))
    assert read_problem(path) == "byte 14 is not UTF-8; save the file as UTF-8"


def test_a_mebibyte_is_refused_unread(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"#" * 2**20)
    assert read_problem(path) == f"1048576 bytes; a configuration has at most {LARGEST_BYTES}"


def test_a_folder_is_refused(tmp_path):
    assert read_problem(tmp_path) == "cannot be read: Is a directory"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("web:\n\tport: 1", "line 2: not valid YAML: found character '\\t' that cannot start any"),
        ("web: {port: 1", "line 1: not valid YAML: expected ',' or '}'"),
        ("a: b: c", "line 1: not valid YAML: mapping values are not allowed here"),
        ("web: {}\n---\nweb: {}", "line 2: not valid YAML: but found another document"),
        ("web: !!python/object:os.system {}", "line 1: web"),
        ("web:\n  port: !secret x", "line 2: not valid YAML: could not determine a constructor"),
        ("web: {}\nb: \x01", "line 2: character #x0001 is not allowed in YAML"),
        ("- a\n- b", "expected keys such as 'store:', got a single value"),
        ("hello", "expected keys such as 'store:', got a single value"),
        ("web: {port: !!int ''}", "line 1: web.port: input should be a valid integer"),
        ("web: {port: !!bool maybe}", "line 1: web.port: input should be a valid integer"),
        ("web: {port: !!timestamp now}", "line 1: web.port: input should be a valid integer"),
    ],
)
def test_what_is_no_configuration_is_one_clear_line(text, problem):
    if problem == "line 1: web":  # a tag on a section is no code that would run
        assert parse(text) == Config()
        return
    [found] = problems(text)
    assert found.startswith(problem)


def test_a_tab_says_how_to_mend_it():
    [problem] = problems("web:\n\tport: 1")
    assert problem.endswith("use blanks instead of tabs")


def test_anchors_that_multiply_are_refused_and_not_spelt_out():
    """Nine levels of nine would be 387 million values, in a file of 300 bytes."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    [problem] = problems("\n".join(levels))
    assert problem.endswith("more than 20000 values; do without anchors")


@pytest.mark.parametrize("text", ["a: &a [*a]", "[" * 30, "{a: " * 30, "a: " + "[" * 30_000])
def test_endless_nesting_is_refused(text):
    [problem] = problems(text)
    assert "nested too deeply" in problem or "not valid YAML" in problem


def test_a_plain_anchor_is_welcome():
    text = "scales:\n- &one {id: A, backend: sim, calibration: &c {counts_per_g: 2.0}}\n"
    text += "- {id: B, backend: sim, calibration: *c}"
    assert parse(text).scales[1].calibration == Calibration(counts_per_g=2.0)


# --- anything at all


yaml_pieces = st.sampled_from(
    [
        *("store:", "web:", "scales:", "cameras:", "visits:", "id:", "port:", "- ", "  ", "\n"),
        *("{", "}", "[", "]", ",", "&a", "*a", "!!int", "!!float", "!!binary", "!!set", "<<:"),
        *("0", "1e9", ".nan", "'", '"', "|", ">", "~", "?", ": ", "#", "\t", "%", "@", "`", "강남"),
        *("2026-99-99", "0x", "0b", "1_", "backend: sim", "!!timestamp", "!!omap", "!!pairs"),
    ]
)


@given(st.lists(yaml_pieces, max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_configuration_or_a_list_of_problems(text):
    config, refused = outcome(text)
    assert config is not None or refused
    assert all(line and "\n" not in line for line in refused)


def outcome(text: str) -> tuple[Config | None, tuple[str, ...]]:
    try:
        return parse(text), ()
    except ConfigInvalid as refused:
        return None, refused.problems


def at_any_place(section: dict[str, object]) -> st.SearchStrategy[str]:
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    )
    places = st.sampled_from([(key, inner) for key, value in section.items() for inner in value])
    return st.tuples(places, junk).map(
        lambda drawn: json.dumps(
            section | {drawn[0][0]: dict(section[drawn[0][0]]) | {drawn[0][1]: drawn[1]}}
        )
    )


sections = {
    "store": {"id": "a", "name": "b", "timezone": "UTC"},
    "visits": {"empty_for_s": 1, "clip_s": 5},
    "web": {"host": "a", "port": 1},
    "upload": {"bucket": None},
}


@given(at_any_place(sections))
def test_any_value_at_any_place_is_taken_or_named(text):
    config, refused = outcome(text)
    assert config is not None or refused
    assert all(line.startswith("line 1: ") for line in refused)


def test_what_is_in_force_is_shown_as_an_owner_writes_it():
    store = "store: {id: s, name: 강남점}\nvisits: {empty_for_s: 7.5}\n"
    text = store + "web: {allowed_hosts: [a.kr, b.kr]}\n"
    shown = {fact.key: fact.value for fact in facts_of(parse(text))}
    assert shown["store.name"] == "강남점"
    assert (shown["visits.empty_for_s"], shown["visits.payment_grace_s"]) == ("7.5", "10")
    assert (shown["web.allowed_hosts"], shown["upload.bucket"]) == ("a.kr, b.kr", "–")
    assert not {value for value in shown.values() if value in ("None", "()", "True", "False", "")}
