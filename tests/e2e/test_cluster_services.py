"""Services in a whole Kubernetes cluster that has no kube-proxy: what pods, hosts and the outside find at their addresses."""
import contextlib
import json

import pytest

import coredns
from apiserver import PORT as API_PORT
from host import wait_for
from overlay import PODS, WATCHER_LOG
from test_cluster import CONTAINER, PATIENCE, SPEC, Deployment, Pod, cluster, is_ready, overlay  # noqa: F401

SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
OUTSIDE = "10.99.0.200"  # on the network that hosts are on, and no host of the cluster
REPLICAS = 4

# Programs of the machine run in these: curl, which checks certificates, and the C library's resolver.
TOOLS = {
    "automountServiceAccountToken": True, "terminationGracePeriodSeconds": 0,
    "containers": [{"name": "main", "image": CONTAINER["image"],
                    "volumeMounts": [{"name": "usr", "mountPath": "/usr", "readOnly": True}]}],
    "volumes": [{"name": "usr", "hostPath": {"path": "/usr"}}]}


@pytest.fixture(scope="module")
def dns(overlay):  # noqa: F811
    """The cluster, once DNS is there."""
    wait_for("CoreDNS", lambda: [is_ready(pod) for pod in overlay.api.request("GET", coredns.PODS)["items"]] == [True] * 2,
             timeout=PATIENCE, log=overlay.central.path(WATCHER_LOG))
    return overlay


@pytest.fixture(scope="module")
def clients(dns):
    """A pod on each node, with tools."""
    made = [Pod.create(dns, f"client-{node.name}", node, **TOOLS) for node in dns.nodes]
    for pod in made:
        pod.wait_until_ready()
    yield made
    for pod in made:
        pod.delete()


