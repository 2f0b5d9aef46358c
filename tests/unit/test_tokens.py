"""The cloud's page is deployed without the console: its colours are the same by this alone."""

import re
from importlib import resources

STATIC = resources.files("storeguard.web").joinpath("static")


def tokens(css: str) -> list[dict[str, str]]:
    """What each `:root` sets, in order: by day, by night."""
    roots = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return [dict(re.findall(r"(--[\w-]+): ([^;]+);", root)) for root in roots]


def test_the_clouds_page_has_the_consoles_colours():
    page = resources.files("storeguard.cloud").joinpath("page.css").read_text(encoding="utf-8")
    names = ("base.css", "owner.css")
    console = [tokens(STATIC.joinpath(n).read_text(encoding="utf-8"))[0] for n in names]
    ours = tokens(page)
    assert len(ours) == 2
    assert all(len(both) > 10 for both in (*ours, *console))
    own = {"--dark"}  # a bar that the console does not have
    for mine, theirs in zip(ours, console, strict=True):
        shared = {name: value for name, value in mine.items() if name not in own}
        assert shared == {name: theirs.get(name) for name in shared}
