"""A real Kubernetes API server, with etcd, on the central host. Without a kubelet, pods exist as objects only; see cluster.py.

Three users, each with a token: "admin" may do everything; "watcher" is the service account of the manifests of ovn-k8s-watcher,
with the rights that it has there; "node" may do just what the CNI plugin and ovn-k8s-gateway-helper need.
"""
from __future__ import annotations

import http.client
import json
import pathlib
import secrets
import ssl

import yaml

from host import Daemon, Host, LabError, wait_for
from ovn import Central

PORT = 6443
FOLDER = "/etc/kubernetes"
CA = f"{FOLDER}/ca.crt"
SERVICE_RANGE = "10.96.0.0/16,fd96::/112"
NAMES = ["IP:10.96.0.1", "DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc",
         "DNS:kubernetes.default.svc.cluster.local"]  # of the service "kubernetes", which is the API server
ETCD = "http://127.0.0.1:2379"
PERMISSIONS = {"node": {"pods": ["get", "list", "watch"], "services": ["get", "list", "watch"],
                        "endpointslices.discovery.k8s.io": ["list", "watch"]}}
MANIFESTS = pathlib.Path(__file__).resolve().parents[2] / "examples/ovn-k8s-watcher/deploy"
WATCHER_ACCOUNT = "system:serviceaccount:ovn-k8s:ovn-k8s-watcher"
AUDIT_LOG = "/var/log/kubernetes/audit.log"
AUDIT_POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived", "ResponseStarted"],
                "rules": [{"level": "Metadata", "users": [WATCHER_ACCOUNT]}, {"level": "None"}]}
PATHS = {"Namespace": "/api/v1/namespaces", "ConfigMap": "/api/v1/namespaces/{}/configmaps",
         "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
         "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
         "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
         "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
         "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
         "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
         "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets"}


class ApiError(LabError):
    """The API server refused a request."""

    def __init__(self, request: str, status: int, reply: str):
        self.status = status
        super().__init__(f"{request}: HTTP status {status}: {reply.strip()}")


def manifests(name: str) -> list[dict]:
    """The objects of a file of the watcher's manifests."""
    return list(yaml.safe_load_all((MANIFESTS / name).read_text()))


def account_of(user: str) -> str:
    """What the API server calls a user."""
    return WATCHER_ACCOUNT if user == "watcher" else user


def group_of(user: str) -> str:
    return "system:masters" if user == "admin" else "system:nodes" if user.startswith("system:node:") else ""


