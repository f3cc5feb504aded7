"""The library itself, for tests of what no program does: its C functions by ctypes.

    with Northbound("tcp:10.99.0.1:6641") as nb, Plan() as plan:
        plan.node_add("n1")
        plan.apply(nb)
"""
from __future__ import annotations

import ctypes
import json
import os
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int, c_size_t, c_uint, c_uint16, c_uint64, c_void_p
from pathlib import Path

from host import BUILT

_lib = ctypes.CDLL(str(Path(os.environ.get("OVNK8S_BIN", BUILT)).parent / "lib" / "libovnk8s.so"))


class Error(Exception):
    """A failed call: its code, and the line for people."""

    def __init__(self, code: int):
        super().__init__(_lib.ovnk8s_last_error().contents.message.decode())
        self.code = _lib.ovnk8s_error_name(code).decode()


class _LastError(Structure):
    _fields_ = [("code", c_int), ("message", c_char_p), ("stage", c_char_p), ("object", c_char_p), ("cause", c_char_p)]


class _Options(Structure):
    """A struct of options: its fields are given by keyword, the others have their defaults."""

    def __init__(self, **fields):
        super().__init__()
        getattr(_lib, self.initialiser)(byref(self))
        for name, value in fields.items():
            setattr(self, name, value.encode() if isinstance(value, str) else value)


class _Connect(_Options):
    initialiser = "ovnk8s_connect_options_init"
    _fields_ = [("size", c_size_t), ("private_key", c_char_p), ("certificate", c_char_p), ("ca_cert", c_char_p),
                ("timeout_ms", c_uint), ("cancel", c_void_p), ("log", c_void_p), ("log_payload", c_void_p)]


class _PlanOptions(_Options):
    initialiser = "ovnk8s_plan_options_init"
    _fields_ = [("size", c_size_t), ("owner", c_char_p)]


class _Apply(_Options):
    initialiser = "ovnk8s_apply_options_init"
    _fields_ = [("size", c_size_t), ("wait", c_int), ("timeout_ms", c_uint)]


class _Cluster(_Options):
    initialiser = "ovnk8s_cluster_init"
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("subnet", c_char_p), ("join_subnet", c_char_p),
                ("service_range", c_char_p)]


class _Node(_Options):
    initialiser = "ovnk8s_node_init"
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("subnet", c_char_p), ("cluster_subnet", c_char_p),
                ("ipv4_length", c_uint), ("ipv6_length", c_uint)]


class _Port(_Options):
    initialiser = "ovnk8s_port_init"
    _fields_ = [("size", c_size_t), ("pod_namespace", c_char_p), ("pod", c_char_p), ("node", c_char_p),
                ("addresses", c_char_p), ("mac", c_char_p), ("pod_uid", c_char_p)]


class _Gateway(_Options):
    initialiser = "ovnk8s_gateway_init"
    _fields_ = [("size", c_size_t), ("node", c_char_p), ("chassis", c_char_p), ("interface", c_char_p), ("mac", c_char_p),
                ("physical_ips", c_char_p), ("default_gateways", c_char_p), ("rampout_subnets", c_char_p),
                ("single_default", c_bool), ("cluster_subnet", c_char_p), ("is_shared", c_bool)]


class _Endpoint(_Options):
    initialiser = "ovnk8s_endpoint_init"
    _fields_ = [("size", c_size_t), ("address", c_char_p), ("port", c_uint16), ("node", c_char_p), ("is_terminating", c_bool)]


class _ServicePort(_Options):
    initialiser = "ovnk8s_service_port_init"
    _fields_ = [("size", c_size_t), ("protocol", c_char_p), ("port", c_uint16), ("node_port", c_uint16),
                ("endpoints", POINTER(_Endpoint)), ("n_endpoints", c_size_t), ("not_at", c_char_p)]


class _Service(_Options):
    initialiser = "ovnk8s_service_init"
    _fields_ = [("size", c_size_t), ("service_namespace", c_char_p), ("name", c_char_p), ("cluster_ips", c_char_p),
                ("external_ips", c_char_p), ("load_balancer_ips", c_char_p), ("ports", POINTER(_ServicePort)),
                ("n_ports", c_size_t), ("affinity_s", c_uint), ("internal_local", c_bool), ("external_local", c_bool)]


def _array(kind, elements: list):
    return (kind * len(elements))(*(kind(**fields) for fields in elements))


class _Network(_Options):
    initialiser = "ovnk8s_network_init"
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("subnet", c_char_p), ("gateway", c_char_p), ("is_routed", c_int)]


