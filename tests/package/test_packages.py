"""The Debian packages: lintian's opinion, what they say that they need, and that they work where nothing else is."""
import re

import pytest

from chroot import Chroot
from installed import ROOT, output_of

BUILD = ROOT / "build/package"
HAS_PYTHON = (ROOT / "bindings/python").exists()
NAMES = ["libovnk8s0", "libovnk8s-dev", "ovnk8s-tools", *(["python3-ovnk8s"] if HAS_PYTHON else [])]
PROGRAMS = ["ovn-k8s-gateway-helper", "ovn-k8s-overlay", "ovn-k8s-util", "ovn-k8s-watcher"]
PROGRAM = """
#include <ovnk8s/ovnk8s.h>
#include <stdio.h>

int main(void)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube = NULL;

    options.server = "https://127.0.0.1:1";
    if (ovnk8s_kube_open(&kube, &options)) { /* Loads libcurl. */
        puts(ovnk8s_last_error()->message);
        return 1;
    }
    ovnk8s_kube_close(kube);
    puts(ovnk8s_version());
    return 0;
}
"""


@pytest.fixture(scope="module")
def packages():
    """All packages by name, as they come out of the sources now."""
    for command in ["cmake", "--preset", "package"], ["cmake", "--build", "--preset", "package"]:
        output_of(*command, cwd=ROOT)
    output_of("rm", "-rf", BUILD / "packages")
    output_of("cpack", cwd=BUILD)
    return {path.name.partition("_")[0]: path for path in sorted((BUILD / "packages").glob("*.deb"))}


@pytest.fixture(scope="module")
def debian(packages, tmp_path_factory):
    with Chroot(tmp_path_factory.mktemp("chroot") / "debian") as debian:
        debian.install(*packages.values())
        yield debian


def fields(package) -> dict[str, str]:
    return dict(re.findall(r"^([\w-]+): (.*)$", output_of("dpkg-deb", "--field", package), re.M))


def test_there_is_one_of_each(packages):
    assert sorted(packages) == sorted(NAMES)


def test_lintian_finds_no_errors(packages):
    output_of("lintian", "--fail-on", "error", "--tag-display-limit", "0", "--allow-root", *packages.values())


def test_what_they_need(packages):
    library, development, tools = (fields(packages[name]) for name in NAMES[:3])
    for name in "libc6 (>= ", "libcjson1 (>= ", "libnl-3-200 (>= ", "libyaml-0-2", "libcurl4 (>= 7.88)", "libssl3":
        assert name in library["Depends"], name
    version = library["Version"]
    assert f"libovnk8s0 (= {version})" in development["Depends"] and f"libovnk8s0 (= {version})" in tools["Depends"]
    assert "libmicrohttpd12" in tools["Depends"]
    assert len({fields(package)["Description"] for package in packages.values()}) == len(NAMES)
    assert [one["Section"] for one in (library, development, tools)] == ["libs", "libdevel", "net"]


def test_no_script_of_theirs_runs(packages):
    for package in packages.values():
        control = output_of("dpkg-deb", "--ctrl-tarfile", package, encoding="latin-1")
        assert not re.search(r"\./(pre|post)(inst|rm)\0", control)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_run(debian, name):
    assert "0.1" in debian.run(name, "--version")
    assert name in debian.run(name, "--help")


def test_the_plugin_runs(debian):
    assert "CNI plugin" in debian.run("/usr/lib/cni/ovn-k8s-cni-overlay", "--version")


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
def test_a_program_is_compiled_and_runs(debian, static):
    debian.write("/root/program.c", PROGRAM)
    flags = "--static --libs ovnk8s | sed s/-lovnk8s/-l:libovnk8s.a/" if static else "--libs ovnk8s"
    debian.run("sh", "-ec", f"cd; cc -Wall -Wextra -Werror program.c $(pkg-config --cflags ovnk8s) -o program $(pkg-config {flags})")
    assert debian.run("/root/program").startswith("0.1")


@pytest.mark.skipif(not HAS_PYTHON, reason="no bindings/python")
def test_python_has_it(debian):
    assert debian.run("python3", "-B", "-c", "import ovnk8s; print(ovnk8s.version())").startswith("0.1")


def test_they_go_without_a_trace(debian):
    debian.run("dpkg", "--purge", *NAMES)
    left = debian.run("sh", "-c", "find / -xdev -name '*ovnk8s*' -o -xdev -name '*ovn-k8s*' | grep -v '^/tmp/' || true")
    assert left == ""