class ApiServer:
    """The API server of a central host. Requests reach it from outside of the sandbox too."""

    def __init__(self, central: Central, tokens: dict[str, str] | None = None):
        self.central = central
        self.tokens = tokens or {user: secrets.token_hex(16) for user in ("admin", "watcher", *PERMISSIONS)}
        self.server: Daemon | None = None

    @property
    def url(self) -> str:
        return f"https://{self.central.address}:{PORT}"

    def start(self):
        """Starts etcd and kube-apiserver, which are there when wait_until_ready() has returned."""
        self._make_certificates()
        self.central.spawn("etcd", [
            "etcd", "--data-dir=/var/lib/etcd", "--unsafe-no-fsync",
            f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}", "--listen-peer-urls=http://127.0.0.1:2380"])
        rows = [f'{token},{account_of(user)},{account_of(user)},"{group_of(user)}"\n' for user, token in self.tokens.items()]
        self.central.write(f"{FOLDER}/tokens.csv", "".join(rows), mode=0o600)
        self.central.write(f"{FOLDER}/audit-policy.yaml", json.dumps(AUDIT_POLICY))
        self.central.write(f"{FOLDER}/admin-token", self.tokens["admin"], mode=0o600)
        self.start_server()

    def start_server(self):
        """Starts kube-apiserver alone, for instance when it has been killed."""
        self.server = self.central.spawn("kube-apiserver", [
            "kube-apiserver", f"--etcd-servers={ETCD}", f"--advertise-address={self.central.address}",
            f"--secure-port={PORT}", f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--tls-cert-file={FOLDER}/server.crt", f"--tls-private-key-file={FOLDER}/server.key",
            f"--token-auth-file={FOLDER}/tokens.csv", "--allow-privileged",
            f"--audit-policy-file={FOLDER}/audit-policy.yaml", f"--audit-log-path={AUDIT_LOG}", "--audit-log-mode=batch",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={FOLDER}/server.crt",
            f"--service-account-signing-key-file={FOLDER}/server.key", *self.options()])

    def options(self) -> list[str]:
        """Options that depend on what else of Kubernetes there is."""
        return ["--authorization-mode=RBAC",
                "--disable-admission-plugins=ServiceAccount"]  # nobody here makes the accounts that it asks for

    def _make_certificates(self):
        """A certificate authority, and a certificate of it for the server's address and names."""
        names = ",".join([f"IP:{self.central.address}", *NAMES])
        self.central.run(["mkdir", "-p", FOLDER])
        request = ["openssl", "req", "-x509", "-days", "365", "-nodes", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1"]
        self.central.run([*request, "-subj", "/CN=lab", "-keyout", f"{FOLDER}/ca.key", "-out", CA])
        self.central.run([*request, "-subj", "/CN=kube-apiserver", "-addext", f"subjectAltName={names}",
                          "-CA", CA, "-CAkey", f"{FOLDER}/ca.key",
                          "-keyout", f"{FOLDER}/server.key", "-out", f"{FOLDER}/server.crt"])

    def wait_until_ready(self):
        """Waits until pods can be made, and gives the users their rights."""
        self.wait_until_it_answers()
        for user, rights in PERMISSIONS.items():
            metadata = {"name": f"ovn-k8s-{user}"}
            self.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {
                "metadata": metadata, "rules": [
                    {"apiGroups": [resource.partition(".")[2]], "resources": [resource.partition(".")[0]], "verbs": verbs}
                    for resource, verbs in rights.items()]})
            self.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
                "metadata": metadata, "subjects": [{"kind": "User", "name": user}],
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": metadata["name"]}})
        for manifest in [*manifests("namespace.yaml"), *manifests("rbac.yaml")]:
            self.create(manifest)

    def create(self, manifest: dict, query: str = "") -> dict:
        """Makes the object of a manifest."""
        path = PATHS[manifest["kind"]].format(manifest["metadata"].get("namespace"))
        return self.request("POST", f"{path}{query}", manifest)

    def audit(self) -> list[dict]:
        """What the watcher has asked for so far, as far as it was written down."""
        log = self.central.path(AUDIT_LOG)
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_until_it_answers(self):
        wait_for("the API server", self._answers, timeout=120, log=self.server.log, still=self.server.alive)

    def _answers(self) -> bool:
        return self.exists("/readyz") and self.exists("/api/v1/namespaces/default")

    def exists(self, path: str) -> bool:
        """Whether the server answers, and has something there."""
        try:
            self.request("GET", path)
        except (OSError, ApiError):
            return False
        return True

    def hand_out(self, host: Host, user: str):
        """Puts what a client needs on a host, below /etc/kubernetes: ca.crt, token, and both again as kubeconfig."""
        host.write(CA, self.authority)
        host.write(f"{FOLDER}/token", self.tokens[user], mode=0o600)
        host.write(f"{FOLDER}/kubeconfig", self.kubeconfig(user), mode=0o600)

    @property
    def authority(self) -> str:
        """The certificate of the authority that the server's is from."""
        return self.central.path(CA).read_text()

    def kubeconfig(self, user: str, **cluster) -> str:
        """A kubeconfig file. Without words on the cluster, it is for a host that something was handed out to."""
        return json.dumps({  # JSON is YAML as well
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
            "clusters": [{"name": "lab", "cluster": cluster or {"server": self.url, "certificate-authority": CA}}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}]}, indent=2)

    def client_settings(self, host: Host) -> dict[str, str]:
        """external_ids of Open_vSwitch by which the programs on a host find the API server."""
        return {"k8s-api-server": self.url, "k8s-ca-certificate": CA,
                "k8s-api-token": host.path(f"{FOLDER}/token").read_text()}

    def request(self, method: str, path: str, body=None, *, content_type="application/json", timeout=30):
        """Sends a request as admin. Returns the answer, decoded where it is JSON; an error status raises ApiError."""
        trust = ssl.create_default_context(cadata=self.authority)
        address = self.central.address
        connection = http.client.HTTPConnection(address)
        connection.sock = trust.wrap_socket(self.central.connect(address, PORT, timeout), server_hostname=address)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {
                "Authorization": f"Bearer {self.tokens['admin']}", "Content-Type": content_type})
            response = connection.getresponse()
            reply = response.read().decode()
        finally:
            connection.close()
        if response.status >= 400:
            raise ApiError(f"{method} {path}", response.status, reply)
        return json.loads(reply) if response.headers.get_content_type() == "application/json" else reply