@pytest.fixture(scope="module")
def web(dns):
    """Pods on all nodes, each of which tells its name."""
    deployment = Deployment(dns, "web")
    deployment.change({"replicas": REPLICAS, "template": {"spec": {"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "web"}}}]}}})
    deployment.wait_until_complete()
    yield deployment
    dns.api.request("DELETE", deployment.path)


@contextlib.contextmanager
def service(dns, name, selector, **spec):
    """A service for the pods of that app."""
    made = dns.api.request("POST", SERVICES, {"metadata": {"name": name}, "spec": {
        "selector": {"app": selector}, "ports": [{"port": 80, "targetPort": 8080}], **spec}})
    try:
        yield made
    finally:
        dns.api.request("DELETE", f"{SERVICES}/{name}")


def pods_of(dns, app) -> list[dict]:
    return [pod for pod in dns.api.request("GET", f"{PODS}?labelSelector=app%3D{app}")["items"]
            if "deletionTimestamp" not in pod["metadata"]]


def names_of(dns, app) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods_of(dns, app)}


def run_in(pod, script: str) -> str:
    """The script's output, whatever its status is."""
    return pod.run("sh", "-c", f"{script}; true")


def answers(run, url: str, times: int) -> set[str]:
    """Who answers when it is asked so often, by connections of their own; "-" stands for nobody."""
    return set(run(f"for i in $(seq {times}); do /usr/bin/curl -s -m 5 {url} || echo -; done").split())


def on(host):
    """What runs scripts on a host."""
    return lambda script: host.output(["bash", "-c", script])


def expect(expected: set[str], run, url: str, times: int = 20):
    """They all answer at last, and from then on nobody else does."""
    wait_for(f"answers of {expected} at {url}", lambda: answers(run, url, times) == expected, timeout=PATIENCE)


def test_the_api_server_by_name_and_certificate(dns, clients):
    for pod in clients:
        told = wait_for("the API server's answer", lambda: run_in(
            pod, f"/usr/bin/curl -s --cacert {ACCOUNT}/ca.crt -H \"Authorization: Bearer $(cat {ACCOUNT}/token)\" "
                 "-H 'Content-Type: application/json' -d '{}' "
                 "https://kubernetes.default/apis/authentication.k8s.io/v1/selfsubjectreviews"), timeout=PATIENCE)
        assert json.loads(told)["status"]["userInfo"]["username"] == "system:serviceaccount:default:default"


def test_hosts_reach_the_api_server_by_its_service(dns):
    """That it runs on, among them."""
    for host in dns.central, *dns.nodes:
        told = wait_for("the API server's answer", lambda: on(host)("curl -sk -m 5 https://10.96.0.1/version; true"), timeout=PATIENCE)
        assert "gitVersion" in told


def test_names_are_resolved(dns, clients, web):
    with service(dns, "web", "web") as made:
        for pod in clients:
            resolved = lambda name: set(  # noqa: E731
                line.split()[0] for line in run_in(pod, f"/usr/bin/getent ahostsv4 {name}").splitlines())
            for name in "web", "web.default", "web.default.svc", "web.default.svc.cluster.local":
                wait_for(f"{name} to be resolved", lambda: resolved(name) == {made["spec"]["clusterIP"]}, timeout=PATIENCE)
            assert resolved("kubernetes.default") == {"10.96.0.1"}
            assert resolved("kube-dns.kube-system") == {coredns.ADDRESS}
            address = clients[0].address
            assert resolved(f"{address.replace('.', '-')}.default.pod.{coredns.DOMAIN}") == {address}
            assert resolved("nobody") == set()
            assert f"Name:\tweb.default.svc.{coredns.DOMAIN}" in run_in(pod, f"nslookup web.default.svc.{coredns.DOMAIN}")


def test_headless_services(dns, clients, web):
    with service(dns, "bare", "web", clusterIP="None"):
        addresses = {pod["status"]["podIP"] for pod in pods_of(dns, "web")}
        for pod in clients:
            wait_for("all addresses", lambda: {line.split()[0] for line in run_in(
                pod, "/usr/bin/getent ahostsv4 bare").splitlines()} == addresses, timeout=PATIENCE)
            assert answers(lambda script: run_in(pod, script), "http://bare:8080", 1) <= names_of(dns, "web")


def test_connections_are_spread(dns, clients, web):
    with service(dns, "web", "web") as made:
        everybody = names_of(dns, "web")
        assert len({pod["spec"]["nodeName"] for pod in pods_of(dns, "web")}) == len(dns.nodes)
        for pod in clients:
            expect(everybody, lambda script: run_in(pod, script), "http://web")
        for host in dns.central, *dns.nodes:
            expect(everybody, on(host), f"http://{made['spec']['clusterIP']}")


def test_who_is_not_ready_gets_nothing(dns, clients, web):
    with service(dns, "web", "web") as made:
        everybody = names_of(dns, "web")
        run = lambda script: run_in(clients[0], script)  # noqa: E731
        expect(everybody, run, "http://web")
        chosen = Pod(dns, sorted(everybody)[0])
        chosen.run("sh", "-c", "mv /tmp/index.html /tmp/away")  # what its readiness probe asks for
        expect(everybody - {chosen.name}, run, "http://web")
        chosen.run("sh", "-c", "mv /tmp/away /tmp/index.html")
        expect(everybody, run, "http://web")
        web.change({"replicas": 0})
        refused = f"/usr/bin/curl -s -m 5 http://{made['spec']['clusterIP']}; echo $?"
        wait_for("a refusal", lambda: run(refused).strip() == "7", timeout=PATIENCE)  # which is at once: nobody is waited for
        web.change({"replicas": REPLICAS})
        web.wait_until_complete()
        expect(names_of(dns, "web"), run, "http://web")


def test_a_rolling_update_loses_no_connection(dns, clients, web):
    """Old pods serve until every node has been told; that is what their preStop is for."""
    container = {"name": "main", "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}}}
    web.change({"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 2}}, "template": {"spec": {
        "terminationGracePeriodSeconds": 30, "containers": [{**CONTAINER, **container}]}}})
    web.wait_until_complete()
    with service(dns, "web", "web") as made:
        before = names_of(dns, "web")
        url = f"http://{made['spec']['clusterIP']}"
        for pod in clients:
            expect(before, lambda script: run_in(pod, script), url)
            pod.run("sh", "-c", f"while sleep 0.05; do /usr/bin/curl -s -m 10 {url} || echo -; done >/tmp/told 2>&1 & echo $! >/tmp/loop")
        web.change({"template": {"metadata": {"annotations": {"version": "2"}}}})
        web.wait_until_complete()
        after = names_of(dns, "web")
        wait_for("the end of the old pods", lambda: not before & {
            pod["metadata"]["name"] for pod in dns.api.request("GET", f"{PODS}?labelSelector=app%3Dweb")["items"]}, timeout=PATIENCE)
        for pod in clients:
            expect(after, lambda script: run_in(pod, script), url)
            told = pod.run("sh", "-c", "read loop </tmp/loop; kill $loop; cat /tmp/told").split()
            assert told.count("-") == 0
            assert before & set(told) and after & set(told)


def test_node_ports(dns, clients, web):
    wire = dns.hosts["wire"]
    wire.run(["ip", "address", "add", f"{OUTSIDE}/24", "dev", "wire"])
    wire.run(["ethtool", "-K", "wire", "tx", "off"])  # a datapath in userspace does not complete checksums
    with service(dns, "port", "web", type="NodePort") as made:
        port = made["spec"]["ports"][0]["nodePort"]
        everybody = names_of(dns, "web")
        hosts = [dns.central, *dns.nodes]
        for host in hosts:
            url = f"http://{host.address}:{port}"
            expect(everybody, on(wire), url)
            for pod in clients:
                expect(everybody, lambda script: run_in(pod, script), url)
            for other in hosts:
                if other is not host:
                    expect(everybody, on(other), url)
    wire.run(["ip", "address", "del", f"{OUTSIDE}/24", "dev", "wire"])


def test_pods_of_the_hosts_network_are_clients_and_endpoints(dns, clients, web):
    node = dns.nodes[0]
    pod = Pod.create(dns, "hostly", node, **{**TOOLS, "hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"})
    pod.wait_until_ready()
    with service(dns, "web", "web"):
        expect(names_of(dns, "web"), lambda script: run_in(pod, script), "http://web")
    told = run_in(pod, f"/usr/bin/curl -s --cacert {ACCOUNT}/ca.crt https://kubernetes.default/version")
    assert "gitVersion" in told
    [slice_] = [one for one in dns.api.request("GET", SLICES)["items"] if one["metadata"]["name"] == "kubernetes"]
    assert slice_["endpoints"][0]["addresses"] == [dns.central.address] and slice_["ports"][0]["port"] == API_PORT
    pod.delete()


def test_probes(dns):
    """The kubelet asks by HTTP and TCP, from the host. When nobody answers any more, the container starts again."""
    node = dns.nodes[0]
    probes = {"readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "timeoutSeconds": 5},
              "startupProbe": {"exec": {"command": ["cat", "/tmp/index.html"]}, "periodSeconds": 1},
              "livenessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 3}}
    pod = Pod.create(dns, "probed", node, **{**SPEC, "containers": [{**CONTAINER, **probes}]})
    pod.wait_until_ready()
    restarts = lambda: pod.get()["status"]["containerStatuses"][0]["restartCount"]  # noqa: E731
    assert restarts() == 0
    pod.run("sh", "-c", "rm /tmp/index.html")
    wait_for("another start of the container", lambda: restarts() > 0 and is_ready(pod.get()), timeout=PATIENCE)
    pod.delete()
