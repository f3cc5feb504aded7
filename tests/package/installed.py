"""libovnk8s as "cmake --install" gives it, and programs that are built with nothing else of it.

    installed = Installed.at(folder / "prefix")
    installed.cc(folder, "program.c", static=True).run()
"""
from __future__ import annotations

import os
import pathlib
import shlex
import subprocess

from host import BUILT

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OVNK8S_BIN", BUILT)).parent
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


def output_of(*command, **options) -> str:
    """What a command prints; one that fails is a failure with all that it has said."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert result.returncode == 0, f"{shlex.join(map(str, command))}: exit status {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout


def install(prefix: pathlib.Path | None = None, destdir: pathlib.Path | None = None):
    output_of("cmake", "--install", BUILD, *(["--prefix", prefix] if prefix else []),
              env={**os.environ, **({"DESTDIR": str(destdir)} if destdir else {})})


class Program:
    """One that was built of an installed library, which is looked for where it is only if need be."""

    def __init__(self, path: pathlib.Path, libraries: pathlib.Path | None = None):
        self.path = path
        self.variables = {"LD_LIBRARY_PATH": str(libraries)} if libraries else {}

    def run(self, *words) -> str:
        return output_of(self.path, *words, env={**os.environ, **self.variables})

    def needs(self) -> set[str]:
        """The shared libraries that it cannot start without."""
        words = [line.split() for line in output_of("readelf", "--dynamic", "--wide", self.path).splitlines()]
        return {line[-1].strip("[]") for line in words if "(NEEDED)" in line}


class Installed:
    def __init__(self, prefix: pathlib.Path):
        self.prefix = prefix

    @classmethod
    def at(cls, prefix: pathlib.Path) -> Installed:
        install(prefix)
        return cls(prefix)

    @property
    def libraries(self) -> pathlib.Path:
        return self.the_one("libovnk8s.so").parent

    def the_one(self, pattern: str) -> pathlib.Path:
        found = sorted(self.prefix.rglob(pattern))
        assert len(found) == 1, f"{pattern}: expected one, found {found}"
        return found[0]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PKG_CONFIG_PATH": str(self.the_one("ovnk8s.pc").parent)}

    def pkg_config(self, *words) -> list[str]:
        return output_of("pkg-config", *words, "ovnk8s", env=self.environment()).split()

    def flags(self, static: bool) -> list[str]:
        """What a compiler is told after the names of the sources, as docs/embedding.md has it."""
        if not static:
            return self.pkg_config("--cflags", "--libs")
        return [word.replace("-lovnk8s", "-l:libovnk8s.a") for word in self.pkg_config("--static", "--cflags", "--libs")]

    def cc(self, folder: pathlib.Path, source: pathlib.Path, static: bool, *words) -> Program:
        """By a compiler and pkg-config, with all warnings."""
        program = folder / f"{source.stem}-{'static' if static else 'shared'}"
        output_of(*shlex.split(os.environ.get("CC", "cc")), "-std=c17", *WARNINGS, source, "-o", program, *self.flags(static), *words)
        return Program(program, None if static else self.libraries)

    def make(self, folder: pathlib.Path, static: bool) -> Program:
        """By the Makefile in the folder, of which the program has the name."""
        output_of("make", "-C", folder, f"CFLAGS={' '.join(['-O2', *WARNINGS])}", *(["STATIC=1"] if static else []), env=self.environment())
        return Program(folder / folder.name, None if static else self.libraries)

    def cmake(self, folder: pathlib.Path, static: bool) -> Program:
        """By the CMakeLists.txt in the folder, likewise."""
        build = folder / "build"
        output_of("cmake", "-S", folder, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                  f"-D{folder.name.upper()}_STATIC={'ON' if static else 'OFF'}", f"-DCMAKE_C_FLAGS={' '.join(WARNINGS)}")
        output_of("cmake", "--build", build)
        return Program(build / folder.name)
