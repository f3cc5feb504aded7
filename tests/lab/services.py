"""Services and EndpointSlices as users and Kubernetes' controllers write them, and what OVN must have because of them.

differences() compares the two: what each node switch and each gateway router does with the addresses of services is worked
out from the API's objects alone, and from the rows as OVN takes them, whatever rows these are.
"""
from __future__ import annotations

import ipaddress
import json
import typing

SERVICES = "/api/v1/namespaces/{}/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices"
SERVICE_LABEL = "kubernetes.io/service-name"
PROXY_LABEL = "service.kubernetes.io/service-proxy-name"
MERGE = "application/merge-patch+json"
TYPES = {4: "IPv4", 6: "IPv6"}


def endpoint(address: str, node: str | None = None, **conditions) -> dict:
    """An endpoint of a slice. Ready, unless its conditions say something else."""
    return {"addresses": [address], "conditions": {"ready": True, "serving": True, "terminating": False, **conditions},
            **({"nodeName": node} if node else {})}


class Service:
    """A Service in the API server until its "with" block ends, and its slices, which its controller would write."""

    def __init__(self, api, name: str, ports: list[dict], namespace: str = "default", labels=None, **spec):
        self.api, self.name, self.slices = api, name, {}
        self.services, self.folder = SERVICES.format(namespace), SLICES.format(namespace)
        self.object = api.request("POST", self.services, {"metadata": {"name": name, "labels": labels or {}},
                                                          "spec": {"ports": ports, **spec}})

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_):
        for name in list(self.slices):
            self.delete_slice(name)
        self.api.request("DELETE", f"{self.services}/{self.name}")

    @property
    def spec(self) -> dict:
        return self.object["spec"]

    def address(self, family: int = 4) -> str:
        """Its cluster address of that family."""
        return next(text for text in self.spec["clusterIPs"] if ipaddress.ip_address(text).version == family)

    def node_port(self, i: int = 0) -> int:
        return self.spec["ports"][i]["nodePort"]

    def patch(self, **spec):
        """Changes members of its specification."""
        self.object = self.api.request("PATCH", f"{self.services}/{self.name}", {"spec": spec}, content_type=MERGE)

    def balance(self, *ingress: dict):
        """Does what a load balancer's controller does: tells that it has these addresses."""
        self.object = self.api.request("PATCH", f"{self.services}/{self.name}/status", {
            "status": {"loadBalancer": {"ingress": list(ingress)}}}, content_type=MERGE)

    def slice(self, name: str, endpoints: list[dict], ports: list[dict] | None = None, family: int = 4):
        """Writes a slice, new or again. Without a word on ports they are the Service's, with numeric target ports."""
        ports = ports if ports is not None else [
            {"name": port.get("name", ""), "protocol": port["protocol"], "port": port["targetPort"]} for port in self.spec["ports"]]
        content = {"addressType": TYPES[family], "ports": ports, "endpoints": endpoints,
                   "metadata": {"name": f"{self.name}-{name}", "labels": {SERVICE_LABEL: self.name}}}
        if name in self.slices:
            self.api.request("PUT", f"{self.folder}/{self.name}-{name}", content)
        else:
            self.api.request("POST", self.folder, content)
        self.slices[name] = content

    def delete_slice(self, name: str):
        del self.slices[name]
        self.api.request("DELETE", f"{self.folder}/{self.name}-{name}")


# --- What there should be

class Place(typing.NamedTuple):
    """Where packets are looked at: the switch of a node, or its gateway router."""
    kind: str  # "switch" or "gateway"
    node: str


class Vip(typing.NamedTuple):
    protocol: str
    address: str
    port: int

    @property
    def family(self) -> int:
        return ipaddress.ip_address(self.address).version


Backends = frozenset[tuple[str, int]]
View = dict[tuple[Place, Vip], Backends]  # where, to what: to whom; nobody means a refusal


