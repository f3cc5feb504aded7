"""The manifests of ovn-k8s-watcher: the API server takes them, and the rights in them are those that are needed."""
import re

import pytest

from apiserver import ApiError, manifests
from host import wait_for
from overlay import Pod, Watcher



def grants() -> set[tuple[str, str, str]]:
    """All that the roles grant: API group, resource, verb."""
    rules = [rule for manifest in manifests("rbac.yaml") for rule in manifest.get("rules", [])]
    assert all(set(rule) <= {"apiGroups", "resources", "verbs", "resourceNames"} for rule in rules)
    return {(group, resource, verb) for rule in rules for group in rule["apiGroups"] for resource in rule["resources"]
            for verb in rule["verbs"]}


def asked_for(overlay) -> set[tuple[str, str, str]]:
    """All that the watcher has asked for; everything was granted."""
    asked = set()
    for event in overlay.api.audit():
        what = event["objectRef"]
        asked.add((what.get("apiGroup", ""), "/".join(filter(None, (what["resource"], what.get("subresource")))),
                   event["verb"]))
        assert event["annotations"]["authorization.k8s.io/decision"] == "allow", event
        assert event["responseStatus"]["code"] not in (401, 403), event
    return asked


def test_every_right_is_needed_and_none_is_missing(overlay):
    """All that a watcher does in its life: being elected, listing, following, annotating, and telling of failures."""
    central = overlay.central
    pods = [Pod(overlay, f"early{i}", node) for i, node in enumerate(overlay.nodes)]
    with Watcher(central, "--leader-elect", "--retry-period=200ms", "--manage-nodes"):
        pods += [Pod(overlay, f"late{i}", node) for i, node in enumerate(overlay.nodes)]
        for pod in pods:
            pod.wait_for_annotation()
        central.run(["ovn-nbctl", "ls-add", "foreign", "--", "lsp-add", "foreign", "default_blocked"])
        blocked = Pod(overlay, "blocked", overlay.nodes[0])  # its port's name is taken
        wait_for("the failure to be told of twice", lambda: ("", "events", "patch") in asked_for(overlay), timeout=60)
        central.run(["ovn-nbctl", "ls-del", "foreign"])
        blocked.wait_for_annotation()
        for pod in [*pods, blocked]:
            pod.vanish()
    wait_for("all grants to be used", lambda: asked_for(overlay) >= grants())
    assert asked_for(overlay) == grants()


def test_nothing_is_granted_by_a_star():
    assert not [grant for grant in grants() if "*" in "".join(grant)]


def test_the_watcher_may_do_nothing_else(overlay):
    """As the account, and not as whoever made it."""
    request = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    [binding] = [m for m in manifests("rbac.yaml") if m["kind"] == "ClusterRoleBinding"]
    [account] = binding["subjects"]
    user = f"system:serviceaccount:{account['namespace']}:{account['name']}"
    for verb, group, resource in ("delete", "", "pods"), ("create", "", "pods"), ("get", "", "secrets"), \
            ("list", "", "secrets"), ("patch", "", "nodes"), ("delete", "", "nodes"), ("create", "", "pods/exec"):
        answer = overlay.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
            **request, "spec": {"user": user, "resourceAttributes": {
                "verb": verb, "group": group, "resource": resource.split("/")[0],
                "subresource": resource.partition("/")[2], "namespace": "default"}}})
        assert not answer["status"]["allowed"], (verb, resource)


@pytest.mark.parametrize("name", ["namespace.yaml", "rbac.yaml", "config.yaml", "deployment.yaml"])
def test_the_api_server_takes_the_manifests(overlay, name):
    """With no field that it does not know, and no value that it does not understand."""
    for manifest in manifests(name):
        try:
            overlay.api.create(manifest, "?dryRun=All&fieldValidation=Strict")
        except ApiError as error:
            assert error.status == 409, error  # it is there already


def test_the_deployment_fits_the_program(overlay):
    [deployment] = [m for m in manifests("deployment.yaml") if m["kind"] == "Deployment"]
    spec = deployment["spec"]["template"]["spec"]
    [container] = spec["containers"]
    text = overlay.central.output([*container["command"], "--help"])
    for argument in container["args"]:
        option = re.match(r"--[a-z-]+|-v", argument)[0]
        assert re.search(rf"(?<![\w-]){option}\b", text), option
    [account] = [m for m in manifests("rbac.yaml") if m["kind"] == "ServiceAccount"]
    assert spec["serviceAccountName"] == account["metadata"]["name"]
    assert deployment["metadata"]["namespace"] == account["metadata"]["namespace"]
    assert {p["httpGet"]["path"] for p in (container["livenessProbe"], container["readinessProbe"])} == {"/healthz", "/readyz"}
    assert f":{container['ports'][0]['containerPort']}" in " ".join(container["args"])
