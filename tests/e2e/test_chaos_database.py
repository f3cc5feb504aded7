"""After each disaster there is no difference between what the API server and what the Northbound database have: the database
loses its leader or goes back in time, a token is replaced, the clock jumps."""
import contextlib
import json

import pytest

from apiserver import CA, FOLDER
from chaos import Churn, delete_pod, make_pods
from host import wait_for
from overlay import WATCHER_LOG, Watcher, master_flags, minion_flags, overlay_command
from servers import SOCKET, leader_of, remotes, start_member
from services import Service, endpoint
from truth import pod_differences, wait_for_truth

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
SECRETS = "/api/v1/namespaces/default/secrets"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

/* Seconds to add: the size of a file. */
static time_t jump(void)
{
    struct stat st;

    return stat("/run/clock-jump", &st) ? 0 : st.st_size - 1000000;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    int error;

    if (!real) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    error = real(id, now);
    if (!error && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += jump();
    }
    return error;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return out ? (*out = now.tv_sec) : now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}
"""


@pytest.fixture
def members(overlay):
    """A cluster of three Northbound servers, with a topology of its own."""
    with contextlib.ExitStack() as stack:
        first = start_member(stack, overlay.central)
        yield [first, *(start_member(stack, node, first) for node in overlay.nodes)]


def test_the_leader_of_the_northbound_cluster_dies(overlay, members):
    central, nb = overlay.central, remotes(members)
    overlay_command(central, "master-init", {**master_flags(central), "nb": nb, "logical-only": True})
    for node in overlay.nodes:
        overlay_command(central, "minion-init", {**minion_flags(node), "nb": nb, "logical-only": True})
    with Watcher(central, f"--nb={nb}") as watcher:
        with Churn(overlay, "raft", 60) as churn:
            wait_for("some changes", lambda: churn.changes > 100)
            leader = leader_of(members)
            leader.signal("KILL")
            wait_for("many changes", lambda: churn.changes > 300)
        survivors = [member for member in members if member is not leader]
        new = leader_of(survivors)
        wait_for_truth(overlay, server=new.remote)
        assert watcher.alive()


def test_the_northbound_database_goes_back_in_time(overlay, watcher):
    """The file of an old backup takes the place of the database's: pods that have gone since then have ports again, and those
    that have come have none."""
    central = overlay.central
    make_pods(overlay, "back", 20)
    wait_for_truth(overlay)
    central.run(["bash", "-c", "ovsdb-client backup unix:/run/ovn/ovnnb_db.sock OVN_Northbound >/run/backup"])
    for number in range(10):
        delete_pod(overlay, f"back{number}")
    make_pods(overlay, "forth", 20)
    wait_for_truth(overlay)
    central.run(["mv", "/run/backup", "/var/lib/ovn/ovnnb_db.db"])
    central.kill_and_restart("/run/ovn/ovnnb_db.pid")
    wait_for_truth(overlay)
    assert watcher.alive()


def test_a_backup_is_restored_under_other_uuids(overlay, watcher):
    """That is what "ovsdb-client restore" does. The watcher says what to do, and touches nothing before it is done."""
    central = overlay.central

    def marked_rows() -> list[str]:
        """All that is the library's, but for the row of the leader."""
        return [f"{table}: {row}" for table in ("Logical_Switch", "Logical_Router", "Logical_Switch_Port", "Load_Balancer")
                for row in sorted(central.output(["ovn-nbctl", "--format=csv", "--columns=_uuid", "list", table]).splitlines())]

    def reasons() -> dict[str, str]:
        tasks = json.loads(central.output(["ovs-appctl", "-t", "ovn-k8s-watcher", "pending"]))
        return {task["name"]: task["reason"] or "" for task in tasks}

    service = overlay.api.request("POST", "/api/v1/namespaces/default/services", {
        "metadata": {"name": "stays"}, "spec": {"ports": [{"port": 80}], "selector": {"app": "stays"}}})
    make_pods(overlay, "restored", 10)
    wait_for_truth(overlay)
    wait_for("the service", lambda: any("Load_Balancer" in row and "-" in row for row in marked_rows()))
    before = marked_rows()
    central.run(["bash", "-c", "ovsdb-client backup unix:/run/ovn/ovnnb_db.sock OVN_Northbound >/run/backup"])
    central.run(["bash", "-c", "ovsdb-client restore unix:/run/ovn/ovnnb_db.sock OVN_Northbound </run/backup"])
    restored = marked_rows()
    assert not set(row for row in before if "-" in row) & set(restored)
    delete_pod(overlay, "restored0")
    make_pods(overlay, "after", 3)
    hint = 'run "ovn-k8s-overlay repair"'
    wait_for("the watcher to say what to do", lambda: all(hint in reasons().get(f"default/after{i}", "") for i in range(3))
             and hint in reasons().get("default/stays", ""))
    assert marked_rows() == restored
    overlay_command(central, "repair", {})
    wait_for_truth(overlay)
    wait_for("nothing to be pending", lambda: not reasons())
    assert watcher.alive()
    assert set(before) - set(marked_rows()) and len(set(before) - set(marked_rows())) == 1, "all but the port of the pod that has gone"
    overlay.api.request("DELETE", f"/api/v1/namespaces/default/services/{service['metadata']['name']}")


