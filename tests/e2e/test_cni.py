"""Every verb and every version of the CNI specification, on a node of a real cluster, called as runtimes call them."""
import json

import pytest

from host import wait_for
from overlay import CNI_CONF, Pod, call_plugin
from snapshot import differences, snapshot

VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
ELSEWHERE = "/run/elsewhere.kubeconfig"
ANNOTATIONS = "io.kubernetes.cri.pod-annotations"


class Attachment:
    """A pod's container as a runtime sees it."""

    def __init__(self, pod: Pod, container: str, ifname: str = "eth0", network: str = "ovn-kubernetes", version: str = "1.1.0"):
        self.pod, self.node = pod, pod.node
        self.container, self.ifname = container, ifname
        self.keys = {"name": network, "cniVersion": version, "timeout": 30}
        self.result = None

    def call(self, verb: str, environment=None, **keys):
        variables = {"CNI_CONTAINERID": self.container, "CNI_IFNAME": self.ifname, "CNI_NETNS": self.pod.netns.path,
                     "CNI_ARGS": self.pod.cni_args, **(environment or {})}
        return call_plugin(self.node, verb, variables, {**self.keys, **keys})

    def add(self, **keys) -> dict:
        result = self.call("ADD", **keys)
        assert result.returncode == 0, result.stdout
        self.result = json.loads(result.stdout)
        return self.result

    def quiet(self, verb: str, environment=None, **keys):
        """A call that has nothing to say."""
        result = self.call(verb, environment, **keys)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    def check(self):
        self.quiet("CHECK", prevResult=self.result)

    def error(self, verb: str, environment=None, **keys) -> dict:
        result = self.call(verb, environment, **keys)
        assert (result.returncode, result.stderr) == (1, "")
        error = json.loads(result.stdout)
        assert "\n" not in error["msg"]
        return error


@pytest.fixture
def pod(overlay, watcher, request):
    """A pod that has its annotation, and a namespace on its node; its name is that of the test."""
    made = Pod(overlay, request.node.name.translate(str.maketrans("_[.]", "----"))[-50:].strip("-"), overlay.nodes[0])
    made.wait_for_annotation()
    assert made.netns
    return made