def is_served(service: dict) -> bool:
    spec = service["spec"]
    return (spec.get("type") != "ExternalName" and spec.get("clusterIP", "None") != "None"
            and PROXY_LABEL not in service["metadata"].get("labels", {}))


def endpoints_of(service: dict, port: dict, slices: list[dict], family: int) -> dict[tuple[str, int], tuple[bool, str]]:
    """All that serve a port of a Service: whether each is ready, and the node that it is on."""
    found: dict[tuple[str, int], tuple[bool, str]] = {}
    for one in slices:
        if one["addressType"] != TYPES[family]:
            continue
        for target in one.get("ports") or []:
            if ((target.get("name") or "", target.get("protocol", "TCP")) != (port.get("name", ""), port.get("protocol", "TCP"))
                    or not target.get("port")):
                continue
            for at in one.get("endpoints") or []:
                conditions = {name: value for name, value in (at.get("conditions") or {}).items() if value is not None}
                ready = conditions.get("ready", True)
                if ready or conditions.get("serving", True) and conditions.get("terminating", False):
                    key = at["addresses"][0], target["port"]
                    known = found.get(key, (False, ""))
                    found[key] = (ready or known[0], at.get("nodeName") or known[1])
    return found


def chosen(endpoints: dict, node: str | None) -> Backends:
    """Those that are used from everywhere, or on one node: the ready ones, or those that still serve if none is."""
    near = {key: ready for key, (ready, where) in endpoints.items() if node in (None, where)}
    return frozenset(key for key, ready in near.items() if ready) or frozenset(near)


def outer_addresses(service: dict) -> list[str]:
    """Those besides the cluster's own."""
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress", []) \
        if service["spec"].get("type") == "LoadBalancer" else []
    mine = {str(ipaddress.ip_address(text)) for text in service["spec"].get("clusterIPs", [])}
    outer = [*service["spec"].get("externalIPs", []),
             *(one["ip"] for one in ingress if "ip" in one and one.get("ipMode", "VIP") != "Proxy")]
    return [text for text in dict.fromkeys(str(ipaddress.ip_address(text)) for text in outer) if text not in mine]


def is_inside(address: str, networks) -> bool:
    """Of pods, nodes or routers: nothing that a service can have."""
    return any(ipaddress.ip_address(address) in network for network in networks)


def holders(services: list[dict]) -> dict[Vip, str]:
    """Who of several Services that name the same address and port has it, by uid: whose cluster address it is, else the oldest."""
    claims: dict[Vip, list[tuple]] = {}
    for service in filter(is_served, services):
        metadata, spec = service["metadata"], service["spec"]
        inner = [str(ipaddress.ip_address(text)) for text in spec.get("clusterIPs") or [spec["clusterIP"]]]
        for port in spec.get("ports", []):
            for address in inner + outer_addresses(service):
                claims.setdefault(Vip(port.get("protocol", "TCP").lower(), address, port["port"]), []).append(
                    (address not in inner, metadata["creationTimestamp"], metadata["namespace"], metadata["name"], metadata["uid"]))
    return {vip: min(claim)[-1] for vip, claim in claims.items()}