@contextlib.contextmanager
def logical_gateways(overlay):
    """Gateways of both nodes, as far as the database knows: one shares its interface with its host."""
    words = {"logical-only": True, "default-gw": "10.33.74.1"}
    for node, interface in zip(overlay.nodes, ["physical-interface", "bridge-interface"]):
        overlay_command(overlay.central, "gateway-init", {
            **words, "node-name": node.name, interface: "eth1", "physical-ip": f"10.33.74.{node.number}/24",
            "chassis": node.name, "mac": f"02:00:00:00:00:{node.number:02x}"})
    try:
        yield
    finally:
        for node in overlay.nodes:
            overlay.central.run(["ovn-k8s-overlay", "gateway-del", node.name, "--logical-only"])


def rows_without_uuids(central) -> dict[str, list[str]]:
    """What there is of services, of the cluster router's policies among it, whatever the identities are."""
    columns = {"Load_Balancer": "name,protocol,vips,options,selection_fields,external_ids", "Load_Balancer_Group": "name",
               "Logical_Router_Policy": "priority,match,action,nexthop,nexthops,external_ids"}
    return {table: sorted(central.output(["ovn-nbctl", "--format=csv", "--no-headings", f"--columns={names}", "list", table])
                          .splitlines()) for table, names in columns.items()}


def identities(central) -> dict[str, list[str]]:
    return {table: sorted(central.output(["ovn-nbctl", "--bare", "--columns=_uuid", "list", table]).split())
            for table in ("Load_Balancer", "Load_Balancer_Group", "Logical_Router_Policy")}


def test_services_of_every_kind_are_restored_under_other_uuids(overlay, watcher):
    """Rows, groups and policies are the same afterwards, under the identities that they had, and there are no others."""
    central, api = overlay.central, overlay.api
    port = {"protocol": "TCP", "port": 80, "targetPort": 8080}
    kinds = {"plain": {}, "sticky": {"sessionAffinity": "ClientIP"}, "near": {"internalTrafficPolicy": "Local"},
             "published": {"type": "NodePort"}, "outer": {"externalIPs": ["198.51.100.1"]}, "empty": {},
             "porch": {"type": "NodePort", "externalTrafficPolicy": "Local", "externalIPs": ["198.51.100.2"]},
             "balanced": {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "internalTrafficPolicy": "Local"}}
    ends = [endpoint(f"192.168.{number}.200", node.name) for number, node in enumerate(overlay.nodes, 2)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(logical_gateways(overlay))
        made = {name: stack.enter_context(Service(api, f"kind-{name}", [{**port, "name": "t"}, {**port, "protocol": "UDP", "name": "u"}]
                                                  if name == "plain" else [port], **spec)) for name, spec in kinds.items()}
        for name, service in made.items():
            service.slice("v4", ends if name != "empty" else [])
        made["balanced"].balance({"ip": "198.51.100.3"})
        wait_for_truth(overlay)
        before, were = rows_without_uuids(central), identities(central)
        assert len([row for row in before["Logical_Router_Policy"] if "k8s-service-name" in row]) == 4
        central.run(["bash", "-c", "ovsdb-client backup unix:/run/ovn/ovnnb_db.sock OVN_Northbound >/run/backup"])
        central.run(["bash", "-c", "ovsdb-client restore unix:/run/ovn/ovnnb_db.sock OVN_Northbound </run/backup"])
        assert not set(sum(were.values(), [])) & set(sum(identities(central).values(), []))
        made["porch"].slice("v4", ends[:1])  # what changes meanwhile counts afterwards
        overlay_command(central, "repair", {})
        wait_for_truth(overlay)
        made["porch"].slice("v4", ends)
        wait_for_truth(overlay)
        wait_for("the same rows", lambda: (rows_without_uuids(central), identities(central)) == (before, were))
        overlay_command(central, "check", {})
        assert watcher.alive()
    wait_for_truth(overlay)
    assert "kind-" not in str(rows_without_uuids(central))


class Account:
    """A service account with the rights of the watcher. Its tokens live as long as a secret does."""

    def __init__(self, overlay):
        self.api, self.host = overlay.api, overlay.central
        self.api.request("POST", ACCOUNTS, {"metadata": {"name": "watcher"}})
        self.api.request("POST", f"{RBAC}/clusterrolebindings", {
            "metadata": {"name": "watcher-account"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "default", "name": "watcher"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "ovn-k8s-watcher"}})

    def new_token(self, secret: str) -> str:
        made = self.api.request("POST", SECRETS, {"metadata": {"name": secret}})
        bound = {"apiVersion": "v1", "kind": "Secret", "name": secret, "uid": made["metadata"]["uid"]}
        return self.api.request("POST", f"{ACCOUNTS}/watcher/token", {"spec": {"boundObjectRef": bound}})["status"]["token"]

    def put(self, token: str):
        """As a kubelet does it: another file takes the place of the one that was there."""
        self.host.write(f"{FOLDER}/rotating.new", token, mode=0o600)
        self.host.run(["mv", f"{FOLDER}/rotating.new", f"{FOLDER}/rotating"])

    def is_refused(self, token: str) -> bool:
        words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", CA, "-H", f"Authorization: Bearer {token}",
                 f"{self.api.url}/api/v1/pods?limit=1"]
        return self.host.output(words) == "401"


