"""Network files: the catalogue, where they are looked for, and how they come here."""

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from storeguard.errors import DownloadFailed, ModelCorrupt, ModelFault, ModelMissing
from storeguard.vision import exporting, formats, models

CONTENT = bytes(range(256)) * 800
NETWORK = models.Network(
    name="tiny-net",
    file="tiny_net.onnx",
    url="http://127.0.0.1:9/unused",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size_bytes=len(CONTENT),
    licence="test",
)


@dataclass
class Site:
    """What the server has and how it behaves."""

    content: bytes = CONTENT
    etag: str = '"v1"'
    status: int | None = None
    resumes: bool = True
    cut_after: int | None = None
    stall_after: int | None = None
    announces_size: bool = True
    ranges: list[str | None] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    url: str = ""


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            site.ranges.append(wanted)
            if site.status is not None:
                self.send_error(site.status)
                return
            start = self._start(wanted)
            if start >= len(site.content):
                self.send_error(416)
                return
            self._send(site.content[start:], start)

        def _start(self, wanted: str | None) -> int:
            unchanged = self.headers.get("If-Range") in (None, site.etag)
            if wanted and site.resumes and unchanged:
                return int(wanted.removeprefix("bytes=").removesuffix("-"))
            return 0

        def _send(self, body: bytes, start: int) -> None:
            self.send_response(206 if start else 200)
            if start:
                end = len(site.content) - 1
                self.send_header("Content-Range", f"bytes {start}-{end}/{end + 1}")
            if site.etag:
                self.send_header("ETag", site.etag)
            if site.announces_size:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: site.cut_after or site.stall_after])
            if site.stall_after is not None:
                self.wfile.flush()
                site.ended.wait(30)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    return Handler


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(models, "CATALOGUE", (NETWORK,))
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    yield site
    site.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pull(site: Site, tmp_path: Path) -> Callable[[], Path]:
    return lambda: models.pull("tiny-net", tmp_path, base_url=site.url, timeout_s=5)


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_pulled_network_is_the_pinned_one_and_nothing_else_is_left(site, pull, tmp_path):
    assert pull().read_bytes() == CONTENT
    assert _names(tmp_path) == ["tiny_net.onnx"]


def test_a_genuine_network_is_not_fetched_again(site, pull):
    pull()
    pull()
    assert site.ranges == [None]


def test_the_progress_ends_with_all_bytes(site, tmp_path):
    seen: list[tuple[int, int]] = []
    models.pull(
        "tiny-net",
        tmp_path,
        base_url=site.url,
        progress=lambda here, total: seen.append((here, total)),
    )
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_the_mirror_of_the_environment_is_used(site, tmp_path, monkeypatch):
    monkeypatch.setenv("STOREGUARD_MODELS_URL", f"{site.url}/")
    assert models.pull("tiny-net", tmp_path).read_bytes() == CONTENT


def test_another_content_of_the_same_size_is_refused_and_nothing_is_kept(site, pull, tmp_path):
    site.content = CONTENT[:-1] + b"?"
    wrong = hashlib.sha256(site.content).hexdigest()
    with pytest.raises(ModelCorrupt, match=f"{wrong}.*expected {NETWORK.sha256}"):
        pull()
    assert _names(tmp_path) == []


@pytest.mark.parametrize("content", [b"<html>log in</html>", CONTENT + b"more"])
def test_a_page_of_another_size_is_refused_before_it_is_taken(site, pull, tmp_path, content):
    site.content = content
    with pytest.raises(ModelCorrupt, match=f"has {len(content)} bytes, expected {len(CONTENT)}"):
        pull()
    assert _names(tmp_path) == []


def test_more_bytes_than_pinned_are_refused_though_no_size_was_announced(site, pull, tmp_path):
    site.content, site.announces_size = CONTENT + b"more", False
    with pytest.raises(ModelCorrupt, match="more than"):
        pull()
    assert _names(tmp_path) == []


