"""Addresses that are pages, not streams: YouTube, through yt-dlp (the `video` extra)."""

from typing import Any
from urllib.parse import urlsplit

from storeguard.errors import CameraFault, MissingExtra, masked

HOSTS = ("youtube.com", "youtu.be", "youtube-nocookie.com")
FORMAT = "best[height<=1080][vcodec!=none]/best"
TIMEOUT_S = 15


def is_page(address: str) -> bool:
    """Does a video have to be looked for behind this address?"""
    host = urlsplit(address).hostname or ""
    return any(host == known or host.endswith(f".{known}") for known in HOSTS)


def stream_of(address: str) -> str:
    """The address of the stream itself; it is good for some hours, so ask at every opening.

    Any other address is returned as it is. Raises MissingExtra, or CameraFault with yt-dlp's
    reason.
    """
    if not is_page(address):
        return address
    try:
        import yt_dlp
    except ImportError:
        raise MissingExtra("a YouTube address", "yt-dlp", "video") from None
    options = {
        "format": FORMAT,
        "quiet": True,
        "no_warnings": True,
        "noplaylist": True,
        "socket_timeout": TIMEOUT_S,
    }
    try:
        with yt_dlp.YoutubeDL(options) as extractor:
            found: dict[str, Any] = extractor.extract_info(address, download=False)
    except yt_dlp.utils.DownloadError as error:
        reason = str(error).removeprefix("ERROR: ").splitlines()[0][:200]
        raise CameraFault(f"{masked(address)}: no stream behind it: {reason}") from error
    url = (found or {}).get("url")
    if not url:
        raise CameraFault(f"{masked(address)}: no stream behind it; expected one video or live")
    return str(url)
