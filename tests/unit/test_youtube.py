"""YouTube addresses: yt-dlp finds the stream behind the page."""

import sys
import types

import pytest

from storeguard.errors import CameraFault, MissingExtra
from storeguard.streams import is_page, stream_of

PAGE = "https://www.youtube.com/watch?v=abc"


class DownloadError(Exception):
    """As yt-dlp's."""


@pytest.fixture
def found(monkeypatch):
    """What the extractor finds; an exception is raised."""
    answer = {"info": {"url": "https://video.example/live.m3u8"}, "asked": []}

    class YoutubeDL:
        def __init__(self, options):
            assert options["noplaylist"]

        def __enter__(self):
            return self

        def __exit__(self, *_):
            """Nothing to end."""

        def extract_info(self, address, download):
            assert not download
            answer["asked"].append(address)
            if isinstance(answer["info"], Exception):
                raise answer["info"]
            return answer["info"]

    module = types.ModuleType("yt_dlp")
    module.YoutubeDL = YoutubeDL
    module.utils = types.SimpleNamespace(DownloadError=DownloadError)
    monkeypatch.setitem(sys.modules, "yt_dlp", module)
    return answer


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        (PAGE, True),
        ("https://youtu.be/abc", True),
        ("https://m.youtube.com/live/abc", True),
        ("https://notyoutube.com/abc", False),
        ("rtsp://192.168.0.20/youtube.com", False),
        ("/srv/youtube.com.mp4", False),
    ],
)
def test_only_youtubes_own_hosts_are_pages(address, is_one):
    assert is_page(address) == is_one


def test_the_stream_behind_the_page_is_asked_for_each_time(found):
    assert stream_of(PAGE) == "https://video.example/live.m3u8"
    stream_of(PAGE)
    assert found["asked"] == [PAGE, PAGE]


def test_any_other_address_stays_as_it_is():
    assert stream_of("rtsp://cam/1") == "rtsp://cam/1"


@pytest.mark.parametrize(
    "info", [DownloadError("ERROR: Video unavailable\nmore"), {}, None, {"url": ""}]
)
def test_a_page_without_a_stream_is_a_fault_in_one_line(found, info):
    found["info"] = info
    with pytest.raises(CameraFault, match="no stream behind it") as caught:
        stream_of(PAGE)
    assert "\n" not in str(caught.value)


def test_without_yt_dlp_the_install_line_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    with pytest.raises(MissingExtra, match=r"storeguard\[video\]"):
        stream_of(PAGE)
