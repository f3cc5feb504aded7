"""Pods with an address of each family: from the subnets of a node to packets between two nodes."""
import pytest

from overlay import Pod, Watcher, set_up_dual_stack


@pytest.fixture(scope="module")
def overlay(cluster):
    set_up_dual_stack(cluster)
    return cluster


def test_pods_reach_each_other_by_both_families(overlay):
    with Watcher(overlay.central):
        pods = [Pod(overlay, f"dual{i}", node) for i, node in enumerate(overlay.nodes)]
        for number, pod in enumerate(pods, 2):
            assert pod.wait_for_annotation() == {
                "ip_address": f"192.168.{number}.3/24", "mac_address": f"0a:58:c0:a8:{number:02x}:03",
                "gateway_ip": f"192.168.{number}.1",
                "ip_addresses": [f"192.168.{number}.3/24", f"fd01:0:0:{number}::3/64"],
                "gateway_ips": [f"192.168.{number}.1", f"fd01:0:0:{number}::1"]}
            assert [ip["address"] for ip in pod.plug()["ips"]] == pod.annotation()["ip_addresses"]
            assert "tentative" not in pod.netns.run(["ip", "-6", "address", "show", "dev", "eth0", "scope", "global"]).stdout
    pods[0].ping("192.168.3.3")
    pods[0].ping("fd01:0:0:3::3")
    pods[1].ping("fd01:0:0:2::3")


def test_hosts_reach_pods_of_their_cluster_by_ipv6(overlay):
    overlay.nodes[0].run(["ping", "-c", "2", "-i", "0.2", "-w", "10", "fd01:0:0:3::2"])