def test_a_token_is_replaced_and_the_old_one_is_worth_nothing(overlay):
    account = Account(overlay)
    old = account.new_token("first")
    account.put(old)
    config = json.loads(overlay.api.kubeconfig("watcher"))
    config["users"][0]["user"] = {"tokenFile": f"{FOLDER}/rotating"}
    overlay.central.write("/run/rotating.kubeconfig", json.dumps(config))
    with Watcher(overlay.central, "--kubeconfig=/run/rotating.kubeconfig") as watcher:
        make_pods(overlay, "token", 5)
        wait_for_truth(overlay)
        account.put(account.new_token("second"))
        overlay.api.request("DELETE", f"{SECRETS}/first")
        wait_for("the end of the old token", lambda: account.is_refused(old), timeout=60)
        make_pods(overlay, "rotated", 5)  # their annotations need the new one
        delete_pod(overlay, "token0")
        wait_for_truth(overlay)
        overlay.api.server.kill()  # so does a new watch
        overlay.api.start_server()
        overlay.api.wait_until_it_answers()
        make_pods(overlay, "again", 5)
        wait_for_truth(overlay)
        assert watcher.alive()


@pytest.fixture
def clock(overlay, tmp_path):
    """Sets how many seconds the wall clock of a process with clock_env is ahead."""
    host = overlay.central
    host.write("/run/clock.c", CLOCK)
    host.run(["cc", "-shared", "-fPIC", "-O1", "-o", "/run/clock.so", "/run/clock.c", "-ldl"])

    def jump(seconds: int):
        host.run(["truncate", f"--size={1000000 + seconds}", "/run/clock-jump"])
    jump(0)
    return jump


@pytest.mark.parametrize("seconds", [86400 * 5, -86400 * 5], ids=["ahead", "back"])
def test_the_clock_jumps(overlay, clock, seconds):
    """What the watcher takes for the time of day jumps by days while it runs; see docs/testing.md for what that proves."""
    name = "ahead" if seconds > 0 else "back-then"
    with Watcher(overlay.central, env={"LD_PRELOAD": "/run/clock.so"}) as watcher:
        make_pods(overlay, f"{name}-before", 5)
        wait_for_truth(overlay)
        clock(seconds)
        make_pods(overlay, f"{name}-after", 5)
        delete_pod(overlay, f"{name}-before0")
        wait_for_truth(overlay)
        overlay.central.kill_and_restart("/run/ovn/ovnnb_db.pid")  # connections are made anew
        overlay.api.server.kill()
        overlay.api.start_server()
        overlay.api.wait_until_it_answers()
        make_pods(overlay, f"{name}-late", 5)
        if seconds < 0:
            # The server's certificate is not valid yet then, which is right to be refused.
            wait_for("the refusal", lambda: "certificate" in overlay.central.path(WATCHER_LOG).read_text())
            clock(0)
        wait_for_truth(overlay)
        assert watcher.alive()
