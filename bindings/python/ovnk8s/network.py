"""Networks of containers without a cluster (network.h)."""
from __future__ import annotations

from collections.abc import Iterable

from ovnk8s._calls import CData, Handle, Struct, check, encoded, take, text_or_none
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import Addresses, IPInterface, interfaces, joined

__all__ = ["Attachment", "NetworkWishes"]


class Attachment:
    """The interface of a container on a network.

    network: the name of the network.
    host: of the container: external_ids:system-id of its Open vSwitch.
    container_id: unique on the host.
    interface: its name inside the container.
    addresses: of each family one at most; None, or of one family only: for the rest it keeps what it has, or gets free
        ones.
    ranges: out of which free ones are chosen, "10.88.0.10-10.88.0.99", of a family each; None: all of the subnet.
    mac: None: computed from the address.

    >>> Attachment("blue", "host1", "c0ffee").port_name
    'blue/host1/c0ffee/eth0'
    """

    def __init__(self, network: str, host: str, container_id: str, interface: str = "eth0", *,
                 addresses: Addresses | None = None, ranges: str | Iterable[str] | None = None,
                 mac: str | None = None) -> None:
        self._struct = Struct("ovnk8s_attachment", network=network, host=host, container_id=container_id,
                              interface=interface, addresses=joined(addresses),
                              ranges=ranges if ranges is None or isinstance(ranges, str) else ",".join(ranges), mac=mac)

    @property
    def _pointer(self) -> CData:
        return self._struct.pointer

    @property
    def port_name(self) -> str:
        """The name of its logical switch port, which is the iface_id of a `Plug`.

        Raises Invalid (a bad name), NoMemory.

        >>> Attachment("blue", "host1", "c0ffee", "eth1").port_name
        'blue/host1/c0ffee/eth1'
        """
        out = ffi.new("char **")
        check(lib.ovnk8s_attachment_port_name(out, self._pointer))
        return take(out)


class NetworkWishes(Handle):
    """What a plan can want of networks without a cluster."""

    def add_network(self, name: str, subnet: Addresses, *, gateway: Addresses | None = None, routed: bool = False) -> None:
        """Adds that the network exists: one logical switch that spans all hosts.

        name: 1 to 253 letters, digits, "_", "." or "-", beginning with a letter or a digit.
        subnet: of either family, or one of both.
        gateway: of the logical router when it is routed, else of whoever else has it; None: the first address of each
            subnet when it is routed, else none.
        routed: containers reach those of the owner's other routed networks.

        Raises Invalid (something malformed, a gateway outside the subnet), NoMemory; when the plan is applied Exists (it is
        there with another subnet, gateway or routing; a routed one overlaps another; it is something else).

        >>> plan = Plan()
        >>> plan.add_network("blue", [ip_network("10.88.0.0/16"), "fd88::/64"], routed=True)
        >>> plan.apply(nb) > 0
        True
        """
        self._call(lib.ovnk8s_network_add, Struct(
            "ovnk8s_network", name=name, subnet=joined(subnet), gateway=joined(gateway), is_routed=int(routed)).pointer)

    def network_gateways(self, name: str) -> tuple[IPInterface, ...] | None:
        """The gateways of a network that the plan adds, as the latest `apply()` or `compute()` has found or made them.

        >>> plan = Plan()
        >>> plan.add_network("blue", "10.88.0.0/16", routed=True)
        >>> changes = plan.compute(nb)
        >>> plan.network_gateways("blue")
        (IPv4Interface('10.88.0.1/16'),)
        """
        with self._lock:
            found = text_or_none(lib.ovnk8s_plan_network_gateways(self._own(), encoded(name)))
        return None if found is None else interfaces(found)

    def delete_network(self, name: str, *, force: bool = False) -> None:
        """Adds that the network does not exist; with `force` its attachments go too. No error when there is none.

        Raises Invalid (a bad name), NoMemory; when the plan is applied Exists (there are attachments).

        >>> plan = Plan()
        >>> plan.delete_network("blue", force=True)
        >>> plan.apply(nb)
        0
        """
        self._call(lib.ovnk8s_network_delete, encoded(name), lib.OVNK8S_FORCE if force else 0)

    def add_attachment(self, attachment: Attachment) -> None:
        """Adds that the attachment exists. The network may be added by the same plan.

        Raises Invalid (a bad name, address, range or MAC), NoMemory; when the plan is applied NotFound (no such network),
        Invalid (an address that is not for containers), Exists (another attachment has it), Exhausted (none is free).

        >>> plan, attachment = Plan(), Attachment("blue", "host1", "c0ffee", addresses="10.88.0.5")
        >>> plan.add_network("blue", "10.88.0.0/16")
        >>> plan.add_attachment(attachment)
        >>> plan.apply(nb) > 0
        True
        """
        self._call(lib.ovnk8s_attachment_add, attachment._pointer)

    def attachment_addresses(self, attachment: Attachment | str) -> tuple[IPInterface, ...] | None:
        """The addresses that the latest `apply()` or `compute()` has given to an attachment that the plan adds, else None.

        attachment: it, or the name of its port.

        >>> plan, attachment = Plan(), Attachment("blue", "host1", "c0ffee")
        >>> plan.add_network("blue", "10.88.0.0/16")
        >>> plan.add_attachment(attachment)
        >>> changes = plan.compute(nb)
        >>> plan.attachment_addresses(attachment)
        (IPv4Interface('10.88.0.1/16'),)
        """
        with self._lock:
            found = text_or_none(lib.ovnk8s_plan_attachment_addresses(self._own(), _port_name(attachment)))
        return None if found is None else interfaces(found)

    def attachment_mac(self, attachment: Attachment | str) -> str | None:
        """The MAC address, likewise.

        >>> plan, attachment = Plan(), Attachment("blue", "host1", "c0ffee", addresses="10.88.0.5")
        >>> plan.add_network("blue", "10.88.0.0/16")
        >>> plan.add_attachment(attachment)
        >>> changes = plan.compute(nb)
        >>> plan.attachment_mac(attachment)
        '0a:58:0a:58:00:05'
        """
        with self._lock:
            return text_or_none(lib.ovnk8s_plan_attachment_mac(self._own(), _port_name(attachment)))

    def delete_attachment(self, attachment: Attachment) -> None:
        """Adds that the attachment does not exist: only what identifies it counts. It is no error when there is none.

        Raises Invalid (a bad name), NoMemory.

        >>> plan = Plan()
        >>> plan.delete_attachment(Attachment("blue", "host1", "c0ffee"))
        >>> plan.apply(nb)
        0
        """
        self._call(lib.ovnk8s_attachment_delete, attachment._pointer)

    def keep_attachments(self, network: str, host: str, kept: Iterable[Attachment]) -> None:
        """Adds that of the attachments of this host to this network only those kept exist.

        Raises Invalid (a bad name), NoMemory.

        >>> plan = Plan()
        >>> plan.keep_attachments("blue", "host1", [Attachment("blue", "host1", "c0ffee")])
        >>> plan.apply(nb)
        0
        """
        all_kept = list(kept)
        pointers = ffi.new("ovnk8s_attachment *[]", [attachment._pointer for attachment in all_kept])
        self._call(lib.ovnk8s_attachments_keep, encoded(network), encoded(host), pointers, len(all_kept))


def _port_name(attachment: Attachment | str) -> bytes:
    return encoded(attachment if isinstance(attachment, str) else attachment.port_name)
