"""Services: addresses that stand for several pods (service.h)."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from ovnk8s._calls import CData, Handle, Struct, encoded
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import Addresses, IPAddress, joined

__all__ = ["ENDPOINTS_MAX", "PORTS_MAX", "Endpoint", "ServicePort", "ServiceWishes"]

ENDPOINTS_MAX: int = lib.OVNK8S_SERVICE_ENDPOINTS_MAX
PORTS_MAX: int = lib.OVNK8S_SERVICE_PORTS_MAX


class Endpoint(NamedTuple):
    """One that serves.

    address: of a pod, or of anything.
    port: where it listens.
    node: the node it runs on; None: unknown, or on none.
    terminating: it still serves, but is about to go: used only where there is no other.

    >>> Endpoint("192.168.1.3", 8080, node="n1").terminating
    False
    """

    address: str | IPAddress
    port: int
    node: str | None = None
    terminating: bool = False


class ServicePort(NamedTuple):
    """A port of a service.

    protocol: "tcp", "udp" or "sctp".
    port: at the addresses of the service.
    node_port: at the physical addresses of all gateways; 0: none.
    endpoints: of both families: each serves the addresses of its own.
    not_at: addresses of the service that do not serve this port, since it is another service's there.

    >>> ServicePort(80, [Endpoint("192.168.1.3", 8080)]).protocol
    'tcp'
    """

    port: int
    endpoints: Sequence[Endpoint] = ()
    protocol: Literal["tcp", "udp", "sctp"] = "tcp"
    node_port: int = 0
    not_at: Addresses | None = None


class ServiceWishes(Handle):
    """What a plan can want of services."""

    def add_service(self, namespace: str, name: str, ports: Sequence[ServicePort], *,
                    cluster_ips: Addresses | None = None, external_ips: Addresses | None = None,
                    load_balancer_ips: Addresses | None = None, affinity: int = 0, internal_local: bool = False,
                    external_local: bool = False) -> None:
        """Adds that there is the service, as it is described, and nothing else of it.

        namespace, name: as Kubernetes calls it.
        ports: at least one.
        cluster_ips: one of each family at most.
        external_ips, load_balancer_ips: others that pods and gateways serve.
        affinity: not 0: connections of a client go to the same endpoint as long as these are the same; in seconds.
        internal_local: cluster addresses lead from each node to its own endpoints only.
        external_local: whatever comes in by a gateway goes to the endpoints on that node only, and they see the client's
            address.

        Raises Invalid (a malformed name or address, two cluster addresses of one family, no port, a port twice, too many
        ports or endpoints), NoMemory; when the plan is applied NotFound (there is no cluster), Unsupported (an OVN before
        21.12).

        >>> plan = Plan()
        >>> plan.add_service("default", "web", [ServicePort(80, [Endpoint("192.168.1.3", 8080, "n1")])],
        ...                  cluster_ips="10.96.0.10")
        >>> plan.apply(nb) > 0
        True
        """
        kept: list[object] = []
        structs = [_service_port(port, kept) for port in ports]
        array = _array("ovnk8s_service_port", structs)
        self._call(lib.ovnk8s_service_add, Struct(
            "ovnk8s_service", service_namespace=namespace, name=name, cluster_ips=joined(cluster_ips),
            external_ips=joined(external_ips), load_balancer_ips=joined(load_balancer_ips), ports=array,
            n_ports=len(structs), affinity_s=affinity, internal_local=internal_local,
            external_local=external_local).pointer)

    def delete_service(self, namespace: str, name: str) -> None:
        """Adds that there is no such service. It is no error when there is none.

        Raises Invalid (a name that Kubernetes does not allow), NoMemory.

        >>> plan = Plan()
        >>> plan.delete_service("default", "web")
        >>> plan.apply(nb)
        0
        """
        self._call(lib.ovnk8s_service_delete, encoded(namespace), encoded(name))


def _service_port(port: ServicePort, kept: list[object]) -> Struct:
    endpoints = [Struct("ovnk8s_endpoint", address=str(end.address), port=end.port, node=end.node,
                        is_terminating=end.terminating) for end in port.endpoints]
    array = _array("ovnk8s_endpoint", endpoints)
    struct = Struct("ovnk8s_service_port", protocol=port.protocol, port=port.port, node_port=port.node_port,
                    endpoints=array, n_endpoints=len(endpoints),
                    not_at=joined(port.not_at))
    kept += [endpoints, array, struct]
    return struct


def _array(kind: str, structs: list[Struct]) -> CData:
    return ffi.new(f"{kind}[]", [struct.pointer[0] for struct in structs])
