"""The scripts of examples/python, and python -m ovnk8s."""
import csv
import io
import json
import subprocess
import sys
import xml.etree.ElementTree

import ovnk8s
import pytest
from conftest import ROOT

EXAMPLES = ROOT / "examples/python"


def run(script, *words, status=0, text=None):
    """What a script prints; all together it is no longer than a page or two."""
    command = [sys.executable, *(["-m", "ovnk8s"] if script is None else [EXAMPLES / script]), *map(str, words)]
    result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout if status in (0, 1) and not result.stderr else result.stdout + result.stderr


@pytest.mark.parametrize("script", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_each_is_short_and_tells_how_it_is_used(script, tmp_path):
    empty = tmp_path / "empty.json"
    empty.write_text('{"items": []}')
    assert "usage: " in run(script, "--help")
    assert len((EXAMPLES / script).read_text().splitlines()) < 100
    assert f"`{script}`" in (EXAMPLES / "README.md").read_text()
    words = {"podman_fleet.py": ["host1"], "topology_picture.py": [tmp_path / "x.svg"],
             "migrate_subnets.py": ["--cluster-subnet=10.0.0.0/8", f"--file={empty}"]}.get(script, [])
    line = run(script, "--nb=nonsense", *words, status=1)
    assert line.startswith(f"{script[:-3]}: ") and "nonsense" in line and line.count("\n") == 1


def test_podman_fleet(database, nb, tmp_path):
    words = [f"--nb={database.remote}", "--subnet=10.88.0.0/16", f"--output={tmp_path}", "host1", "host2", "host3"]
    assert '+ Logical_Switch "fleet"' in run("podman_fleet.py", "--dry-run", *words)
    assert list(tmp_path.iterdir()) == [] and ovnk8s.Topology.read(nb).networks == []
    run("podman_fleet.py", *words)
    assert "as it was" in run("podman_fleet.py", *words)
    plugins = [json.loads((tmp_path / f"host{i}.conflist").read_text())["plugins"][0] for i in (1, 2, 3)]
    assert [(plugin["rangeStart"], plugin["rangeEnd"]) for plugin in plugins] == [
        ("10.88.64.1", "10.88.127.254"), ("10.88.128.1", "10.88.191.254"), ("10.88.192.1", "10.88.255.254")]
    assert str(ovnk8s.Topology.read(nb).networks[0].gateways[0]) == "10.88.0.1"
    plan, attachment = ovnk8s.Plan(), ovnk8s.Attachment(
        "fleet", "host2", "c1", ranges=f"{plugins[1]['rangeStart']}-{plugins[1]['rangeEnd']}")
    plan.add_attachment(attachment)
    plan.apply(nb)
    assert str(plan.attachment_addresses(attachment)[0]) == "10.88.128.1/16"


def test_migrate_subnets(database, nb, tmp_path):
    def pod(name, node, *ips, **spec):
        return {"kind": "Pod", "metadata": {"namespace": "default", "name": name, "uid": f"uid-{name}"},
                "spec": {"nodeName": node, **spec}, "status": {"phase": "Running", "podIPs": [{"ip": ip} for ip in ips]}}

    items = [{"kind": "Node", "metadata": {"name": "n1"}, "spec": {"podCIDR": "10.244.0.0/24"}},
             {"kind": "Node", "metadata": {"name": "n2"}, "spec": {"podCIDRs": ["10.244.1.0/24"], "podCIDR": "x"}},
             {"kind": "Node", "metadata": {"name": "bare"}, "spec": {}},
             pod("a", "n1", "10.244.0.9"), pod("b", "n2", "10.244.1.7"), pod("c", "n1", "192.0.2.1", hostNetwork=True),
             pod("d", "bare", "10.9.9.9")]
    file = tmp_path / "items.json"
    file.write_text(json.dumps({"items": items}))
    words = [f"--nb={database.remote}", "--cluster-subnet=10.244.0.0/16", f"--file={file}"]
    assert run("migrate_subnets.py", *words).splitlines()[-1].startswith("2 nodes, 2 pods: ")
    assert ovnk8s.Topology.read(nb).nodes == []
    run("migrate_subnets.py", *words, "--yes")
    topology = ovnk8s.Topology.read(nb, ports=True)
    assert [(node.name, str(node.subnets[0])) for node in topology.nodes] == [("n1", "10.244.0.0/24"),
                                                                              ("n2", "10.244.1.0/24")]
    assert [(port.pod, str(port.addresses[0]), port.uid) for port in topology.ports] == [
        ("a", "10.244.0.9/24", "uid-a"), ("b", "10.244.1.7/24", "uid-b")]
    assert "2 nodes, 2 pods: 0 rows" in run("migrate_subnets.py", *words, "--yes")


def test_audit_csv(database, cluster):
    rows = list(csv.DictReader(io.StringIO(run("audit_csv.py", f"--nb={database.remote}"))))
    assert [(row["kind"], row["name"]) for row in rows] == [("node", "n1"), ("pod", "default/web")]
    assert rows[1]["addresses"] == "192.168.1.3/24" and "1 of 252" in rows[0]["state"]
    port = next(uuid for uuid, row in database.dump()["Logical_Switch_Port"].items() if row["name"] == "default_web")
    database.destroy("Logical_Switch_Port", port)
    rows = list(csv.DictReader(io.StringIO(run("audit_csv.py", f"--nb={database.remote}", status=1))))
    assert ("damage", "Logical_Switch_Port default_web") in [(row["kind"], row["name"]) for row in rows]


def test_topology_picture(database, cluster, tmp_path):
    for form in "svg", "dot", "json", "txt":
        run("topology_picture.py", f"--nb={database.remote}", tmp_path / f"net.{form}")
        assert "n1" in (tmp_path / f"net.{form}").read_text()
    xml.etree.ElementTree.parse(tmp_path / "net.svg")
    shown = ("import sys; sys.path.insert(0, sys.argv[1]); from topology_picture import read; "
             "print(read(sys.argv[2])._repr_svg_()[:4])")
    told = subprocess.run([sys.executable, "-c", shown, EXAMPLES, database.remote], capture_output=True, text=True,
                          check=True).stdout
    assert told == "<svg\n"


def test_prompt(database, cluster):
    shown = run(None, f"--db={database.remote}", text="topology()\nlen(Topology.read(nb).nodes)\nraise SystemExit\n",
                status=0)
    assert "n1    192.168.1.0/24  1/252" in shown  # status, first of all
    assert "└── n1" in shown or "n1    192.168.1.0/24  1 of 252 ports" in shown
    assert f"nb is the Northbound database at {database.remote}" in shown
    assert run(None, f"--db={database.remote}", "-c", "print(status())").startswith("cluster kube-master: 192.168.0.0/16\n")
    assert "--db" in run(None, "--help")
    assert run(None, "--version").strip() == f"libovnk8s {ovnk8s.version()}"
    assert "ovnk8s: " in run(None, "--db=nonsense", status=1)