def test_a_cut_transfer_is_kept_and_resumed_where_it_stopped(site, pull, tmp_path):
    site.cut_after = 100_000
    with pytest.raises(DownloadFailed, match=f"100000 of {len(CONTENT)} bytes"):
        pull()
    assert (tmp_path / "tiny_net.onnx.part").stat().st_size == 100_000
    site.cut_after = None
    assert pull().read_bytes() == CONTENT
    assert site.ranges == [None, "bytes=100000-"]
    assert _names(tmp_path) == ["tiny_net.onnx"]


def test_a_transfer_that_is_cut_again_and_again_still_ends(site, pull):
    site.cut_after = 60_000
    for _ in range(3):
        with pytest.raises(DownloadFailed):
            pull()
    assert pull().read_bytes() == CONTENT
    assert site.ranges == [None, "bytes=60000-", "bytes=120000-", "bytes=180000-"]


def test_a_server_that_cannot_resume_starts_the_file_anew(site, pull):
    site.cut_after = 100_000
    with pytest.raises(DownloadFailed):
        pull()
    site.cut_after, site.resumes = None, False
    assert pull().read_bytes() == CONTENT


def test_a_file_that_changed_on_the_server_is_not_glued_to_the_old_half(site, pull, tmp_path):
    site.content, site.etag, site.cut_after = b"old" * len(CONTENT), '"v0"', 100_000
    site.content = site.content[: len(CONTENT)]
    with pytest.raises(DownloadFailed):
        pull()
    site.content, site.etag, site.cut_after = CONTENT, '"v1"', None
    assert pull().read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_thrown_away(site, pull, tmp_path):
    (tmp_path / "tiny_net.onnx.part").write_bytes(CONTENT + b"more")
    assert pull().read_bytes() == CONTENT
    assert site.ranges == [None]


def test_a_range_that_the_server_refuses_starts_the_file_anew(site, pull, tmp_path):
    (tmp_path / "tiny_net.onnx.part").write_bytes(CONTENT[:-10])
    site.content = CONTENT[:100]
    with pytest.raises(ModelCorrupt, match="has 100 bytes"):
        pull()
    assert site.ranges == [f"bytes={len(CONTENT) - 10}-", None]


def test_a_silent_server_is_left_after_the_time_out(site, tmp_path):
    site.stall_after = 50_000
    with pytest.raises(DownloadFailed, match="broke off after 50000"):
        models.pull("tiny-net", tmp_path, base_url=site.url, timeout_s=0.2)
    assert models.find("tiny-net", (tmp_path,)) is None


def test_a_missing_file_is_said_with_the_servers_answer(site, pull):
    site.status = 404
    with pytest.raises(DownloadFailed, match="answered 404"):
        pull()


def test_a_server_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(DownloadFailed, match="no answer") as caught:
        models.pull("yolox-nano", tmp_path, base_url="http://127.0.0.1:9", timeout_s=5)
    assert "\n" not in str(caught.value)


def test_only_web_addresses_are_asked(tmp_path):
    with pytest.raises(DownloadFailed, match="http"):
        models.pull("yolox-nano", tmp_path, base_url=f"file://{tmp_path}")


def test_a_folder_that_cannot_be_made_is_one_line(site, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadFailed, match="cannot be written"):
        models.pull("tiny-net", tmp_path / "file", base_url=site.url)


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(ModelMissing, match="yolox-nano"):
        models.by_name("yolo99")


