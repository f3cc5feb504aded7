"""The CNI plugin on what it cannot work with: it answers with an error object that names the cause, and changes nothing."""
import json

import pytest

from overlay import Pod, call_plugin

GOOD = {"ip_address": "192.168.2.9/24", "mac_address": "0a:58:c0:a8:02:09", "gateway_ip": "192.168.2.1"}
ELSEWHERE = "https://10.99.0.99:6443"


@pytest.fixture(scope="module")
def netns(overlay):
    """A namespace that waits for its eth0."""
    return overlay.nodes[0].netns_add("waiting")


@pytest.fixture(scope="module")
def good_pod(overlay):
    return Pod(overlay, "good", overlay.nodes[0], {"ovn": json.dumps(GOOD)})


def add(pod, netns, *, stdin=None, **changes):
    """Calls the plugin as a container runtime does, with the node's configuration.

    Changes with names in capitals are for the environment, where None leaves a variable out; others for the configuration.
    """
    environment = {"CNI_NETNS": netns.path, "CNI_ARGS": pod.cni_args}
    keys = {"timeout": 1}
    for name, value in changes.items():
        (environment if name.isupper() else keys)[name] = value
    result = call_plugin(pod.node, environment.pop("CNI_COMMAND", "ADD"), environment, keys, stdin)
    assert result.returncode != 0
    error = json.loads(result.stdout)
    assert "\n" not in error["msg"]
    return error


@pytest.mark.parametrize("annotation, words", [
    ('{"ip_address"', ["JSON"]),
    ("[]", ["object"]),
    (json.dumps({**GOOD, "ip_address": "192.168.2.9/33"}), ["ip_address", "192.168.2.9/33"]),
    (json.dumps({**GOOD, "ip_address": 5}), ["ip_address"]),
    (json.dumps({**GOOD, "mac_address": "0a:58"}), ["mac_address", "0a:58"]),
    (json.dumps({**GOOD, "gateway_ip": "here"}), ["gateway_ip", "here"]),
    (json.dumps({"mac_address": GOOD["mac_address"]}), ["ip_address"])],
    ids=["cut", "no-object", "prefix", "number", "mac", "gateway", "no-address"])
def test_annotation(overlay, netns, unchanged, annotation, words):
    pod = Pod(overlay, "bad", overlay.nodes[0], {"ovn": annotation})
    try:
        message = add(pod, netns)["msg"]
    finally:
        pod.delete()
    for word in ['pod "default/bad"', 'annotation "ovn"', *words]:
        assert word in message


def test_no_annotation(overlay, netns, unchanged):
    pod = Pod(overlay, "unnoticed", overlay.nodes[0])
    message = add(pod, netns)["msg"]
    assert 'pod "default/unnoticed" has no annotation "ovn"' in message


def test_no_such_pod(overlay, good_pod, netns, unchanged):
    message = add(good_pod, netns, CNI_ARGS="K8S_POD_NAMESPACE=default;K8S_POD_NAME=nobody")["msg"]
    assert 'pod "default/nobody"' in message and "does not exist" in message


def test_pod_of_the_same_name_from_before(good_pod, netns, unchanged):
    message = add(good_pod, netns, CNI_ARGS="K8S_POD_NAMESPACE=default;K8S_POD_NAME=good;K8S_POD_UID=old;IgnoreUnknown=1")["msg"]
    assert "uid old" in message and good_pod.uid in message


@pytest.mark.parametrize("kubeconfig, words", [
    ({"server": ELSEWHERE}, [ELSEWHERE, "timed out"]),
    ({"token": "wrong"}, ["Unauthorized"])], ids=["unreachable", "token"])
def test_api_server(overlay, good_pod, netns, unchanged, kubeconfig, words):
    node = good_pod.node
    content = json.loads(node.path("/etc/kubernetes/kubeconfig").read_text())
    content["clusters"][0]["cluster"]["server"] = kubeconfig.get("server", overlay.api.url)
    content["users"][0]["user"]["token"] = kubeconfig.get("token", "irrelevant")
    node.write("/run/other.kubeconfig", json.dumps(content))
    message = add(good_pod, netns, kubeconfig="/run/other.kubeconfig")["msg"]
    for word in words:
        assert word in message


def test_api_server_whose_authority_only_the_system_trusts(good_pod, netns, unchanged):
    """The authority that a kubeconfig names is the only one that counts."""
    node, given = good_pod.node, "/etc/kubernetes/ca.crt"
    trusted = f"/etc/ssl/certs/{node.output(['openssl', 'x509', '-hash', '-noout', '-in', given])}.0"
    node.run(["openssl", "req", "-x509", "-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
              "-subj", "/CN=another", "-keyout", "/dev/null", "-out", "/run/another.crt"])
    content = json.loads(node.path("/etc/kubernetes/kubeconfig").read_text())
    content["clusters"][0]["cluster"]["certificate-authority"] = "/run/another.crt"
    node.write("/run/other.kubeconfig", json.dumps(content))
    node.run(["cp", given, trusted])
    try:
        assert "certificate" in add(good_pod, netns, kubeconfig="/run/other.kubeconfig")["msg"]
    finally:
        node.run(["rm", trusted])


@pytest.mark.parametrize("code, words, changes", [
    (4, ["CNI_IFNAME", "CNI_NETNS"], {"CNI_IFNAME": None, "CNI_NETNS": None}),
    (4, ["interface name"], {"CNI_IFNAME": "much-too-long-for-linux"}),
    (4, ["containerID"], {"CNI_CONTAINERID": "a/b"}),
    (4, ["BREW"], {"CNI_COMMAND": "BREW"}),
    (6, ["JSON"], {"stdin": "{"}),
    (7, ["name"], {"name": ""}),
    (1, ["version"], {"cniVersion": "9.9.9"}),
    (7, ["mtu"], {"mtu": "big"})])
def test_protocol(good_pod, netns, unchanged, code, words, changes):
    error = add(good_pod, netns, **changes)
    assert error["code"] == code
    for word in words:
        assert word in error["msg"] + error.get("details", "")


def test_missing_namespace(good_pod, netns, unchanged):
    assert "/run/netns/nowhere" in add(good_pod, netns, CNI_NETNS="/run/netns/nowhere")["msg"]


def test_databases_out_of_reach(good_pod, netns, unchanged):
    assert "unix:/run/nowhere.sock" in add(good_pod, netns, ovs="unix:/run/nowhere.sock")["msg"]


def test_no_flows_in_time(overlay, good_pod, netns, unchanged):
    """The pod's annotation looks good, but no logical port is behind it: what was plugged in is taken out again."""
    assert "default_good" in add(good_pod, netns)["msg"]
    assert good_pod.interface("name") == ""
