"""Whatever the public headers declare is reached by the package."""
import ast
import re
import subprocess
from pathlib import Path

import ovnk8s
from conftest import ROOT
from ovnk8s._ovnk8s import ffi, lib

PACKAGE = Path(ovnk8s.__file__).parent
HEADERS = sorted((ROOT / "include/ovnk8s").glob("*.h"))

# Fields that are no keyword by design: what the binding fills in by itself.
OWN_FIELDS = {"size"}


def header_text():
    return re.sub(r"/\*.*?\*/", "", "".join(header.read_text() for header in HEADERS), flags=re.S)


def trees():
    return [ast.parse(path.read_text()) for path in sorted(PACKAGE.glob("*.py"))]


def names_of_lib():
    """Everything that is written lib.NAME, and the initialiser of each Struct."""
    used = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "lib":
                used.add(node.attr)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Struct":
                used.add(f"{node.args[0].value}_init")
    return used


def test_each_function_is_wrapped():
    declared = set(re.findall(r"\bOVNK8S_API\b[^;]*?\b(ovnk8s_\w+)\(", header_text()))
    assert len(declared) > 180
    assert declared - names_of_lib() == set()


def test_each_constant_is_used():
    text = header_text()
    numbers = set(re.findall(r"^\s+(OVNK8S_\w+) = ", text, re.M)) | set(re.findall(r"enum \{ (OVNK8S_\w+)", text))
    macros = {name for name in re.findall(r"^#define (OVNK8S_\w+) +\S", text, re.M) if not name.endswith(("_INIT", "_H"))}
    marks = {"OVNK8S_API", "OVNK8S_MUST_CHECK", "OVNK8S_BEGIN_DECLS", "OVNK8S_END_DECLS"}
    shown_otherwise = {"OVNK8S_OK", "OVNK8S_VERSION_MAJOR", "OVNK8S_VERSION_MINOR", "OVNK8S_VERSION_PATCH"}
    assert (numbers | macros) - marks - shown_otherwise - names_of_lib() == set()


def test_nothing_else_is_named():
    assert {name for name in names_of_lib() if not hasattr(lib, name)} == set()


def test_the_version_script_says_the_same():
    """The node exports by pattern: each name that the package uses matches."""
    patterns = re.findall(r"^\s+(ovnk8s_\S*);", (ROOT / "lib/ovnk8s.map").read_text(), re.M)
    expression = "|".join(pattern.replace("*", r"\w*") for pattern in patterns)
    functions = {name for name in names_of_lib() if name.startswith("ovnk8s_") and not name.startswith("ovnk8s_py_")}
    assert {name for name in functions if not re.fullmatch(expression, name)} == set()


def test_each_field_is_a_keyword():
    """Of the structs that callers fill, whoever fills them names each field."""
    given = {}
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Struct":
                names = given.setdefault(node.args[0].value, set())
                names.update(keyword.arg for keyword in node.keywords if keyword.arg)
                if any(keyword.arg is None for keyword in node.keywords):  # **log_fields(...)
                    names.update({"log", "log_payload"})
    source = "".join(path.read_text() for path in PACKAGE.glob("*.py"))
    missing = {f"{kind}.{name}" for kind, names in given.items()
               for name, _ in ffi.typeof(kind).fields if name not in names | OWN_FIELDS
               and f"_struct.pointer.{name} = " not in source}
    assert missing == set()
    for name, _ in ffi.typeof("ovnk8s_port").fields:  # Which is filled by hand.
        assert name in OWN_FIELDS or f"port.{name} = " in source


def test_one_module_for_each_header():
    modules = {path.stem for path in PACKAGE.glob("[a-z]*.py")}
    inside = {"common", "memory", "ovnk8s", "error"}  # errors.py
    assert {header.stem for header in HEADERS} - inside - modules == set()


def test_version():
    declared = re.search(r'^version = "(.*)"', (ROOT / "bindings/python/pyproject.toml").read_text(), re.M)[1]
    assert declared == ovnk8s.VERSION == ovnk8s.version()


def test_each_public_thing_has_an_example():
    """Docstrings of what users call; properties and methods too."""
    without = []
    for path in sorted(PACKAGE.glob("[a-z]*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name in ovnk8s.__all__:
                things = [node, *(one for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)))]
                own = ast.get_docstring(node) or ""
                for thing in things:
                    text = ast.get_docstring(thing) or ""
                    public = thing is node or not thing.name.startswith("_")
                    if public and not text:
                        without.append(f"{path.name}: {node.name}.{thing.name}: no docstring")
                    elif public and ">>>" not in text and ">>>" not in own and "example" not in text:
                        without.append(f"{path.name}: {node.name}.{thing.name}: no example")
    errors = {"errors.py"}  # The module has one for all of them.
    assert [line for line in without if line.split(":")[0] not in errors] == []


def test_extension_is_contained():
    """It exports its initialiser alone, so that it can be beside another copy of anything in it."""
    extension = next(PACKAGE.glob("_ovnk8s*.so"))
    listed = subprocess.run(["nm", "--dynamic", "--defined-only", extension], check=True, capture_output=True, text=True)
    assert [line.split()[-1] for line in listed.stdout.splitlines()] == ["PyInit__ovnk8s"]
    assert extension.name.endswith(".abi3.so")