@pytest.mark.parametrize(
    ("name", "there", "found"),
    [
        ("yolo11n", ["yolo11n.onnx", "yolo11n_640.onnx"], "yolo11n.onnx"),
        ("yolo11n", ["yolo11n_deq_320.onnx", "yolo11n_deq_640.onnx"], "yolo11n_deq_640.onnx"),
        ("yolox-nano", ["yolox_nano.onnx"], "yolox_nano.onnx"),
        ("YOLOX_nano", ["yolox_nano.onnx"], "yolox_nano.onnx"),
        ("yolo11n", ["yolo11n-pose.onnx", "yolo11n_seg.onnx"], None),
        ("yolo11n", ["yolo11nano.onnx", "yolo11n.onnx.part", "yolo11n.pt"], None),
        ("yolo11n", [], None),
    ],
)
def test_a_name_finds_its_file_as_people_write_it(tmp_path, name, there, found):
    for file in there:
        (tmp_path / file).write_bytes(b"x")
    path = models.find(name, (tmp_path,))
    assert (path and path.name) == found


def test_the_environment_goes_before_the_folder_and_that_before_the_cache(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environ = {"STOREGUARD_MODELS": str(tmp_path / "mine"), "XDG_CACHE_HOME": str(tmp_path / "c")}
    places = models.folders(environ)
    assert places == (tmp_path / "mine", Path("models"), tmp_path / "c" / "storeguard" / "models")
    for place in reversed(places):
        place.mkdir(parents=True)
        (place / "net.onnx").write_bytes(b"x")
        assert models.find("net", places) == place / "net.onnx"


def test_a_missing_network_is_said_with_the_places_and_the_command(tmp_path):
    with pytest.raises(ModelMissing, match=f"{tmp_path}.*storeguard models pull yolox-nano"):
        models.require("yolo11n", (tmp_path,))


def test_a_path_is_taken_as_it_is(tmp_path):
    (tmp_path / "own.onnx").write_bytes(b"x")
    assert models.require(str(tmp_path / "own.onnx"), ()) == tmp_path / "own.onnx"
    with pytest.raises(ModelMissing, match=r"other\.onnx"):
        models.require(str(tmp_path / "other.onnx"), ())


def test_a_catalogued_file_with_another_content_is_not_used(tmp_path):
    (tmp_path / "yolox_nano.onnx").write_bytes(b"half a network")
    with pytest.raises(ModelCorrupt, match=r"sha256 is .* expected c789161e"):
        models.require("yolox-nano", (tmp_path,))


def test_the_listing_tells_genuine_corrupt_missing_and_unpinned_apart(tmp_path, monkeypatch):
    others = [replace(NETWORK, name=f"net-{i}", file=f"net_{i}.onnx") for i in range(2)]
    monkeypatch.setattr(models, "CATALOGUE", (NETWORK, *others))
    (tmp_path / NETWORK.file).write_bytes(CONTENT)
    (tmp_path / "net_0.onnx").write_bytes(CONTENT[:-1])
    (tmp_path / "mine.onnx").write_bytes(b"x")
    states = {line.name: line.state for line in models.listing((tmp_path, tmp_path / "none"))}
    assert states == {"tiny-net": "ok", "net-0": "corrupt", "net-1": "missing", "mine": "unpinned"}


def test_verify_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ModelMissing, match="models pull tiny-net"):
        models.verify(tmp_path / "tiny_net.onnx", NETWORK)


def test_the_catalogue_pins_the_official_file():
    folder = os.environ.get("STOREGUARD_MODELS")
    if not folder:
        pytest.skip("STOREGUARD_MODELS is not set")
    network = models.by_name("yolox-nano")
    path = Path(folder) / network.file
    models.verify(path, network)
    assert path.stat().st_size == network.size_bytes


# --- other formats


def _network_folder(place: Path, name: str) -> Path:
    folder = place / name
    folder.mkdir(parents=True)
    files = ("net.xml", "net.bin") if "ncnn" not in name else formats.NCNN_FILES
    for file in files:
        (folder / file).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("ncnn",), "yolo11n_ncnn_model"),
        (("openvino",), "yolo11n_int8_openvino_model"),
        (("onnx",), "yolo11n.onnx"),
        (("torch",), "yolo11n.pt"),
        (("openvino", "ncnn"), "yolo11n_int8_openvino_model"),
        (("ncnn", "openvino", "onnx"), "yolo11n_ncnn_model"),
    ],
)
def test_a_name_finds_the_format_that_the_backend_reads(tmp_path, wanted, found):
    for name in ("yolo11n_ncnn_model", "yolo11n_int8_openvino_model", "yolo11n-pose_ncnn_model"):
        _network_folder(tmp_path, name)
    for name in ("yolo11n.onnx", "yolo11n.pt"):
        (tmp_path / name).write_bytes(b"x")
    path = models.find("yolo11n", (tmp_path,), wanted=wanted)
    assert path is not None
    assert path.name == found