def expected(services: list[dict], slices: list[dict], switches: set[str], gateways: dict[str, list[str]],
             inside=()) -> View:
    """What switches and gateways, given as node: physical addresses, have to do for these objects; "inside" are the cluster's
    own networks."""
    holder = holders(services)
    at_gateways = {Vip(port.get("protocol", "TCP").lower(), str(ipaddress.ip_address(address)), port["nodePort"])
                   for service in filter(is_served, services) for port in service["spec"].get("ports", []) if port.get("nodePort")
                   for addresses in gateways.values() for address in addresses}
    by_service: dict[tuple[str, str], list[dict]] = {}
    for one in slices:
        key = one["metadata"]["namespace"], one["metadata"].get("labels", {}).get(SERVICE_LABEL, "")
        by_service.setdefault(key, []).append(one)
    view: View = {}
    for service in filter(is_served, services):
        metadata, spec = service["metadata"], service["spec"]
        mine = by_service.get((metadata["namespace"], metadata["name"]), [])
        inner_local = spec.get("internalTrafficPolicy") == "Local"
        outer_local = spec.get("externalTrafficPolicy") == "Local"
        for port in spec.get("ports", []):
            protocol = port.get("protocol", "TCP").lower()
            endpoints = {family: endpoints_of(service, port, mine, family) for family in TYPES}

            def add(place, address, number, local):
                """Local traffic that finds nobody near may be refused, or not be known of at all."""
                vip = Vip(protocol, str(ipaddress.ip_address(address)), number)
                to = chosen(endpoints[vip.family], place.node if local else None)
                if to or not local:
                    view[place, vip] = to

            def is_mine(address) -> bool:
                vip = Vip(protocol, str(ipaddress.ip_address(address)), port["port"])
                return holder[vip] == metadata["uid"] and vip not in at_gateways

            inner = [address for address in spec.get("clusterIPs") or [spec["clusterIP"]] if is_mine(address)]
            outer = [address for address in outer_addresses(service) if is_mine(address) and not is_inside(address, inside)]
            node_ports = [address for addresses in gateways.values() for address in addresses if port.get("nodePort")]
            for node in switches:
                for address in inner:
                    add(Place("switch", node), address, port["port"], inner_local)
                for address in outer:
                    add(Place("switch", node), address, port["port"], False)
                for address in node_ports:
                    add(Place("switch", node), address, port["nodePort"], False)
            for node, addresses in gateways.items():
                for address in inner if not inner_local and not outer_local else []:
                    add(Place("gateway", node), address, port["port"], False)
                for address in outer:
                    add(Place("gateway", node), address, port["port"], outer_local)
                for address in addresses if port.get("nodePort") else []:
                    add(Place("gateway", node), address, port["nodePort"], outer_local)
    return view


# --- What there is

class Database:
    """Rows of a central host's Northbound database."""

    TABLES = ["Logical_Switch", "Logical_Router", "Load_Balancer", "Load_Balancer_Group", "Chassis_Template_Var"]

    def __init__(self, central):
        """Reads all at one moment."""
        selects = [{"op": "select", "table": table, "where": []} for table in self.TABLES]
        told = json.loads(central.output(["ovsdb-client", "--timeout=20", "transact", "unix:/run/ovn/ovnnb_db.sock",
                                          json.dumps(["OVN_Northbound", *selects])]))
        self.rows: dict[str, dict[str, dict]] = {}
        for table, result in zip(self.TABLES, told):
            rows = [{column: _plain(value) for column, value in row.items()} for row in result["rows"]]
            self.rows[table] = {row["_uuid"]: row for row in rows}

    def balancers(self, row: dict) -> list[dict]:
        """All Load_Balancer rows that count for a switch or router."""
        groups = [self.rows["Load_Balancer_Group"][uuid] for uuid in elements(row["load_balancer_group"])]
        uuids = {uuid for one in [row, *groups] for uuid in elements(one["load_balancer"])}
        return [self.rows["Load_Balancer"][uuid] for uuid in uuids if uuid in self.rows["Load_Balancer"]]

    def variables(self, chassis: str) -> dict[str, str]:
        """What templates stand for on a chassis."""
        return {name: value for row in self.rows["Chassis_Template_Var"].values() if row["chassis"] == chassis
                for name, value in row["variables"].items()}

    def places(self) -> tuple[dict[str, dict], dict[str, dict]]:
        """The rows of node switches and gateway routers, by node."""
        switches = {row["name"]: row for row in self.rows["Logical_Switch"].values() if "gateway_ip" in row["external_ids"]}
        routers = {row["name"].removeprefix("GR_"): row for row in self.rows["Logical_Router"].values()
                   if "k8s-gateway" in row["external_ids"]}
        return switches, routers


