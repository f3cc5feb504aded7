"""Addresses: everything that takes one takes text or an object of the module `ipaddress`, or several of them.

The library has text, of both families with a comma between: "192.168.0.0/16,fd01::/48".
"""
from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network, ip_address,
                       ip_interface, ip_network)
from typing import Union

__all__ = ["Addresses", "IPAddress", "IPInterface", "IPNetwork"]

IPAddress = Union[IPv4Address, IPv6Address]
IPInterface = Union[IPv4Interface, IPv6Interface]
IPNetwork = Union[IPv4Network, IPv6Network]

_One = Union[str, IPAddress, IPInterface, IPNetwork]
Addresses = Union[_One, Iterable[_One]]  # One or several, such as one of each family.

_OBJECTS = (IPv4Address, IPv6Address, IPv4Network, IPv6Network)  # Interfaces are addresses, to Python.


def joined(value: Addresses | None) -> str | None:
    """As the library has it.

    >>> from ovnk8s.addresses import joined
    >>> joined([IPv4Network("10.0.0.0/8"), "fd01::/48"])
    '10.0.0.0/8,fd01::/48'
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, _OBJECTS):
        return str(value)
    return ",".join(map(str, value))


def _parts(text: str | None) -> list[str]:
    return text.split(",") if text else []


def networks(text: str | None) -> tuple[IPNetwork, ...]:
    return tuple(map(ip_network, _parts(text)))


def interfaces(text: str | None) -> tuple[IPInterface, ...]:
    return tuple(map(ip_interface, _parts(text)))


def addresses(text: str | None) -> tuple[IPAddress, ...]:
    return tuple(map(ip_address, _parts(text)))
