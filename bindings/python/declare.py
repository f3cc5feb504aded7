#!/usr/bin/env python3
"""Writes the source of the extension module ovnk8s._ovnk8s: INCLUDE_FOLDER SOURCE.

What the module declares is read from the public headers, so nothing is written twice: their own
declarations are C that cffi understands, once comments, attributes and conditions are taken away.
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

CALLBACKS = """
extern "Python" {
    void ovnk8s_py_log(enum ovnk8s_log_level level, const char *message, void *payload);
    int ovnk8s_py_interrupt(void *payload);
    int ovnk8s_py_each(const char *json, void *payload);
    void ovnk8s_py_begin_list(void *payload);
    void ovnk8s_py_object(const char *json, void *payload);
    void ovnk8s_py_gone(const char *json, void *payload);
    void ovnk8s_py_synced(void *payload);
    void ovnk8s_py_health_check(const ovnk8s_health_check *check, void *payload);
}
"""

COMMENT = re.compile(r"/\*.*?\*/", re.S)
INCLUDE = re.compile(r"^#include <(ovnk8s/\w+\.h)>", re.M)
DEFINE = re.compile(r"^#define (OVNK8S_\w+) +([^\n]+)$", re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", re.M)
MARK = re.compile(r"\b(OVNK8S_API|OVNK8S_MUST_CHECK|OVNK8S_BEGIN_DECLS|OVNK8S_END_DECLS)\b")
INTEGER = re.compile(r"(UINT64_C\()?(0x[0-9a-f]+|[0-9]+)\)?$")


def in_order(folder: Path, name: str, seen: list[str]) -> list[str]:
    """A header after those that it includes."""
    for other in INCLUDE.findall((folder / name).read_text()):
        if other not in seen:
            in_order(folder, other, seen)
    if name not in seen:
        seen.append(name)
    return seen


def constants(text: str) -> tuple[str, dict[str, str]]:
    """Declarations of the constants among the macros, and the numbers among them."""
    declared, numbers = "", {}
    for name, value in DEFINE.findall(text):
        if INTEGER.match(value):
            numbers[name] = value
            declared += f"#define {name} ...\n"
        elif value.startswith('"'):
            declared += f"static char *const {name};\n"
    return declared, numbers


def declarations(folder: Path) -> str:
    """All that the public headers declare, as cffi reads it."""
    text = "\n".join(COMMENT.sub(" ", (folder / name).read_text())
                     for name in in_order(folder, "ovnk8s/ovnk8s.h", ["ovnk8s/common.h"])
                     if name != "ovnk8s/common.h")
    declared, numbers = constants(text)
    text = MARK.sub("", DIRECTIVE.sub("", text))
    text = re.sub(r"\[(OVNK8S_\w+)\]", lambda match: f"[{numbers[match[1]]}]", text)
    return declared + re.sub(r"\n\s*\n+", "\n", text)


def main() -> None:
    import cffi

    folder, source = map(Path, sys.argv[1:])
    builder = cffi.FFI()
    builder.cdef(declarations(folder) + CALLBACKS)
    builder.set_source("ovnk8s._ovnk8s", "#include <ovnk8s/ovnk8s.h>")
    builder.emit_c_code(str(source))


if __name__ == "__main__":
    main()
