"""The ABI of the library beside that of the latest release that was recorded."""
import pathlib
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from installed import BUILD, ROOT, output_of

HERE = ROOT / "tests/package"
LIBRARY = BUILD / "lib/libovnk8s.so"
ADVICE = """{report}
This differs from what programs were compiled with that use {name}. Keep what they use; see docs/api-stability.md.
Before 1.0, or with another major version, after it was agreed on and is told in CHANGELOG.md:
    tests/package/record-abi    # writes tests/package/abi/VERSION.xml, which is committed with the change
"""


def baseline() -> pathlib.Path:
    """That of the newest version."""
    def number(path):
        return [int(word) for word in path.stem.split(".")]

    return max((HERE / "abi").glob("*.xml"), key=number)


class Recorded:
    """The structs and unions of one record."""

    def __init__(self, file: pathlib.Path):
        self.types = {one.get("id"): one for one in ElementTree.parse(file).iter() if one.get("id") and "type" not in one.attrib}
        self.structs = {one.get("name"): self.members(one) for one in self.types.values()
                        if one.tag in ("class-decl", "union-decl") and one.get("name", "").startswith("ovnk8s_")}

    def describe(self, id: str) -> str:
        """A type in words."""
        one = self.types.get(id)
        if one is None:
            return id
        inner = one.get("type-id")
        words = [one.tag, one.get("name", ""), one.get("const", ""), one.get("dimensions", "")]
        return " ".join(words) + (f" of {self.describe(inner)}" if inner and one.tag != "typedef-decl" else "")

    def members(self, struct) -> list[tuple]:
        return [(member.get("layout-offset-in-bits"), variable.get("name"), self.describe(variable.get("type-id")))
                for member in struct.iter("data-member") for variable in member.iter("var-decl")]


def members_changed(before: Recorded, now: Recorded) -> str:
    """Members that are not what they were. One whose struct has no members then or now is opaque."""
    lines = []
    for name, members in before.structs.items():
        later = now.structs.get(name, [])
        for i, member in enumerate(members if later else []):
            if member != (later[i] if i < len(later) else None):
                lines.append(f"struct {name}: {member} is {later[i] if i < len(later) else 'gone'}\n")
    return "".join(lines)


def difference(before: pathlib.Path, now: pathlib.Path) -> str:
    """What programs that were compiled before would notice now; "" when nothing. What is new they do not."""
    result = subprocess.run(["abidiff", "--no-added-syms", "--suppressions", HERE / "abi/suppressions", before, now],
                            capture_output=True, text=True, check=False)
    assert not result.returncode & 3, result.stdout + result.stderr  # it could not look
    return (result.stdout if result.returncode else "") + members_changed(Recorded(before), Recorded(now))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The library as it is, recorded."""
    file = tmp_path_factory.mktemp("abi") / "now.xml"
    output_of(HERE / "record-abi", LIBRARY, file)
    return file


def test_programs_of_the_latest_release_run(recorded):
    report = difference(baseline(), recorded)
    assert not report, ADVICE.format(report=report, name=baseline().stem)


def test_all_functions_are_recorded(recorded):
    """Also their parameters: what is not known could not be compared."""
    names = set(re.findall(r"<elf-symbol name='(ovnk8s_\w+)'", recorded.read_text()))
    declared = set(re.findall(r"^    (ovnk8s_\w+);", (ROOT / "lib/ovnk8s.map").read_text(), re.M))
    assert names == declared
    assert names == set(re.findall(r"<function-decl name='(ovnk8s_\w+)'[^>]*elf-symbol-id", recorded.read_text()))


# What somebody could do to a header, and whether programs notice.
CHANGES = {
    "a member in the middle": (r"(    const char \*name;   /\* 1 to 253)", r"    int colour;\n\1", True),
    "a member that is gone": (r"    int is_routed; .*\n", "", True),
    "another type of a member": (r"    int is_routed; ", "    long is_routed; ", True),
    "another parameter": (r"unsigned int flags\);\n\n/\* What an attachment", "unsigned long flags);\n\n/* What an attachment", True),
    "a member at the end": (r"(    int is_routed; .*\n)", r"\1    int colour;\n", False),
    "another comment": (r"/\* What a network is\.", "/* What a network may be.", False),
}


@pytest.mark.parametrize("pattern, text, is_noticed", CHANGES.values(), ids=CHANGES.keys())
def test_what_is_noticed(tmp_path, pattern, text, is_noticed):
    """On a library of one header, for which there is no need to compile all."""
    files = {}
    for name in "before", "after":
        folder = tmp_path / name
        shutil.copytree(ROOT / "include", folder / "include")
        header = folder / "include/ovnk8s/network.h"
        if name == "after":
            changed, n = re.subn(pattern, text, header.read_text(), count=1)
            assert n == 1, f"{pattern} is not in network.h any more"
            header.write_text(changed)
        source = folder / "network.c"
        parameters = re.search(r"\bovnk8s_network_delete\(([^)]*)\)", header.read_text())[1]
        source.write_text(f"""#include <ovnk8s/network.h>
            int ovnk8s_network_add(ovnk8s_plan *plan, const ovnk8s_network *network) {{ return plan && network; }}
            int ovnk8s_network_delete({parameters}) {{ return plan && name && flags; }}""")
        library, files[name] = folder / "libovnk8s.so", folder / "abi.xml"
        output_of("cc", "-g", "-shared", "-fPIC", f"-I{folder / 'include'}", source, "-o", library)
        output_of("abidw", "--out-file", files[name], library)
    assert bool(difference(files["before"], files["after"])) == is_noticed
