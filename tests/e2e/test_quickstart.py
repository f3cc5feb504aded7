"""examples/quickstart: it passes, and it leaves nothing behind, also when it is interrupted."""
import json
import os
import pathlib
import signal
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def start(folder, *arguments):
    """Its own process group stands for a terminal, where Ctrl-C reaches everything that runs in the foreground."""
    return subprocess.Popen([ROOT / "examples/quickstart", *arguments], env={**os.environ, "TMPDIR": str(folder)},
                            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def assert_nothing_left(folder):
    assert list(folder.iterdir()) == []
    assert subprocess.run(["pgrep", "-f", f"host-init .*{folder}"]).returncode == 1


def control_groups(folder, node):
    pid = json.loads((folder / "sandbox.json").read_text())["hosts"][node]["pid"]
    kept = subprocess.run([ROOT / "tests/lab/cgroup", "kept", str(pid)], check=True, capture_output=True, text=True).stdout
    return [pathlib.Path(line) for line in kept.splitlines()] or pytest.fail(f"{node} has no control groups")


def test_it_passes(tmp_path):
    quickstart = start(tmp_path)
    output = quickstart.communicate(timeout=300)[0]
    assert quickstart.returncode == 0, output
    assert "PASS" in output.splitlines()[-1]
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("moment", ["Building", "Starting", "cnitool add"])
def test_interrupted(tmp_path, moment):
    quickstart = start(tmp_path)
    seen = ""
    while moment not in seen:
        seen += quickstart.stdout.read(1) or pytest.fail(f"ended early: {seen}")
    os.killpg(quickstart.pid, signal.SIGINT)
    output = quickstart.communicate(timeout=60)[0]
    assert quickstart.returncode == 130, output
    assert_nothing_left(tmp_path)


def test_cluster(tmp_path):
    quickstart = start(tmp_path, "--cluster")
    output = quickstart.communicate(timeout=300)[0]
    folder, = tmp_path.iterdir()
    try:
        assert quickstart.returncode == 0, output
        assert "PASS" in output
        answers = [line for line in output.splitlines() if line.startswith("web-") and " " not in line]
        assert len(answers) == 12 and len(set(answers)) > 1
        shown = [line.split() for line in output.splitlines() if line.startswith("  ")]
        setting = next(words[1] for words in shown if words[0] == "export")
        command = next(words for words in shown if words[0].endswith("/kubectl"))
        listed = subprocess.run(["env", setting, *command], capture_output=True, text=True).stdout
        assert listed.count("1/1") == 5 and "kube-minion1" in listed and "kube-minion2" in listed
        groups = control_groups(folder, "kube-minion1")
        assert all(group.exists() for group in groups)
    finally:
        down = ["tests/lab/sandbox.py", "down", str(folder)]
        assert subprocess.run(down, cwd=ROOT).returncode == 0
    assert shown[-1] == down
    assert_nothing_left(tmp_path)
    assert not any(group.exists() for group in groups)


def test_keep(tmp_path):
    quickstart = start(tmp_path, "--keep")
    output = quickstart.communicate(timeout=300)[0]
    folder, = tmp_path.iterdir()
    try:
        assert quickstart.returncode == 0, output
        shown = [line.split() for line in output.splitlines() if line.startswith("  tests/lab/sandbox.py ")]
        assert "kube-minion2" in subprocess.run(shown[1], cwd=ROOT, capture_output=True, text=True).stdout
        assert subprocess.run([*shown[2], "-c", "1"], cwd=ROOT).returncode == 0
    finally:
        down = ["tests/lab/sandbox.py", "down", str(folder)]
        assert subprocess.run(down, cwd=ROOT).returncode == 0
    assert shown[-1] == down
    assert_nothing_left(tmp_path)
