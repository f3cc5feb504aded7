"""Pod ports: the logical switch port of a pod (port.h)."""
from __future__ import annotations

from ovnk8s._calls import Handle, check, encoded, string, text_or_none
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import Addresses, IPInterface, interfaces, joined

__all__ = ["PortWishes"]

_PORT = ffi.typeof("ovnk8s_port *")


class PortWishes(Handle):
    """What a plan can want of pod ports."""

    def add_port(self, namespace: str, pod: str, node: str, *, addresses: Addresses | None = None,
                 mac: str | None = None, uid: str | None = None) -> None:
        """Adds that the pod has a port on the logical switch of the node. One that is there already is changed.

        namespace, pod, node: as Kubernetes calls them.
        addresses: with the lengths of the node's subnets, such as "10.1.2.3/24"; None: it keeps what it has, or gets free
            ones, see `port_addresses()`.
        mac: "0a:58:0a:01:02:03"; None: computed from the address.
        uid: the pod's, which tells it from a later one of its name; None: not recorded.

        Raises Invalid (a name that Kubernetes does not allow, a malformed address or MAC), NoMemory; when the plan is
        applied NotFound (no such node), Invalid (an address that is not for pods), Exists (another pod has the address),
        Exhausted (no address is free).

        >>> plan = Plan()
        >>> plan.add_port("default", "db", "n1", addresses=ip_interface("192.168.1.77/24"))
        >>> plan.apply(nb) > 0
        True
        """
        # A plan may have thousands: a Struct would take longer than the call itself.
        port = ffi.new(_PORT)
        lib.ovnk8s_port_init(port)
        port.pod_namespace = of_namespace = string(namespace)
        port.pod = of_pod = string(pod)
        port.node = of_node = string(node)
        kept = [of_namespace, of_pod, of_node]
        if addresses is not None:
            port.addresses = chosen = string(joined(addresses) or "")
            kept.append(chosen)
        if mac is not None:
            port.mac = of_mac = string(mac)
            kept.append(of_mac)
        if uid is not None:
            port.pod_uid = of_uid = string(uid)
            kept.append(of_uid)
        with self._lock:
            check(lib.ovnk8s_port_add(self._own(), port))

    def delete_port(self, namespace: str, pod: str, node: str) -> None:
        """Adds that the pod has no port on the node. It is no error when there is none.

        Raises Invalid (a name that Kubernetes does not allow), NoMemory.

        >>> plan = Plan()
        >>> plan.delete_port("default", "web", "n1")
        >>> plan.apply(nb) > 0
        True
        """
        self._call(lib.ovnk8s_port_delete, encoded(namespace), encoded(pod), encoded(node))

    def port_addresses(self, namespace: str, pod: str) -> tuple[IPInterface, ...] | None:
        """The addresses that the latest `apply()` or `compute()` has given to a port that the plan adds, else None.

        >>> plan = Plan()
        >>> plan.add_port("default", "web", "n1")
        >>> changes = plan.apply(nb)
        >>> plan.port_addresses("default", "web")
        (IPv4Interface('192.168.1.3/24'),)
        """
        with self._lock:
            found = text_or_none(lib.ovnk8s_plan_port_addresses(self._own(), encoded(namespace), encoded(pod)))
        return None if found is None else interfaces(found)
