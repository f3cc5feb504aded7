"""The main line: a pod is created in Kubernetes, gets a logical port and an annotation from the watcher, is plugged in by the
CNI plugin, and talks to pods on its own and on another host, until it is deleted and nothing of it is left."""
import itertools
import json

from host import wait_for
from overlay import PODS, WATCHER_LOG, WATCHER_PID, Pod, Watcher, at_once, master_flags, minion_flags, overlay_command
from snapshot import snapshot

PAYLOAD = "/run/payload"


def plugged_pods(overlay, prefix, nodes):
    """One pod on each of the nodes, created and plugged in at the same time."""
    pods = at_once([lambda name=f"{prefix}{i}", node=node: Pod(overlay, name, node) for i, node in enumerate(nodes)])
    for pod in pods:
        pod.wait_for_annotation()
    at_once([pod.plug for pod in pods])
    return pods


def transfer(sender, receiver):
    """Sends PAYLOAD over TCP and returns what the receiver found its checksum to be."""
    with receiver.netns.popen(["bash", "-c", "nc -l 5000 | sha256sum"], stdout=-1) as server:
        wait_for("nc", lambda: ":5000" in receiver.netns.run(["ss", "-Hltn"]).stdout)
        sender.netns.run(["bash", "-c", f"nc -N {receiver.address} 5000 <{PAYLOAD}"])
        return server.communicate(timeout=20)[0]


def test_four_pods_on_two_nodes_reach_each_other(overlay, watcher):
    pods = plugged_pods(overlay, "four", overlay.nodes * 2)
    for one, other in itertools.permutations(pods, 2):
        one.ping(other.address)
    for node in overlay.nodes:
        node.run(["bash", "-c", f"head -c 8M /dev/zero | openssl enc -aes-128-ctr -pass pass:x -pbkdf2 -nosalt >{PAYLOAD}"])
    checksum = overlay.nodes[0].output(["bash", "-c", f"sha256sum <{PAYLOAD}"])
    assert transfer(pods[0], pods[1]).strip() == checksum, "between nodes"
    assert transfer(pods[0], pods[2]).strip() == checksum, "on one node"


def test_nodes_and_pods_reach_each_other(overlay, watcher):
    pod, = plugged_pods(overlay, "node-to-pod", overlay.nodes[:1])
    for host in overlay.nodes:
        host.run(["ping", "-c", "2", "-i", "0.1", "-w", "10", pod.address])
    pod.ping("192.168.3.2")


def test_what_add_makes(overlay, watcher):
    node = overlay.nodes[0]
    pod = Pod(overlay, "made", node)
    given = pod.wait_for_annotation()
    result = pod.plug()

    assert result["ips"][0]["address"] == given["ip_address"]
    assert result["ips"][0]["gateway"] == given["gateway_ip"] == "192.168.2.1"
    container_side = next(link for link in result["interfaces"] if link.get("sandbox"))
    assert (container_side["name"], container_side["mac"]) == ("eth0", given["mac_address"])

    link, = json.loads(pod.netns.run(["ip", "-json", "address", "show", "eth0"]).stdout)
    assert link["address"] == given["mac_address"]
    assert link["mtu"] == 1400
    assert given["ip_address"] in [f'{one["local"]}/{one["prefixlen"]}' for one in link["addr_info"]]
    assert "default via 192.168.2.1" in pod.netns.run(["ip", "route"]).stdout

    external_ids = pod.interface("external_ids").split()
    assert {f"iface-id={pod.port}", f"attached_mac={given['mac_address']}", f"ip_address={given['ip_address']}",
            f"iface-id-ver={pod.uid}"} <= set(external_ids)
    assert any(one.startswith("sandbox=cnitool-") for one in external_ids)


def test_what_the_watcher_makes(overlay, watcher):
    pod = Pod(overlay, "row", overlay.nodes[1])
    given = pod.wait_for_annotation()
    octets = [int(part) for part in pod.address.split(".")]
    assert given["mac_address"] == "0a:58:" + ":".join(f"{octet:02x}" for octet in octets)
    assert given["ip_address"].startswith("192.168.3.") and given["ip_address"].endswith("/24")
    addresses = f"{given['mac_address']} {pod.address}"
    assert pod.logical_port("addresses") == addresses
    assert pod.logical_port("port_security") == addresses
    assert {"namespace=default", "pod=true", "ovnk8s-owner=k8s"} <= set(pod.logical_port("external_ids").split())


