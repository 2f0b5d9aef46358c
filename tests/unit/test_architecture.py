"""What holds the source together: imports point down, one way to write, one clock."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import storeguard

ROOT = Path(storeguard.__file__).parent
SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))

ROWS: tuple[frozenset[str], ...] = (
    frozenset({"errors", ""}),  # "" is storeguard/__init__.py: the version
    frozenset({"domain"}),
    frozenset({"ports", "config", "document", "clock", "durable", "health", "messages", "lock"})
    | {"streams", "captures"}
    | {"allocator", "notifysocket", "vigil", "orderly", "marker", "mode", "restoring", "statefile"}
    | {"sections", "configweb", "noticeconfig", "configfile", "posconfig", "discretion"},
    frozenset({"devices", "vision", "books", "outbox", "notify"}),
    frozenset({"services", "web", "analysis", "captions", "visitors"}),
    frozenset(
        {
            "app",
            "shopview",
            "demo",
            "replaying",
            "budgeting",
            "goods",
            "judging",
            "shelving",
            "checking",
            "counter",
            "daemon",
            "upkeep",
        }
        | {"assembling", "pages", "daemonclient", "safemode", "unattended", "staffdesk", "tilldesk"}
        | {"productpictures"}
    )
    | {
        "hardware",
        "looking",
        "observing",
        "recovery",
        "narrating",
        "printing",
        "demo_cloud",
        "configdoc",
    }
    | {"areasdesk", "breachdesk", "demo_page", "deploying", "exposure", "issuestate"}
    | {"losses", "outreach", "resending", "reviewdesk", "settingsdesk", "setupdesk"}
    | {"telltale", "viewingdesk", "viewingexport", "viewinghold", "weightdesk"}
    | {"desks", "issuedesk", "inventorydesk", "noticedesk", "pastdesk", "exporting", "deciding"},
    frozenset({"cli"}),
)
"""Design section 3, from the bottom: a row may import only from those below it.

The rows of single modules (the base, the app with its commands) may import each other without
circles; packages on one row may not at all.
"""

ROWS_OF_MODULES = (2, 5)
APART = "cloud"

WRITES_ALLOWED = {
    ("upkeep/backup.py", "archive.open"): "a member of the zip that durable.publishing publishes",
    ("durable.py", "*"): "the one place that writes",
    ("lock.py", "os.open"): "the lock is the open file; it has no content",
    ("vision/encoding.py", "av.open"): "in memory: what the streams of clips are made after",
    ("vision/annotating.py", "av.open"): "a video into a temporary file; then publish_file",
    ("vision/coarse.py", "av.open"): "into an open file: a member of an export",
    ("viewingexport.py", "shutil.copyfileobj"): "into a file without a name, for the zip",
    ("exporting.py", "archive.open"): "a member of the zip that durable.publishing publishes",
    ("vision/clipfile.py", "av.open"): "a video while it is being recorded; then publish_file",
    ("vision/clipfile.py", "part.open"): "cuts a killed recording's torn tail before its remux",
    ("outbox/folder.py", "os.link"): "into the staged folder, which publish_folder syncs",
    ("outbox/folder.py", "shutil.copyfile"): "into the staged folder, which publish_folder syncs",
    ("books/ownerfile.py", "temporary.replace"): "where the kernel cannot exchange: see exchange()",
    ("services/tracing.py", "shutil.copy"): "the start of a recorded trace: nothing acknowledged",
    ("replaying.py", "shutil.copyfile"): "a replay's own copy of the books, made anew each time",
    ("replaying.py", "path.open"): "plays the owner, who saves an edit in place",
}

TIMES_ALLOWED = {
    ("clock.py", "*"): "the one place that asks what time it is",
    ("cloud/notifier.py", "time.time"): "the Lambda imports nothing of storeguard",
    ("cloud/page.py", "time.time"): "the Lambda imports nothing of storeguard",
    ("cloud/sending.py", "time.time"): "the Lambda imports nothing of storeguard",
    ("cloud/watcher.py", "time.time"): "the Lambda imports nothing of storeguard",
}

FORBIDDEN_TIMES = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}
    | {"sleep", "localtime", "gmtime", "ctime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


@cache
def tree(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text(encoding="utf-8"))


def part_of(module: str) -> str:
    """`storeguard.books.book` and `books/book.py` are parts of `books`."""
    pieces = module.removesuffix(".py").replace("/", ".").removeprefix("storeguard").strip(".")
    first = pieces.split(".")[0]
    return "" if first == "__init__" else first


def imports(source: str) -> Iterator[str]:
    """Full names of what a file imports, at the top or inside a function, or by name."""
    package = ["storeguard", *source.split("/")[:-1]]
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            is_ours = module == "storeguard"
            yield from (f"{module}.{n.name}" if is_ours else module for n in node.names)
        elif isinstance(node, ast.Call) and called(node) == "importlib.import_module":
            assert isinstance(node.args[0], ast.Constant), f"{source}: import of a computed name"
            yield str(node.args[0].value)


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def our_imports(source: str) -> set[str]:
    ours = {name for name in imports(source) if name.split(".")[0] == "storeguard"}
    known = frozenset().union(*ROWS) | {APART}
    # `from storeguard import __version__` is the package itself.
    return {part if (part := part_of(name)) in known else "" for name in ours}


def row_of(part: str) -> int:
    [row] = [n for n, parts in enumerate(ROWS) if part in parts]
    return row


# --- imports


def test_every_module_has_its_row():
    parts = {part_of(source) for source in SOURCES} - {APART}
    assert parts <= frozenset().union(*ROWS)


@pytest.mark.parametrize("source", SOURCES)
def test_imports_point_down_only(source):
    part = part_of(source)
    if part == APART:
        return
    for other in our_imports(source) - {part}:
        if other == APART:
            assert row_of(part) >= 5, f"{source} imports {APART}, which only the app may join"
        elif row_of(part) in ROWS_OF_MODULES:
            assert row_of(other) <= row_of(part), f"{source} imports {other}, which lies above"
        else:
            assert row_of(other) < row_of(part), f"{source} imports {other}, which is not below"


@pytest.mark.parametrize("row", ROWS_OF_MODULES)
def test_modules_on_one_row_do_not_import_each_other_in_circles(row):
    uses = {part: set() for part in ROWS[row]}
    for source in SOURCES:
        if part_of(source) in uses:
            uses[part_of(source)] |= our_imports(source) & ROWS[row] - {part_of(source)}
    while uses:
        free = [part for part, needs in uses.items() if not needs & set(uses)]
        assert free, f"circle among {sorted(uses)}"
        for part in free:
            del uses[part]


@pytest.mark.parametrize("source", [s for s in SOURCES if part_of(s) == APART])
def test_the_cloud_imports_nothing_of_storeguard(source):
    assert our_imports(source) <= {APART}


@pytest.mark.parametrize("source", [s for s in SOURCES if part_of(s) in ("domain", "errors")])
def test_the_rules_import_only_the_standard_library(source):
    foreign = {name.split(".")[0] for name in imports(source)} - {"storeguard"}
    assert foreign <= sys.stdlib_module_names
    assert not foreign & {"asyncio", "os", "io", "pathlib", "time", "threading", "socket", "random"}


def test_guarding_a_store_loads_no_pandas():
    """29 MB and half a second; only an export of another maker's kiosk needs it."""
    code = "import sys, storeguard.cli.running, storeguard.daemon; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_only_the_books_import_pandas():
    users = {part_of(s) for s in SOURCES if "pandas" in {n.split(".")[0] for n in imports(s)}}
    assert users == {"books"}


