"""HTML from the templates, in the store's language, with what every page of the console needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request

from storeguard.messages import text, texts
from storeguard.web.door import Caller
from storeguard.web.view import ShopView


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of the console's navigation; `is_owners`: staff does not see it."""

    path: str
    key: str
    is_owners: bool = False


TABS: tuple[Tab, ...] = (
    Tab("/", "nav.now"),
    Tab("/issues", "nav.issues", is_owners=True),
    Tab("/inventory", "nav.inventory", is_owners=True),
    Tab("/visits", "nav.visits", is_owners=True),
    Tab("/days", "nav.days", is_owners=True),
    Tab("/devices", "nav.devices"),
    Tab("/settings", "nav.settings", is_owners=True),
    Tab("/people", "nav.people", is_owners=True),
)
NOBODY = Caller("", "staff")


UNBROKEN = str.maketrans({"-": "\u2011", " ": "\u00a0"})


def unbroken(moment: str) -> str:
    """A date and time that stays on one line."""
    return moment.translate(UNBROKEN)


class Pages:
    """Renders. A page carries its first data, its script renders it and what follows."""

    def __init__(self, view: ShopView, *, has_desks: bool = True) -> None:
        """`has_desks`: the pages that need journal and books are there."""
        self._view = view
        self._tabs = TABS if has_desks else TABS[:1]
        self._templates = Environment(
            loader=PackageLoader("storeguard.web"), autoescape=True, undefined=StrictUndefined
        )
        self._templates.filters["unbroken"] = unbroken
        self._templates.filters["won"] = lambda won: self.say("page.won", won=f"{won:,}")

    @property
    def language(self) -> str:
        return self._view.language

    def say(self, key: str, /, **values: object) -> str:
        return text(self.language, key, **values)

    def page(self, template: str, prefixes: tuple[str, ...], **values: Any) -> HTMLResponse:
        """A page that anybody may see."""
        words = texts(self.language, "page.", *prefixes)
        shown = self._templates.get_template(template).render(
            language=self.language, texts=words, say=self.say, **values
        )
        return HTMLResponse(shown)

    def console(
        self, request: Request, template: str, prefixes: tuple[str, ...], **values: Any
    ) -> HTMLResponse:
        """A page of the console, for whoever has signed in."""
        caller: Caller = request.state.caller or NOBODY
        return self.page(template, ("nav.", *prefixes), **self._frame(request, caller), **values)

    def _frame(self, request: Request, caller: Caller) -> Mapping[str, Any]:
        is_owner = caller.kind != "staff"
        return {
            "me": caller,
            "is_owner": is_owner,
            "here": request.url.path,
            "tabs": [tab for tab in self._tabs if is_owner or not tab.is_owners],
        }

    def error(self, status: int, sentence: str) -> HTMLResponse:
        page = self.page("error.html", ("web.",), sentence=sentence)
        page.status_code = status
        return page