@pytest.fixture
def no_api_server(overlay):
    """A kubeconfig that leads nowhere: who asks there fails."""
    overlay.nodes[0].write(ELSEWHERE, json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://10.99.0.99:1"}}], "users": [{"name": "u", "user": {}}]}))
    return ELSEWHERE


@pytest.mark.parametrize("version", VERSIONS)
def test_add_and_delete_in_each_version(pod, version):
    given = pod.annotation()
    one = Attachment(pod, "versions", version=version)
    result = one.add()
    assert result["cniVersion"] == version
    if version < "0.3.0":
        assert result["ip4"]["ip"] == given["ip_address"] and result["ip4"]["gateway"] == given["gateway_ip"]
        assert result["ip4"]["routes"] == [{"dst": "0.0.0.0/0", "gw": given["gateway_ip"]}]
        assert not {"interfaces", "ips", "routes", "ip6"} & set(result)
    else:
        address, = result["ips"]
        assert address.pop("version", None) == ("4" if version < "1.0.0" else None)
        assert address == {"address": given["ip_address"], "gateway": given["gateway_ip"], "interface": 1}
        inside = result["interfaces"][1]
        assert inside.pop("mtu", None) == (1400 if version >= "1.1.0" else None)
        assert inside == {"name": "eth0", "mac": given["mac_address"], "sandbox": pod.netns.path}
    if version >= "0.4.0":
        one.check()
    one.quiet("DEL")


def test_delete_whatever_is_left(pod):
    one = Attachment(pod, "left")
    one.add()
    one.quiet("DEL", {"CNI_NETNS": "", "CNI_ARGS": ""})
    one.quiet("DEL", {"CNI_NETNS": None})
    one.quiet("DEL", {"CNI_NETNS": "/run/netns/never"}, prevResult=one.result)
    assert pod.interface("name") == ""


@pytest.mark.parametrize("damage", [
    ["ip", "address", "flush", "dev", "eth0"], ["ip", "route", "del", "default"], ["ip", "link", "set", "eth0", "down"],
    ["ip", "link", "set", "eth0", "address", "0a:58:00:00:00:01"], ["ip", "link", "del", "eth0"]],
    ids=["address", "route", "down", "mac", "gone"])
def test_check_finds_what_is_broken_in_the_container(pod, damage):
    one = Attachment(pod, "broken")
    one.add()
    one.check()
    pod.netns.run(damage)
    assert one.error("CHECK", prevResult=one.result)["code"] == 107
    one.quiet("DEL")


def test_check_finds_what_is_broken_on_the_host(pod, no_api_server):
    one = Attachment(pod, "broken")
    one.add()
    interface = pod.interface("name")
    one.quiet("CHECK", prevResult=one.result, kubeconfig=no_api_server)
    one.node.run(["ovs-vsctl", "set", "Interface", interface, "external_ids:iface-id=other"])
    assert one.error("CHECK", prevResult=one.result)["code"] == 107
    one.node.run(["ovs-vsctl", "set", "Interface", interface, f"external_ids:iface-id={pod.port}"])
    wait_for("the port to work again", lambda: one.call("CHECK", prevResult=one.result).returncode == 0)
    one.node.run(["ovs-vsctl", "del-port", interface])
    assert one.error("CHECK", prevResult=one.result)["code"] == 107
    one.quiet("DEL")


def test_check_lets_later_plugins_do_their_work(pod):
    one = Attachment(pod, "chain")
    result = one.add()
    result["interfaces"].insert(0, {"name": "other0"})
    result["ips"][0]["interface"] = 2
    result["routes"].append({"dst": "10.200.0.0/16", "gw": "10.201.0.1"})
    result["routes"].append({"dst": "10.202.0.0/16"})
    pod.netns.run(["ip", "link", "set", "eth0", "mtu", "1300"])
    pod.netns.run(["ip", "address", "add", "10.3.3.3/32", "dev", "eth0"])
    one.check()
    one.quiet("DEL")


def test_an_annotation_that_the_runtime_knows_needs_no_api_server(pod, no_api_server):
    one = Attachment(pod, "known")
    annotation = json.dumps(pod.annotation())
    result = one.add(kubeconfig=no_api_server, runtimeConfig={ANNOTATIONS: {"ovn": annotation}})
    assert result["ips"][0]["address"] == pod.annotation()["ip_address"]
    assert f"iface-id-ver={pod.uid}" in pod.interface("external_ids").split()
    one.quiet("DEL")
    error = one.error("ADD", kubeconfig=no_api_server, runtimeConfig={ANNOTATIONS: {"other": "x"}}, timeout=5)
    assert error["code"] == 105


def test_the_annotation_of_ovn_kubernetes_will_do(pod, no_api_server):
    """Where there is no other one."""
    one, given = Attachment(pod, "networks"), pod.annotation()
    network = {"ip_addresses": [given["ip_address"]], "mac_address": given["mac_address"],
               "gateway_ips": [given["gateway_ip"]], "role": "primary"}
    annotations = {"k8s.ovn.org/pod-networks": json.dumps({"default": network})}
    result = one.add(kubeconfig=no_api_server, runtimeConfig={ANNOTATIONS: annotations})
    assert result["ips"][0]["address"] == given["ip_address"]
    assert result["ips"][0]["gateway"] == given["gateway_ip"]
    one.quiet("DEL")
    annotations["k8s.ovn.org/pod-networks"] = json.dumps({"default": {**network, "gateway_ips": ["10.9.9.9"]}})
    error = one.error("ADD", kubeconfig=no_api_server, runtimeConfig={ANNOTATIONS: annotations})
    assert error["code"] == 102 and "k8s.ovn.org/pod-networks" in error["msg"]
    one.add(kubeconfig=no_api_server, runtimeConfig={ANNOTATIONS: {**annotations, "ovn": json.dumps(given)}})
    one.quiet("DEL")


def test_wishes_that_the_annotation_fulfils_or_not(overlay, pod):
    one = Attachment(pod, "wishes")
    given = pod.annotation()
    before = snapshot(overlay)
    error = one.error("ADD", runtimeConfig={"mac": "0a:00:00:00:00:01"})
    assert "0a:00:00:00:00:01" in error["msg"] and given["mac_address"] in error["msg"]
    error = one.error("ADD", {"CNI_ARGS": pod.cni_args + ";IP=192.168.2.250"})
    assert "192.168.2.250" in error["msg"] and given["ip_address"] in error["msg"]
    assert differences(before, snapshot(overlay)) == []
    one.add(runtimeConfig={"mac": given["mac_address"], "ips": [given["ip_address"]],
                           "dns": {"Servers": ["10.0.0.10"], "Searches": ["a.b"], "Options": None}},
            dns={"nameservers": ["10.0.0.1"]})
    assert one.result["dns"] == {"nameservers": ["10.0.0.10"], "search": ["a.b"]}
    one.quiet("DEL")


def test_bandwidth_as_containerd_writes_it(pod):
    one = Attachment(pod, "limits")
    one.add(runtimeConfig={"bandwidth": {"IngressRate": 2000000, "IngressBurst": 4294967295,
                                         "EgressRate": 1000000, "EgressBurst": 4294967295}})
    assert pod.interface("ingress_policing_rate") == "1000"
    queue = pod.node.output(["ovs-vsctl", "--bare", "--columns=other_config", "find", "QoS"])
    assert "max-rate=2000000" in queue.split()
    one.check()
    one.quiet("DEL")
    assert pod.node.output(["ovs-vsctl", "--bare", "--columns=_uuid", "find", "QoS", "type=linux-htb"]) == ""


def test_behind_another_plugin(pod):
    one = Attachment(pod, "chained", ifname="net1")
    previous = {"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "sandbox": pod.netns.path}],
                "ips": [{"address": "10.9.0.2/16", "interface": 0}], "routes": [{"dst": "10.8.0.0/16"}], "dns": {"domain": "x"}}
    result = one.add(prevResult=previous)
    assert [interface["name"] for interface in result["interfaces"]] == ["eth0", pod.interface("name"), "net1"]
    assert [ip["interface"] for ip in result["ips"]] == [0, 2]
    assert result["routes"][0] == {"dst": "10.8.0.0/16"} and result["dns"] == {"domain": "x"}
    one.check()
    one.quiet("DEL")


def test_an_interface_that_is_there_already(overlay, pod):
    one = Attachment(pod, "first")
    one.add()
    before = snapshot(overlay)
    error = Attachment(pod, "second").error("ADD")
    assert error["code"] == 106 and "eth0" in error["msg"] and "exists" in error["msg"]
    assert differences(before, snapshot(overlay)) == []
    one.quiet("DEL")


def test_garbage_collection(overlay, watcher):
    pods = [Pod(overlay, f"gc-{i}", overlay.nodes[0]) for i in range(3)]
    first, second = Attachment(pods[0], "gc-1"), Attachment(pods[1], "gc-2", ifname="net1")
    other = Attachment(pods[2], "gc-other", ifname="net2", network="other")
    attachments = [first, second, other]
    for one in attachments:
        one.add()

    def left() -> list[str]:
        found = first.node.output(["ovs-vsctl", "--bare", "--columns=external_ids", "find", "Interface"])
        return [one.container for one in attachments if f"sandbox={one.container}" in found.split()]

    assert left() == ["gc-1", "gc-2", "gc-other"]
    first.quiet("GC")
    assert left() == ["gc-1", "gc-2", "gc-other"]
    valid = [{"containerID": "gc-2", "ifname": "net1"}, {"containerID": "gc-1", "ifname": "other"}]
    first.quiet("GC", {"CNI_NETNS": None, "CNI_CONTAINERID": None, "CNI_IFNAME": None}, **{"cni.dev/valid-attachments": valid})
    assert left() == ["gc-2", "gc-other"]
    second.check()
    first.quiet("GC", **{"cni.dev/attachments": None})
    assert left() == ["gc-other"]
    other.quiet("DEL")


def test_status(overlay, pod, no_api_server):
    one = Attachment(pod, "status")
    one.quiet("STATUS")
    error = one.error("STATUS", kubeconfig=no_api_server)
    assert error["code"] == 50 and "10.99.0.99" in error["msg"]
    error = one.error("STATUS", ovs="unix:/run/nowhere.sock", timeout=1)
    assert error["code"] == 51 and "/run/nowhere.sock" in error["msg"]
    error = one.error("STATUS", {"OVN_RUNDIR": "/run/nobody"})
    assert error["code"] == 50 and "ovn-controller" in error["msg"] and "/run/nobody" in error["msg"]


def test_status_without_a_southbound_database(overlay):
    node = overlay.nodes[1]
    remote = node.output(["ovs-vsctl", "get", "Open_vSwitch", ".", "external_ids:ovn-remote"])
    call = {"environment": {}, "keys": {"cniVersion": "1.1.0"}}
    assert call_plugin(node, "STATUS", **call).returncode == 0
    node.run(["ovs-vsctl", "set", "Open_vSwitch", ".", "external_ids:ovn-remote=unix:/run/nowhere.sock"])
    try:
        wait_for("a STATUS that fails", lambda: call_plugin(node, "STATUS", **call).returncode)
        error = json.loads(call_plugin(node, "STATUS", **call).stdout)
        assert error["code"] == 50 and "not connected to the Southbound database" in error["msg"]
    finally:
        node.run(["ovs-vsctl", "set", "Open_vSwitch", ".", f"external_ids:ovn-remote={remote}"])
    wait_for("a STATUS that succeeds", lambda: not call_plugin(node, "STATUS", **call).returncode)


def test_who_gives_addresses_is_never_guessed(overlay, pod):
    """Neither an API server nor a mode is configured: the error names both ways out."""
    node = pod.node
    server = node.output(["ovs-vsctl", "get", "Open_vSwitch", ".", "external_ids:k8s-api-server"])
    node.run(["ovs-vsctl", "remove", "Open_vSwitch", ".", "external_ids", "k8s-api-server"])
    try:
        error = Attachment(pod, "nobody").error("ADD")
        nameless = Attachment(pod, "nobody").error("ADD", {"CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAME=c1"})
    finally:
        node.run(["ovs-vsctl", "set", "Open_vSwitch", ".", f"external_ids:k8s-api-server={server}"])
    assert (error["code"], nameless["code"]) == (7, 4)
    for message in error["msg"], nameless["msg"]:
        for word in "kubeconfig", "k8s-api-server", '"mode": "standalone"':
            assert word in message


def test_what_is_installed(overlay):
    conf = json.loads(overlay.nodes[0].path(CNI_CONF).read_text())
    assert (conf["cniVersion"], conf["cniVersions"]) == ("1.0.0", ["1.0.0", "1.1.0"])
    assert [name for name, on in conf["plugins"][0]["capabilities"].items() if on] == ["bandwidth", "dns", "ips", "mac", ANNOTATIONS]
