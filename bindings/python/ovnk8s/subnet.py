"""Subnets and addresses that are given out of ranges, without a database (subnet.h)."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ovnk8s._calls import Handle, Struct, check, encoded, opened, text
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.addresses import Addresses, IPNetwork, joined, networks
from ovnk8s.errors import Exhausted

__all__ = ["Subnets"]


class Subnets(Handle):
    """Carves subnets out of ranges, and keeps in mind which are taken. Iterating takes one after the other.

    ranges: one or more networks of any family that do not overlap.
    ipv4_length, ipv6_length: of the subnets that are carved; None: 24 and 64.
    either_family: with ranges of both families: give one subnet at a time, of IPv4 while there is any; else one of each.

    Raises Invalid (ranges that are malformed, overlap, or are smaller than one subnet; a length), NoMemory.

    >>> subnets = Subnets("192.168.0.0/22")
    >>> subnets.reserve("192.168.0.0/24")
    >>> subnets.next()
    (IPv4Network('192.168.1.0/24'),)
    >>> [str(subnet) for subnet, in subnets]
    ['192.168.2.0/24', '192.168.3.0/24']
    """

    def __init__(self, ranges: Addresses, *, ipv4_length: int | None = None, ipv6_length: int | None = None,
                 either_family: bool = False) -> None:
        options = Struct("ovnk8s_subnets_options", ranges=joined(ranges), ipv4_length=ipv4_length,
                         ipv6_length=ipv6_length, either_family=either_family)
        super().__init__(opened(lib.ovnk8s_subnets_new, "ovnk8s_subnets", options.pointer), lib.ovnk8s_subnets_free)

    def reserve(self, subnet: Addresses) -> None:
        """Takes a subnet of any length inside the ranges, or one of each family, of which both are taken or none.

        Raises Invalid (malformed, not inside the ranges), Exists (some of it is taken), NoMemory.

        >>> Subnets("10.0.0.0/8").reserve(ip_network("10.1.0.0/16"))
        """
        self._call(lib.ovnk8s_subnets_reserve, _encoded(subnet))

    def release(self, subnet: Addresses) -> None:
        """Frees what was taken, a part of it, or several neighbours as one.

        Raises Invalid, NotFound (not all of it is taken), NoMemory.

        >>> Subnets("10.0.0.0/8").release("10.1.0.0/16")
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        self._call(lib.ovnk8s_subnets_release, _encoded(subnet))

    def exclude(self, subnet: Addresses) -> None:
        """Makes that nothing of a subnet, or of the addresses "FIRST-LAST", is ever given by `next()`.

        Raises Invalid, NoMemory.

        >>> subnets = Subnets("10.0.0.0/8")
        >>> subnets.exclude("10.0.0.0-10.0.7.255")
        >>> subnets.next()
        (IPv4Network('10.0.8.0/24'),)
        """
        self._call(lib.ovnk8s_subnets_exclude, _encoded(subnet))

    def next(self) -> tuple[IPNetwork, ...]:
        """Takes a subnet that is wholly free, or one of each family. What was just released rests for long.

        Raises Exhausted (none is left: the message has the figures), NoMemory.

        >>> Subnets(["10.0.0.0/8", "fd01::/48"]).next()
        (IPv4Network('10.0.0.0/24'), IPv6Network('fd01::/64'))
        """
        out = ffi.new("char[]", lib.OVNK8S_SUBNETS_TEXT)
        with self._lock:
            check(lib.ovnk8s_subnets_next(out, self._own()))
        return networks(text(out))

    def __iter__(self) -> Iterator[tuple[IPNetwork, ...]]:
        while True:
            try:
                taken = self.next()
            except Exhausted:
                return
            yield taken

    def is_free(self, subnet: Addresses) -> bool:
        """Whether it lies inside the ranges with nothing of it taken or excluded; not if it is malformed.

        >>> Subnets("10.0.0.0/8").is_free("10.1.0.0/16")
        True
        """
        return bool(self._get(lib.ovnk8s_subnets_is_free, _encoded(subnet)))

    def size(self, family: Literal[4, 6]) -> int:
        """How many subnets the ranges of this family have.

        >>> Subnets("10.0.0.0/8").size(4)
        65536
        """
        return int(self._get(lib.ovnk8s_subnets_size, family))

    def used(self, family: Literal[4, 6]) -> int:
        """How many of these are taken, wholly or in part.

        >>> subnets = Subnets("10.0.0.0/8")
        >>> subnets.reserve("10.1.2.3/32")
        >>> subnets.used(4)
        1
        """
        return int(self._get(lib.ovnk8s_subnets_used, family))


def _encoded(subnet: Addresses) -> bytes:
    return encoded(joined(subnet) or "")