def _plain(value):
    """A value of OVSDB's JSON as Python has it; sets are lists."""
    if isinstance(value, list) and value[:1] == ["map"]:
        return {key: _plain(one) for key, one in value[1]}
    if isinstance(value, list) and value[:1] == ["set"]:
        return [_plain(one) for one in value[1]]
    if isinstance(value, list) and value[:1] == ["uuid"]:
        return value[1]
    return value


def elements(value) -> list:
    return value if isinstance(value, list) else [value]


def _endpoint(text: str) -> tuple[str, int]:
    """"10.0.0.1:80" or "[fd00::1]:80"."""
    address, _, port = text.rpartition(":")
    return str(ipaddress.ip_address(address.strip("[]"))), int(port)


def _resolve(text: str, variables: dict[str, str]) -> str | None:
    """A text with template variables replaced, longest names first; None when one has no value there."""
    for name in sorted(variables, key=len, reverse=True):
        text = text.replace(f"^{name}", variables[name])
    return None if "^" in text else text


def found(database: Database) -> View:
    view: View = {}
    switches, routers = database.places()
    for kind, rows in ("switch", switches), ("gateway", routers):
        for node, row in rows.items():
            chassis = routers[node]["options"].get("chassis", "") if node in routers else node
            for balancer in database.balancers(row):
                variables = database.variables(chassis) if balancer["options"].get("template") == "true" else {}
                for key, value in balancer["vips"].items():
                    vip, to = _resolve(key, variables), _resolve(value, variables)
                    if vip is not None:
                        backends = frozenset(_endpoint(one) for one in (to or "").split(",") if one)
                        view[Place(kind, node), Vip(*elements(balancer["protocol"]), *_endpoint(vip))] = backends
    return view


def physical_addresses(router: dict) -> list[str]:
    return [text.partition("/")[0] for text in router["external_ids"].get("physical_ip", "").split(",") if text]


def networks_inside(database: Database) -> list:
    """The cluster's own subnets."""
    ids = [row["external_ids"] for row in database.rows["Logical_Router"].values() if "k8s-cluster-router" in row["external_ids"]]
    texts = {text for one in ids for key in ("k8s-cluster-subnet", "k8s-join-subnet") for text in one[key].split(",")}
    return [ipaddress.ip_network(text) for text in texts]


def orphans(database: Database) -> list[str]:
    """Load balancers that nothing refers to, and references to what is not there."""
    referrers = [row for table in ("Logical_Switch", "Logical_Router", "Load_Balancer_Group")
                 for row in database.rows[table].values()]
    used = {uuid for row in referrers for uuid in elements(row["load_balancer"])}
    there = database.rows["Load_Balancer"]
    return ([f"load balancer {row['name']}: belongs nowhere" for uuid, row in there.items() if uuid not in used]
            + [f"load balancer {uuid}: there are references, but no row" for uuid in used - set(there)])


def differences(api, central) -> list[str]:
    """How the load balancers of a cluster differ from its Services and EndpointSlices: nothing, where all is well."""
    services = api.request("GET", "/api/v1/services")["items"]
    slices = api.request("GET", "/apis/discovery.k8s.io/v1/endpointslices")["items"]
    database = Database(central)
    switches, routers = database.places()
    want = expected(services, slices, set(switches), {node: physical_addresses(row) for node, row in routers.items()},
                    networks_inside(database))
    have = found(database)
    return orphans(database) + [
        f"{place.kind} of {place.node}: {vip.protocol} {vip.address}:{vip.port}: "
        f"expected {sorted(want[place, vip]) if (place, vip) in want else 'nothing of it'}, "
        f"found {sorted(have[place, vip]) if (place, vip) in have else 'nothing of it'}"
        for place, vip in sorted({*want, *have}) if want.get((place, vip)) != have.get((place, vip))
        and ((place, vip) in want or have[place, vip])]