class _Attachment(_Options):
    initialiser = "ovnk8s_attachment_init"
    _fields_ = [("size", c_size_t), ("network", c_char_p), ("host", c_char_p), ("container_id", c_char_p),
                ("interface", c_char_p), ("addresses", c_char_p), ("ranges", c_char_p), ("mac", c_char_p)]


class _Plug(_Options):
    initialiser = "ovnk8s_plug_init"
    _fields_ = [("size", c_size_t), ("container_id", c_char_p), ("interface", c_char_p), ("netns", c_char_p),
                ("iface_id", c_char_p), ("iface_id_ver", c_char_p), ("mac", c_char_p), ("addresses", c_char_p),
                ("gateways", c_char_p), ("mtu", c_uint), ("timeout_ms", c_uint), ("routes", c_char_p),
                ("network", c_char_p), ("ingress_rate", c_uint64), ("ingress_burst", c_uint64),
                ("egress_rate", c_uint64), ("egress_burst", c_uint64)]


class _Plugged(Structure):
    _fields_ = [("size", c_size_t), ("container_id", c_char_p), ("interface", c_char_p), ("network", c_char_p),
                ("iface_id", c_char_p), ("host_interface", c_char_p)]


_lib.ovnk8s_last_error.restype = POINTER(_LastError)
_lib.ovnk8s_error_name.restype = c_char_p
_lib.ovnk8s_plan_changes.restype = c_size_t
for _name in "ovnk8s_plan_node_subnet", "ovnk8s_plan_port_addresses", "ovnk8s_plan_attachment_addresses":
    getattr(_lib, _name).restype = c_char_p
for _name in "ovnk8s_plan_free", "ovnk8s_nb_close", "ovnk8s_vswitch_close", "ovnk8s_free":
    getattr(_lib, _name).argtypes = [c_void_p]


def _check(code: int):
    if code:
        raise Error(code)


class Northbound:
    """A connection to the Northbound database. Keywords are those of struct ovnk8s_connect_options."""

    def __init__(self, remotes: str, **options):
        self.handle = c_void_p()
        _check(_lib.ovnk8s_nb_open(byref(self.handle), remotes.encode(), byref(_Connect(**options))))

    def __enter__(self) -> Northbound:
        return self

    def __exit__(self, *_):
        _lib.ovnk8s_nb_close(self.handle)