# --- writing


def writes(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every call that writes, renames or copies a file."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Call) and _writes(node):
            yield node.lineno, called(node)


def _writes(call: ast.Call) -> bool:
    name = called(call).rpartition(".")[2]
    if called(call) == "os.open" and ast.unparse(call.args[0]) != "os.devnull":
        flags = ast.unparse(call.args[1])
        return any(flag in flags for flag in ("O_CREAT", "O_WRONLY", "O_RDWR"))
    if name in ("open", "fdopen"):
        return any(_is_writing_mode(a) for a in (*call.args, *(k.value for k in call.keywords)))
    if name in ("write_text", "write_bytes", "to_csv", "imwrite", "tofile"):
        return True
    if called(call) in ("os.rename", "os.replace", "os.renames", "os.link", "shutil.move"):
        return True
    if called(call).startswith("shutil.copy"):
        return True
    # str.replace takes two arguments, Path.replace and Path.rename take one.
    is_method = isinstance(call.func, ast.Attribute)
    is_path = name in ("rename", "replace", "hardlink_to") and len(call.args) == 1
    return is_method and is_path and not call.keywords


def _is_writing_mode(argument: ast.expr) -> bool:
    mode = argument.value if isinstance(argument, ast.Constant) else None
    return isinstance(mode, str) and set(mode) <= set("rwaxbt+") and bool(set(mode) & set("wax+"))


@pytest.mark.parametrize("source", SOURCES)
def test_files_are_written_only_through_durable(source):
    for line, name in writes(source):
        is_allowed = {(source, "*"), (source, name)} & WRITES_ALLOWED.keys()
        assert is_allowed, f"{source}:{line}: {name} writes past durable.py"


# --- time


def times(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).rpartition(".")[2]
            if node.attr in FORBIDDEN_TIMES.get(owner, ()):
                yield node.lineno, f"{owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((node.lineno, f"time.{name.name}") for name in node.names)


@pytest.mark.parametrize("source", SOURCES)
def test_only_the_clock_asks_what_time_it_is(source):
    for line, name in times(source):
        is_allowed = {(source, "*"), (source, name)} & TIMES_ALLOWED.keys()
        assert is_allowed, f"{source}:{line}: {name}; take a Clock or now_s"


# --- the scans themselves


def test_what_is_allowed_is_still_needed():
    needed = {(s, name) for s in SOURCES for _, name in writes(s)}
    assert {key for key in WRITES_ALLOWED if key[1] != "*"} <= needed
    asked = {(s, name) for s in SOURCES for _, name in times(s)}
    assert {key for key in TIMES_ALLOWED if key[1] != "*"} <= asked


@pytest.mark.parametrize(
    "code",
    [
        "open(path, 'w')",
        "open(path, mode='ab')",
        "path.open('x')",
        "path.open('r+b')",
        "os.fdopen(fd, 'wb')",
        "path.write_text('a')",
        "path.write_bytes(b'a')",
        "frame.to_csv(path)",
        "os.replace(a, b)",
        "os.rename(a, b)",
        "part.rename(path)",
        "part.replace(path)",
        "os.open(path, os.O_CREAT)",
        "shutil.copyfile(a, b)",
        "cv2.imwrite(path, image)",
    ],
)
def test_the_scan_sees_every_way_of_writing(code):
    assert _writes(ast.parse(code, mode="eval").body)


@pytest.mark.parametrize(
    "code",
    [
        "open(path)",
        "path.open('rb')",
        "path.open(encoding='utf-8')",
        "text.replace('a', 'b')",
        "replace(state, level_g=1)",
        "os.open(path, os.O_RDONLY)",
        "camera.open()",
        "frame.rename(columns=names)",
    ],
)
def test_the_scan_lets_reading_be(code):
    assert not _writes(ast.parse(code, mode="eval").body)
