"""What "cmake --install" gives: whole, wherever it is put, and enough to build on."""
import os
import re

import pytest

from installed import BUILD, ROOT, Installed, Program, install, output_of
from northbound import Database

SOURCE = ROOT / "tests/package/foreign.c"
PROGRAMS = ["ovn-k8s-gateway-helper", "ovn-k8s-overlay", "ovn-k8s-util", "ovn-k8s-watcher"]
UNITS = ["ovn-k8s-uplink.service", "ovn-k8s-watcher.service"]
MANIFESTS = ["README.md", "config.yaml", "deployment.yaml", "image", "namespace.yaml", "rbac.yaml"]


def version() -> str:
    return re.search(r"project\(libovnk8s VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def expected(prefix) -> set[str]:
    """All that is meant to be installed, by its path below the prefix."""
    libraries = Installed(prefix).libraries.relative_to(prefix)
    config = next((prefix / libraries / "cmake/ovnk8s").glob("ovnk8sTargets-*.cmake")).stem.rpartition("-")[2]
    package = ["Config", "ConfigVersion", "Targets", f"Targets-{config}", "StaticTargets", f"StaticTargets-{config}"]
    return {
        *(f"bin/{name}" for name in PROGRAMS), "lib/cni/ovn-k8s-cni-overlay",
        *(f"include/ovnk8s/{path.name}" for path in (ROOT / "include/ovnk8s").glob("*.h")),
        *(f"{libraries}/{name}" for name in ("libovnk8s.a", "libovnk8s.so", "libovnk8s.so.0", f"libovnk8s.so.{version()}")),
        f"{libraries}/pkgconfig/ovnk8s.pc", *(f"{libraries}/cmake/ovnk8s/ovnk8s{name}.cmake" for name in package),
        *(f"lib/systemd/system/{name}" for name in UNITS),
        *(f"share/man/man8/{name}.8" for name in [*PROGRAMS, "ovn-k8s-cni-overlay"]),
        *(f"share/bash-completion/completions/{name}" for name in PROGRAMS),
        *(f"share/ovnk8s/deploy/{name}" for name in MANIFESTS)}


def files(prefix) -> set[str]:
    return {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}


@pytest.fixture
def database(tmp_path):
    with Database.start(tmp_path) as database:
        yield database


def test_everything_is_there_and_nothing_else(installed):
    assert files(installed.prefix) == expected(installed.prefix)


def test_a_stage_has_the_same_files(installed, tmp_path):
    install(destdir=tmp_path / "stage")
    prefix = next(path for path in (tmp_path / "stage").rglob("include")).parent
    assert files(prefix) == files(installed.prefix)
    assert Installed(prefix).cc(tmp_path, SOURCE, False).path.exists()


def test_the_shared_library_has_its_names(installed):
    library = installed.libraries / f"libovnk8s.so.{version()}"
    assert "Library soname: [libovnk8s.so.0]" in output_of("readelf", "--dynamic", library)
    for name in "libovnk8s.so", "libovnk8s.so.0":
        assert (installed.libraries / name).is_symlink()
        assert os.path.realpath(installed.libraries / name) == str(library)


def test_no_path_of_this_machine_is_told(installed):
    """Units apart, which name their programs by the prefix that was configured."""
    for path in installed.prefix.rglob("*"):
        if path.is_file() and path.suffix in (".pc", ".cmake", ".h"):
            text = path.read_text()
            assert str(BUILD) not in text and str(ROOT) not in text and str(installed.prefix.parent) not in text, path


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
def test_a_program_of_the_moved_prefix(installed, database, tmp_path, static):
    program = installed.cc(tmp_path, SOURCE, static)
    assert ("libovnk8s.so.0" in program.needs()) != static
    assert not any("ssl" in name or "curl" in name or "openvswitch" in name for name in program.needs())
    assert program.run(database.remote) == f"done, version {version()}, seen\n"


def test_a_plugin_with_the_library_in_it(installed, database, tmp_path):
    """What is in the archive can be part of a shared object."""
    shared = tmp_path / "plugin.so"
    output_of("cc", "-shared", "-fPIC", SOURCE, "-o", shared, *installed.flags(static=True), "-Wl,-z,defs", "-Wl,-z,text")
    assert "libovnk8s.so.0" not in Program(shared).needs()


def test_nothing_else_of_the_archive_can_be_seen(installed):
    archive = installed.the_one("libovnk8s.a")
    lines = output_of("nm", "--extern-only", "--defined-only", archive).splitlines()
    ours = {line.split()[-1] for line in lines if len(line.split()) == 3}
    shared = {line.split()[-1].split("@")[0] for line in output_of("nm", "-D", "--defined-only", installed.libraries / "libovnk8s.so").splitlines()
              if line.split()[-2] != "A"}
    assert ours == shared


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_run_where_they_are(installed, name):
    assert version() in output_of(installed.prefix / "bin" / name, "--version")


def test_the_plugin_runs_where_it_is(installed):
    assert version() in output_of(installed.prefix / "lib/cni/ovn-k8s-cni-overlay", "--version")
