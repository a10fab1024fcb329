"""The shape of the package: what it exports, imports, and who imports whom."""

import ast
import subprocess
import sys
from pathlib import Path

import django_bolt
import django_bolt.responses

PACKAGE = Path(django_bolt.__file__).parent

LAYERS = [
    ["exceptions", "types", "wire"],
    ["conf", "encoding", "inside", "reconnection"],
    ["shutdown"],
    ["keepalive"],
    ["streams"],
    ["allowed", "pace", "sendfile"],
    ["lookup"],
    ["files"],
    ["sources"],
    ["blocks"],
    ["delivery"],
    ["responses"],
    ["conversion"],
    ["api", "middleware", "views"],
    ["handlers"],
    ["asgi", "checks", "testing", "wsgi"],
    ["serving"],
    ["management"],
    ["apps", "__init__"],
]
"""From the ground up: a part imports what lies below it, and its own modules."""


def component(module: str) -> str:
    """Return the part of the package that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports() -> list[tuple[str, str]]:
    """Return who imports whom, as parts of the package."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        importer = component(
            ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        )
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            found += [
                (importer, component(name))
                for name in names
                if name.split(".")[0] == "django_bolt"
            ]
    return found


def test_imports_point_downwards_only() -> None:
    level = {part: index for index, layer in enumerate(LAYERS) for part in layer}

    upward = {
        (importer, imported)
        for importer, imported in imports()
        if importer != imported and level[importer] <= level[imported]
    }

    assert upward == set()


def test_every_part_of_the_package_has_a_layer() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix in ("", ".py")}

    assert parts - {"__pycache__", "py"} == {part for layer in LAYERS for part in layer}


def test_public_names_are_sorted_and_there() -> None:
    for module in (django_bolt, django_bolt.responses):
        # As isort has it: what is written in capitals comes first.
        in_order = sorted(module.__all__, key=lambda name: (not name.isupper(), name))
        assert module.__all__ == in_order
        assert all(hasattr(module, name) for name in module.__all__)


def test_response_classes_are_importable_from_both_modules() -> None:
    for name in django_bolt.responses.__all__:
        assert getattr(django_bolt, name) is getattr(django_bolt.responses, name)


IMPORT = """
import sys
import django, msgspec, asgiref, sqlparse  # Django's own dependencies too
import asgiref.typing
known = {name.partition(".")[0] for name in sys.modules}
import django_bolt
new = {name.partition(".")[0] for name in sys.modules} - known
expected = sys.stdlib_module_names | {"django_bolt"}
print(sorted(n for n in new - expected if not n.startswith("_sysconfigdata")))
"""


def test_import_needs_no_settings_and_nothing_but_the_dependencies() -> None:
    """In a process of its own, where Django is not set up."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT],
        cwd=PACKAGE.parent,
        env={"PATH": "", "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout == "[]\n"
