"""What ovn-k8s-overlay makes of a host, and what it leaves alone."""
import json

from overlay import CNI_CONF, master_flags, minion_flags, overlay_command



def test_nodes_reach_each_other_by_their_management_ports(overlay):
    for address in "192.168.1.2", "192.168.3.2":
        overlay.nodes[0].run(["ping", "-c", "2", "-i", "0.2", "-w", "10", address])


def test_running_it_again_changes_nothing(overlay):
    before = overlay.central.output(["ovn-nbctl", "show"])
    for host, verb, flags in ((overlay.central, "master-init", master_flags(overlay.central)),
                              (overlay.nodes[0], "minion-init", minion_flags(overlay.nodes[0]))):
        assert "(0 rows " in overlay_command(host, verb, flags).stdout
    assert overlay.central.output(["ovn-nbctl", "show"]) == before


def test_it_heals_what_somebody_took_away(overlay):
    node = overlay.nodes[0]
    overlay.central.run(["ovn-nbctl", "lsp-del", f"k8s-{node.name}"])
    node.run(["ip", "address", "flush", "dev", f"k8s-{node.name}"[:15]])
    overlay_command(node, "minion-init", {**minion_flags(node), "wait": "hv"})
    node.run(["ping", "-c", "2", "-i", "0.2", "-w", "10", "192.168.1.2"])


def test_it_makes_a_bridge_that_is_missing(overlay):
    node = overlay.nodes[1]
    node.run(["ovn-appctl", "-t", "ovn-controller", "exit"])
    node.run(["ovs-vsctl", "del-br", "br-int"])
    overlay_command(node, "minion-init", minion_flags(node))
    assert node.output(["ovs-vsctl", "get", "Bridge", "br-int", "datapath_type", "fail_mode"]).split() == ["netdev", "secure"]
    node.start_controller(overlay.central.southbound)


def test_a_switch_of_somebody_else_is_left_alone(overlay):
    node = overlay.nodes[0]
    overlay.central.run(["ovn-nbctl", "ls-add", "foreign"])
    flags = {**minion_flags(node), "node-name": "foreign", "minion-switch-subnet": "192.168.77.0/24"}
    refused = overlay_command(node, "minion-init", flags, check=False)
    assert (refused.returncode, refused.stderr) == (
        1, "ovn-k8s-overlay: committing Logical_Switch foreign: there is one of this name that belongs to somebody else\n")
    assert overlay.central.output(["ovn-nbctl", "get", "Logical_Switch", "foreign", "external_ids", "ports"]).split() == ["{}", "[]"]


def test_other_keys_of_the_cni_configuration_stay(overlay):
    node = overlay.nodes[0]
    conf = json.loads(node.path(CNI_CONF).read_text())
    mine = {**conf["plugins"][0], "kubeconfig": "/root/config", "extra": [1]}
    others = {**conf, "disableCheck": True, "cniVersions": ["1.0.0"]}
    node.write(CNI_CONF, json.dumps({**others, "plugins": [mine, {"type": "portmap"}]}))
    overlay_command(node, "minion-init", {**minion_flags(node), "ovs": "unix:/run/openvswitch/db.sock"})
    after = json.loads(node.path(CNI_CONF).read_text())
    assert after == {**others, "plugins": [{**mine, "ovs": "unix:/run/openvswitch/db.sock"}, {"type": "portmap"}]}
