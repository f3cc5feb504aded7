"""CoreDNS in a cluster: what is to be posted to the API server, and where."""
from __future__ import annotations

from images import COREDNS

NAMESPACE = "kube-system"
ADDRESS = "10.96.0.10"
DOMAIN = "cluster.local"
LABELS = {"k8s-app": "kube-dns"}
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=k8s-app%3Dkube-dns"
COREFILE = f"""
.:53 {{
    errors
    health :8080
    ready :8181
    kubernetes {DOMAIN} in-addr.arpa ip6.arpa {{
        pods insecure
    }}
    cache 2
}}
"""
RULES = [{"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
         {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}]


def _metadata(name: str) -> dict:
    return {"name": name, "namespace": NAMESPACE, "labels": LABELS}


def _probe(path: str, port: int) -> dict:
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 2, "timeoutSeconds": 5}


CONTAINER = {
    "name": "coredns", "image": COREDNS.name, "command": ["/bin/coredns", "-conf", "/etc/coredns/Corefile"],
    "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    "livenessProbe": {**_probe("/health", 8080), "failureThreshold": 30}, "readinessProbe": _probe("/ready", 8181)}
POD = {"serviceAccountName": "coredns", "dnsPolicy": "Default", "containers": [CONTAINER],
       "volumes": [{"name": "config", "configMap": {"name": "coredns"}}]}

# Where, and what.
OBJECTS = [
    (f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": _metadata("coredns")}),
    (f"/api/v1/namespaces/{NAMESPACE}/configmaps", {"metadata": _metadata("coredns"), "data": {"Corefile": COREFILE}}),
    ("/apis/rbac.authorization.k8s.io/v1/clusterroles", {"metadata": {"name": "coredns"}, "rules": RULES}),
    ("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        "metadata": {"name": "coredns"},
        "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": NAMESPACE}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "coredns"}}),
    (f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", {
        "metadata": _metadata("coredns"),
        "spec": {"replicas": 2, "selector": {"matchLabels": LABELS},
                 "template": {"metadata": {"labels": LABELS}, "spec": POD}}}),
    (f"/api/v1/namespaces/{NAMESPACE}/services", {
        "metadata": _metadata("kube-dns"),
        "spec": {"clusterIP": ADDRESS, "selector": LABELS,
                 "ports": [{"name": "dns", "protocol": "UDP", "port": 53},
                           {"name": "dns-tcp", "protocol": "TCP", "port": 53}]}}),
]