def test_deleting_a_pod_removes_its_logical_port(overlay, watcher):
    pod = Pod(overlay, "deleted", overlay.nodes[0])
    pod.wait_for_annotation()
    assert pod.logical_port("_uuid")
    pod.delete()
    wait_for("the end of the logical port", lambda: not pod.logical_port("_uuid"), log=overlay.central.path(WATCHER_LOG))


def test_del_cleans_the_node_and_can_be_repeated(overlay, watcher):
    node = overlay.nodes[0]

    def traces():
        return node.output(["ovs-vsctl", "list-ports", "br-int"]), sorted(node.path("/sys/class/net").iterdir())

    before = traces()
    pod, = plugged_pods(overlay, "unplugged", [node])
    assert traces() != before
    for _ in range(2):
        assert pod.cni("del").stdout == ""
        assert traces() == before
    pod.plug()
    pod.netns.delete()
    pod.cni("del")
    assert traces() == before


def test_pods_from_before_and_from_between_are_dealt_with(overlay):
    before = Pod(overlay, "before", overlay.nodes[0])
    with Watcher(overlay.central):
        before.wait_for_annotation()
        leaving = Pod(overlay, "leaving", overlay.nodes[0])
        leaving.wait_for_annotation()
    leaving.delete()
    coming = Pod(overlay, "coming", overlay.nodes[1])
    with Watcher(overlay.central):
        coming.wait_for_annotation()
        wait_for("the end of the logical port", lambda: not leaving.logical_port("_uuid"))
        assert before.logical_port("_uuid")


def test_a_pod_of_the_same_name_gets_an_address_of_its_own_life(overlay, watcher):
    first = Pod(overlay, "again", overlay.nodes[0])
    first.wait_for_annotation()
    first.delete()
    second = Pod(overlay, "again", overlay.nodes[1])
    assert second.wait_for_annotation()["ip_address"].startswith("192.168.3.")
    wait_for("the port", lambda: second.address in second.logical_port("addresses"))


def test_pods_without_a_network_of_their_own_get_no_port(overlay, watcher):
    on_host = Pod(overlay, "on-host", overlay.nodes[0], hostNetwork=True)
    finished = Pod(overlay, "finished", overlay.nodes[0])
    finished.wait_for_annotation()
    overlay.api.request("PATCH", f"{PODS}/finished/status", {"status": {"phase": "Succeeded"}},
                        content_type="application/merge-patch+json")
    wait_for("the end of the finished pod's port", lambda: not finished.logical_port("_uuid"))
    assert on_host.annotation() is None
    assert on_host.logical_port("_uuid") == ""


def test_the_watcher_ends_when_asked(overlay):
    with Watcher(overlay.central) as watcher:
        assert watcher.alive()
    assert not overlay.central.path(WATCHER_PID).exists()


def test_init_again_changes_nothing(overlay):
    before = snapshot(overlay)
    overlay_command(overlay.central, "master-init", master_flags(overlay.central))
    for node in overlay.nodes:
        overlay_command(node, "minion-init", minion_flags(node))
    assert snapshot(overlay) == before


def test_add_executes_no_other_program(overlay, watcher):
    pod = Pod(overlay, "alone", overlay.nodes[0])
    pod.wait_for_annotation()
    trace = "/run/execve"
    pod.cni("add", prefix=["strace", "-f", "-qq", "-e", "trace=execve", "-o", trace])
    # A call that is interrupted by another process's ends on a line of its own, without its arguments.
    calls = [line for line in pod.node.path(trace).read_text().splitlines() if "execve(" in line]
    started = [line for line in calls if " = -1 " not in line]
    assert ["cnitool" in started[0], "/opt/cni/bin/ovn-k8s-cni-overlay" in started[1], len(started)] == [True, True, 2]
