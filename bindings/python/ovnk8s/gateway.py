"""Gateways: how traffic of pods leaves the cluster, and enters it (gateway.h)."""
from __future__ import annotations

from ovnk8s._calls import Handle, Struct, encoded
from ovnk8s._ovnk8s import lib
from ovnk8s.addresses import Addresses, joined

__all__ = ["GatewayWishes"]


class GatewayWishes(Handle):
    """What a plan can want of gateways."""

    def add_gateway(self, node: str, *, chassis: str, interface: str, mac: str, physical_ips: Addresses,
                    default_gateways: Addresses | None = None, rampout_subnets: Addresses | None = None,
                    single_default: bool = False, cluster_subnet: Addresses | None = None, shared: bool = False) -> None:
        """Adds that the node is a gateway, with a router of its own, by which the cluster's traffic leaves.

        node: the node, which exists or is added by the same plan.
        chassis: its system-id.
        interface: the host's interface, or bridge, to the outside.
        mac: of that interface.
        physical_ips: its address with the length, of each family one at most.
        default_gateways: next hops to the outside, of each family one at most.
        rampout_subnets: whatever has a source address of these leaves by this gateway.
        single_default: no default route by this gateway unless it is the first.
        cluster_subnet: what you believe the cluster's to be; None: no matter.
        shared: the host has the physical addresses too, as on a bridge that both use.

        Raises Invalid (something malformed, a default gateway outside the physical network), NoMemory; when the plan is
        applied NotFound (no cluster, no such node), Invalid (no address of a family of the cluster), Exhausted (no address
        of the join subnet is free), Exists (a row of this name is somebody else's).

        >>> plan = Plan()
        >>> plan.add_gateway("n1", chassis="c1", interface="eth1", mac="02:00:00:00:00:05",
        ...                  physical_ips="10.33.74.138/24", default_gateways=ip_address("10.33.74.253"))
        >>> plan.apply(nb) > 0
        True
        """
        self._call(lib.ovnk8s_gateway_add, Struct(
            "ovnk8s_gateway", node=node, chassis=chassis, interface=interface, mac=mac,
            physical_ips=joined(physical_ips), default_gateways=joined(default_gateways),
            rampout_subnets=joined(rampout_subnets), single_default=single_default,
            cluster_subnet=joined(cluster_subnet), is_shared=shared).pointer)

    def delete_gateway(self, node: str) -> None:
        """Adds that the node is no gateway. It is no error when it is none.

        Raises Invalid (the name), NoMemory.

        >>> plan = Plan()
        >>> plan.delete_gateway("n1")
        >>> plan.apply(nb)
        0
        """
        self._call(lib.ovnk8s_gateway_delete, encoded(node))