class Plan:
    """A plan. Keywords of its methods are the fields of the structs of the library."""

    def __init__(self, **options):
        self.handle = c_void_p()
        _check(_lib.ovnk8s_plan_new(byref(self.handle), byref(_PlanOptions(**options))))

    def __enter__(self) -> Plan:
        return self

    def __exit__(self, *_):
        _lib.ovnk8s_plan_free(self.handle)

    def cluster_add(self, name: str, subnet: str, **fields):
        _check(_lib.ovnk8s_cluster_add(self.handle, byref(_Cluster(name=name, subnet=subnet, **fields))))

    def cluster_delete(self, force: bool = False):
        _check(_lib.ovnk8s_cluster_delete(self.handle, c_uint(force)))

    def node_add(self, name: str, subnet: str | None = None, **fields):
        _check(_lib.ovnk8s_node_add(self.handle, byref(_Node(name=name, subnet=subnet, **fields))))

    def node_delete(self, name: str):
        _check(_lib.ovnk8s_node_delete(self.handle, name.encode()))

    def port_add(self, pod: str, node: str, addresses: str | None = None, pod_namespace: str = "default", **fields):
        _check(_lib.ovnk8s_port_add(self.handle, byref(_Port(pod=pod, node=node, addresses=addresses,
                                                             pod_namespace=pod_namespace, **fields))))

    def port_delete(self, pod: str, node: str, pod_namespace: str = "default"):
        _check(_lib.ovnk8s_port_delete(self.handle, pod_namespace.encode(), pod.encode(), node.encode()))

    def gateway_add(self, node: str, **fields):
        _check(_lib.ovnk8s_gateway_add(self.handle, byref(_Gateway(node=node, **fields))))

    def gateway_delete(self, node: str):
        _check(_lib.ovnk8s_gateway_delete(self.handle, node.encode()))

    def service_add(self, name: str, ports: list[dict], service_namespace: str = "default", **fields):
        """Each port is its fields by name, with a list of such endpoints."""
        rows = [{**port, "endpoints": (ends := _array(_Endpoint, port.get("endpoints", []))), "n_endpoints": len(ends)}
                for port in ports]
        _check(_lib.ovnk8s_service_add(self.handle, byref(_Service(
            name=name, service_namespace=service_namespace, ports=_array(_ServicePort, rows), n_ports=len(rows), **fields))))

    def service_delete(self, name: str, service_namespace: str = "default"):
        _check(_lib.ovnk8s_service_delete(self.handle, service_namespace.encode(), name.encode()))

    def network_add(self, name: str, subnet: str, **fields):
        _check(_lib.ovnk8s_network_add(self.handle, byref(_Network(name=name, subnet=subnet, **fields))))

    def network_delete(self, name: str, force: bool = False):
        _check(_lib.ovnk8s_network_delete(self.handle, name.encode(), c_uint(force)))

    def attachment_add(self, network: str, host: str, container_id: str, interface: str = "eth0", **fields):
        _check(_lib.ovnk8s_attachment_add(self.handle, byref(_Attachment(
            network=network, host=host, container_id=container_id, interface=interface, **fields))))

    def attachment_delete(self, network: str, host: str, container_id: str, interface: str = "eth0"):
        _check(_lib.ovnk8s_attachment_delete(self.handle, byref(_Attachment(
            network=network, host=host, container_id=container_id, interface=interface))))

    def leader_take(self, identity: str, term: int):
        _check(_lib.ovnk8s_leader_take(self.handle, identity.encode(), c_uint64(term)))

    def leader_require(self, identity: str, term: int):
        _check(_lib.ovnk8s_leader_require(self.handle, identity.encode(), c_uint64(term)))

    def repair(self):
        _check(_lib.ovnk8s_topology_repair(self.handle))

    def compute(self, nb: Northbound, **options) -> int:
        """Returns how many rows would be changed."""
        _check(_lib.ovnk8s_plan_compute(self.handle, nb.handle, byref(_Apply(**options))))
        return _lib.ovnk8s_plan_changes(self.handle)

    def apply(self, nb: Northbound, **options) -> int:
        """Returns how many rows were changed."""
        _check(_lib.ovnk8s_plan_apply(self.handle, nb.handle, byref(_Apply(**options))))
        return _lib.ovnk8s_plan_changes(self.handle)

    def node_subnet(self, name: str) -> str | None:
        value = _lib.ovnk8s_plan_node_subnet(self.handle, name.encode())
        return value.decode() if value else None

    def port_addresses(self, pod: str, pod_namespace: str = "default") -> str | None:
        value = _lib.ovnk8s_plan_port_addresses(self.handle, pod_namespace.encode(), pod.encode())
        return value.decode() if value else None

    def attachment_addresses(self, network: str, host: str, container_id: str, interface: str = "eth0") -> str | None:
        name = f"{network}/{host}/{container_id}/{interface}"
        value = _lib.ovnk8s_plan_attachment_addresses(self.handle, name.encode())
        return value.decode() if value else None

    def _written(self, function) -> str:
        out = c_char_p()
        _check(function(self.handle, byref(out)))
        text = out.value.decode()
        _lib.ovnk8s_free(out)
        return text

    @property
    def text(self) -> str:
        return self._written(_lib.ovnk8s_plan_text)

    @property
    def changes(self) -> list[dict]:
        return json.loads(self._written(_lib.ovnk8s_plan_json))["changes"]


class Vswitch:
    """A connection to the Open vSwitch database of the host that this process is on. Keywords of its methods are the fields
    of struct ovnk8s_plug."""

    def __init__(self, remote: str = "unix:/run/openvswitch/db.sock", **options):
        self.handle = c_void_p()
        _check(_lib.ovnk8s_vswitch_open(byref(self.handle), remote.encode(), byref(_Connect(**options))))

    def __enter__(self) -> Vswitch:
        return self

    def __exit__(self, *_):
        _lib.ovnk8s_vswitch_close(self.handle)

    def plug_add(self, **fields) -> str:
        """Returns the name of the host's end."""
        name = ctypes.create_string_buffer(16)
        _check(_lib.ovnk8s_plug_add(self.handle, byref(_Plug(**fields)), name))
        return name.value.decode()

    def plug_check(self, **fields):
        _check(_lib.ovnk8s_plug_check(self.handle, byref(_Plug(**fields))))

    def plug_delete(self, container_id: str, interface: str = "eth0"):
        _check(_lib.ovnk8s_plug_delete(self.handle, container_id.encode(), interface.encode()))

    def plug_list(self) -> list[dict[str, str]]:
        out, n = POINTER(POINTER(_Plugged))(), c_size_t()
        _check(_lib.ovnk8s_plug_list(self.handle, byref(out), byref(n)))
        found = [{name: getattr(out[i].contents, name).decode() for name, _ in _Plugged._fields_[1:]}
                 for i in range(n.value)]
        _lib.ovnk8s_free(out)
        return found