def test_intels_own_folders_are_found_by_their_description(tmp_path):
    folder = _network_folder(tmp_path, "person-detection-retail-0013")
    (tmp_path / "notes").mkdir()
    found = models.find("person-detection-retail-0013", (tmp_path,), wanted=("openvino",))
    assert found == folder
    assert models.find("notes", (tmp_path,), wanted=formats.FORMATS) is None


def test_a_path_in_another_format_than_the_backends_is_said_so(tmp_path):
    folder = _network_folder(tmp_path, "yolo11n_ncnn_model")
    with pytest.raises(ModelMissing, match="in a format that this backend reads"):
        models.require(str(folder), (), wanted=("onnx",))


def test_a_half_exported_folder_is_no_network(tmp_path):
    _network_folder(tmp_path, ".yolo11n_ncnn_model.1.0.storeguard-tmp")
    assert models.find("yolo11n", (tmp_path,), wanted=("ncnn",)) is None
    assert {line.state for line in models.listing((tmp_path,))} == {"missing"}


def test_the_listing_has_folders_with_their_format_and_size(tmp_path):
    _network_folder(tmp_path, "yolo11n_int8_openvino_model")
    [line] = [one for one in models.listing((tmp_path,)) if one.state == "unpinned"]
    assert (line.name, line.format, line.size_bytes) == ("yolo11n_int8", "openvino", 2)


# --- exporting


@pytest.fixture
def exported(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """The catalogue's network needs an export, which a script of the test makes."""
    network = replace(NETWORK, file="tiny_net.pt", export="tiny_net_ncnn_model")
    monkeypatch.setattr(models, "CATALOGUE", (network,))
    monkeypatch.setattr(exporting, "require_exporter", lambda needed_by: None)

    def exporter(script: str) -> None:
        def command(weights: str) -> list[str]:
            return [sys.executable, "-c", script, weights]

        monkeypatch.setattr(exporting, "exporter", command)

    exporter(GOOD_EXPORT)
    return exporter


GOOD_EXPORT = """
import os, sys
folder = sys.argv[1].replace(".pt", "_ncnn_model")
os.mkdir(folder)
for name in ("model.ncnn.param", "model.ncnn.bin", "metadata.yaml", "model_ncnn.py"):
    open(os.path.join(folder, name), "w").write(os.environ["YOLO_AUTOINSTALL"] + name)
open("debug.bin", "w").close()
print("done")
"""


def test_pulled_weights_are_exported_and_only_the_whole_export_is_there(exported, pull, tmp_path):
    assert pull() == tmp_path / "tiny_net_ncnn_model"
    assert _names(tmp_path) == ["tiny_net.pt", "tiny_net_ncnn_model"]
    kept = [*exporting.NCNN_FILES, "SHA256SUMS"]
    assert _names(tmp_path / "tiny_net_ncnn_model") == sorted(kept)
    assert (tmp_path / "tiny_net_ncnn_model/model.ncnn.bin").read_text() == "falsemodel.ncnn.bin"
    [line] = models.listing((tmp_path,))
    assert (line.name, line.state, line.format) == ("tiny-net", "ok", "ncnn")


def test_an_export_that_is_here_and_genuine_is_not_made_again(exported, pull, site):
    pull()
    exported("raise SystemExit('made again')")
    pull()
    assert site.ranges == [None]


def test_a_damaged_export_is_told_refused_and_made_again(exported, pull, site, tmp_path):
    folder = pull()
    (folder / "model.ncnn.bin").write_bytes(b"falsemodel.ncnn.biN")
    assert [line.state for line in models.listing((tmp_path,))] == ["corrupt"]
    with pytest.raises(ModelCorrupt, match=r"model\.ncnn\.bin: sha256 is .*models pull tiny-net"):
        models.require("tiny-net", (tmp_path,), wanted=("ncnn",))
    pull()
    assert [line.state for line in models.listing((tmp_path,))] == ["ok"]
    assert _names(tmp_path) == ["tiny_net.pt", "tiny_net_ncnn_model"]
    assert site.ranges == [None], "the genuine weights were here already"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("raise SystemExit('no such operator')", "no such operator"),
        ("import os; os.kill(os.getpid(), 11)", "ended by SIGSEGV"),
        ("pass", "made no model.ncnn.param"),
    ],
)
def test_an_export_that_fails_is_one_line_with_the_way_out(exported, pull, tmp_path, script, said):
    exported(script)
    with pytest.raises(ModelFault, match=f"{said}.*storeguard models pull yolox-nano") as caught:
        pull()
    assert "\n" not in str(caught.value)
    assert _names(tmp_path) == ["tiny_net.pt"], "no half folder, and the weights stay"


