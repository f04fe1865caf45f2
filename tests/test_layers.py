"""The layer table of the design, checked over every import of the program: imports point down, doors have one user.

The table reads like the one in `docs/internals.md`: a package or module, what of ours it may import, and the libraries
that nobody else may import. Whatever is not written here is forbidden.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "emailgw"
TESTS = ROOT / "tests"
LONGEST_FILE = 400


class Layer(NamedTuple):
    imports: str = ""
    door: str = ""


ALL = "everything"  # for those who put the parts together

LAYERS = {
    "core": Layer(door="idna"),
    "errors": Layer("core"),
    "clock": Layer(),
    "systemd": Layer(),
    "config": Layer("core errors"),
    "listeners": Layer("config errors"),
    "maillog": Layer("core"),
    "metrics": Layer(door="prometheus_client"),
    "tls": Layer("core errors"),
    "vault": Layer("core errors", door="cryptography"),
    "certify": Layer("core errors vault metrics", door="acme josepy cryptography"),
    "mime": Layer("core errors", door="cryptography justhtml"),
    "bounce": Layer("core errors mime"),
    "authentication": Layer("core errors mime", door="cryptography publicsuffixlist"),
    "wire": Layer("core errors", door="dateparser"),
    "store": Layer("core errors", door="aiosqlite sqlite3"),
    "delivery": Layer("core errors", door="dns aiosmtplib"),
    "signing": Layer("core mime store.rows", door="multiprocessing"),
    "queue": Layer("core errors mime signing bounce store vault maillog metrics", door="disposable_email_domains"),
    "outhttp": Layer("core errors", door="aiohttp yarl"),
    "webhooks": Layer("core errors wire store outhttp vault metrics maillog"),
    "smtpd": Layer("core errors mime bounce wire queue maillog metrics"),
    "api": Layer(
        "core errors mime.incoming wire outhttp store metrics webhooks.endpoints "
        "queue.accept queue.keys queue.domains queue.raw queue.validation queue.schedule queue.templates queue.keyring "
        "queue.rates queue.once queue.inbox queue.reception queue.visits queue.unsubscribing mime.tokens",
        door="starlette",
    ),
    "control": Layer("core errors mime wire queue store vault maillog metrics webhooks.endpoints"),
    "service": Layer(ALL, door="uvicorn"),
    "sendmail": Layer("core errors config queue smtpd service"),
    "cli": Layer(ALL, door="click rich uvloop"),
    "processor": Layer(),
    "start": Layer("sendmail cli processor"),
}
FOR_ALL = {"msgspec"}
# Narrower than its package: only this module opens the door.
ONE_MODULE = {
    "idna": "core.address",
    "justhtml": "mime.markup",
    "uvicorn": "service.connections",
    "uvloop": "cli.setup",
    "publicsuffixlist": "authentication.organisation",
    "aiosqlite": "store.sqlite",
}


class Import(NamedTuple):
    importer: str  # module, without the leading "emailgw."
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported} (line {self.line})"


def modules() -> dict[str, Path]:
    """`queue.lane` → its file; a package is called as its `__init__`."""
    names = {path: path.relative_to(PROGRAM).with_suffix("").parts for path in PROGRAM.rglob("*.py")}
    return {".".join(part for part in parts if part != "__init__"): path for path, parts in names.items()}


MODULES = modules()


def imports_of(name: str) -> Iterator[Import]:
    """Every import statement, in functions too; `from emailgw.x import y` names the module y where it is one."""
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute here (line {node.lineno})"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole.removeprefix("emailgw.") in MODULES
                yield Import(name, whole if is_module else str(node.module), node.lineno)


IMPORTS = [found for name in MODULES for found in imports_of(name)]
OURS = [
    found._replace(imported=found.imported.removeprefix("emailgw").lstrip("."))
    for found in IMPORTS
    if found.imported.split(".")[0] == "emailgw"
]
FOREIGN = [found for found in IMPORTS if found.imported.split(".")[0] != "emailgw"]
DOORS = {library for layer in LAYERS.values() for library in layer.door.split()}


def layer_of(module: str) -> str:
    return module.split(".")[0]


def covers(allowed: str, module: str) -> bool:
    return module == allowed or module.startswith(allowed + ".")


def test_every_module_has_a_place_in_the_table() -> None:
    assert {layer_of(module) for module in MODULES if module} == set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_down(layer: str) -> None:
    allowed = LAYERS[layer].imports
    wrong = [
        str(found)
        for found in OURS
        if layer_of(found.importer) == layer
        and layer_of(found.imported) != layer
        and found.imported  # the package itself: its version
        and allowed != ALL
        and not any(covers(name, found.imported) for name in allowed.split())
    ]
    assert wrong == []


def test_nobody_imports_from_above() -> None:
    """The table's order is the picture's: nobody imports what stands below him in it, which also rules out cycles."""
    order = list(LAYERS)
    wrong = [
        str(found)
        for found in OURS
        if found.importer and found.imported
        if order.index(layer_of(found.imported)) > order.index(layer_of(found.importer))
    ]
    assert wrong == []


def test_a_library_has_one_door() -> None:
    wrong = []
    for found in FOREIGN:
        library = found.imported.split(".")[0]
        if library in DOORS:
            right = library in LAYERS.get(layer_of(found.importer), Layer()).door.split()
            right = right and covers(ONE_MODULE.get(library, layer_of(found.importer)), found.importer)
        else:
            right = library in FOR_ALL or library in sys.stdlib_module_names
        if not right:
            wrong.append(str(found))
    assert wrong == []


def test_the_queue_knows_no_network() -> None:
    """What lets the manager be tested with a fake agent, and delivery without a database."""
    network = ("delivery", "smtpd", "api")
    assert [
        str(found) for found in OURS if found.importer.startswith("queue") and layer_of(found.imported) in network
    ] == []
    assert [
        str(found) for found in OURS if layer_of(found.importer) == "delivery" and layer_of(found.imported) == "store"
    ] == []


def test_no_module_imports_itself_in_a_circle() -> None:
    edges: dict[str, set[str]] = {name: set() for name in MODULES}
    for found in OURS:
        if found.imported != found.importer:
            edges[found.importer].add(found.imported)
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path[path.index(name) :], name))
        if name not in done:
            for other in sorted(edges[name]):
                visit(other, (*path, name))
            done.add(name)

    for name in edges:
        visit(name, ())


def test_core_is_pure() -> None:
    """Time, chance and the outside world are arguments there."""
    outside = {"asyncio", "time", "random", "secrets", "os", "socket", "threading", "logging", "pathlib"}
    assert [str(found) for found in FOREIGN if layer_of(found.importer) == "core" and found.imported in outside] == []


@pytest.mark.parametrize("root", [PROGRAM, TESTS], ids=["emailgw", "tests"])
def test_no_file_got_away(root: Path) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in root.rglob("*.py")}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_module_says_what_it_is() -> None:
    assert [name for name, path in MODULES.items() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_a_command_that_asks_the_daemon_loads_little() -> None:
    """The operator waits for every import: all the program's take four times as long as those of a command."""
    heavy = {"emailgw.service", "emailgw.queue", "emailgw.store", "uvicorn", "dns", "cryptography", "prometheus_client"}
    program = "import sys, emailgw.cli; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "emailgw.control.client" in loaded
    assert heavy & set(loaded) == set()