def test_an_export_that_hangs_is_ended_with_its_children(tmp_path, monkeypatch):
    script = "import subprocess; subprocess.run(['sleep', '60'])"
    monkeypatch.setattr(exporting, "exporter", lambda _: [sys.executable, "-c", script])
    (tmp_path / "net.pt").write_bytes(b"x")
    with pytest.raises(ModelFault, match=r"took over 0\.5 s"):
        exporting.export_ncnn(tmp_path / "net.pt", tmp_path, longest_s=0.5)
    assert _names(tmp_path) == ["net.pt"]


def test_what_a_killed_export_left_is_swept_by_the_next(exported, pull, tmp_path):
    left = tmp_path / ".tiny_net_ncnn_model.1.0.storeguard-tmp"
    (left / "deep").mkdir(parents=True)
    pull()
    assert not left.exists()


def test_weights_of_another_content_are_never_exported(exported, pull, site, tmp_path):
    site.content = CONTENT[:-1] + b"?"
    with pytest.raises(ModelCorrupt, match=r"sha256.*storeguard models pull yolox-nano"):
        pull()
    assert _names(tmp_path) == []


def test_offline_the_way_out_is_said(exported, site, tmp_path):
    with pytest.raises(DownloadFailed, match=r"no answer.*storeguard models pull yolox-nano"):
        models.pull("tiny-net", tmp_path, base_url="http://127.0.0.1:9", timeout_s=5)


def test_without_ultralytics_nothing_is_fetched_and_the_way_out_is_said(
    site, pull, tmp_path, monkeypatch
):
    network = replace(NETWORK, file="tiny_net.pt", export="tiny_net_ncnn_model")
    monkeypatch.setattr(models, "CATALOGUE", (network,))
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    expected = r"pip install 'storeguard\[yolo\]'; or .*storeguard models pull yolox-nano"
    with pytest.raises(ModelFault, match=expected):
        pull()
    assert site.ranges == []
    assert _names(tmp_path) == []


def test_a_cut_transfer_of_weights_is_resumed_before_the_export(exported, pull, site, tmp_path):
    site.cut_after = 100_000
    with pytest.raises(DownloadFailed, match="100000 of"):
        pull()
    site.cut_after = None
    assert pull().is_dir()
    assert site.ranges == [None, "bytes=100000-"]


def test_a_folder_exported_elsewhere_has_nothing_to_compare_with(tmp_path):
    folder = _network_folder(tmp_path, "yolo11n_ncnn_model")
    network = models.by_name("yolo11n")
    assert models.verify(folder, network) is False
    [line] = [one for one in models.listing((tmp_path,)) if one.name == "yolo11n"]
    assert line.state == "unpinned"
