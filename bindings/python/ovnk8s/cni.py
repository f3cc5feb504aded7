"""The CNI plugin as a function, and its installation (cni.h)."""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from ovnk8s._calls import Struct, check, encoded, raised, take
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.cancel import Cancel, never

__all__ = ["CNI_VERSIONS", "CniAnswer", "cni_install", "cni_install_preview", "cni_run"]

CNI_VERSIONS: tuple[str, ...] = tuple(ffi.string(lib.OVNK8S_CNI_VERSIONS).decode().split(", "))  # Of the specification.


class CniAnswer(NamedTuple):
    """What a plugin answers: its exit status, and what it writes to standard output: the result or the error object.

    >>> CniAnswer(0, "").status
    0
    """

    status: int
    output: str


def cni_run(environment: Mapping[str, str], input: str | None = None, *, cancel: Cancel | None = None) -> CniAnswer:
    """Does what a CNI plugin does when it is executed. It raises nothing: a failure is part of the answer.

    environment: CNI_COMMAND and so on.
    input: the network configuration; None: it could not be read.
    cancel: ends waiting early.

    >>> answer = cni_run({"CNI_COMMAND": "VERSION"}, '{"cniVersion": "1.0.0"}')
    >>> answer.status, "supportedVersions" in answer.output
    (0, True)
    """
    words = [ffi.new("char[]", encoded(f"{key}={value}")) for key, value in environment.items()]
    array, out, token = ffi.new("char *[]", [*words, ffi.NULL]), ffi.new("char **"), cancel or never()
    status = lib.ovnk8s_cni_run(array, ffi.NULL if input is None else encoded(input), token._own(), out)
    output = take(out)
    if raised.exception is not None:
        check(lib.OVNK8S_CANCELLED)
    return CniAnswer(status, output)


def _options(plugin: str | os.PathLike[str], conf_path: str | os.PathLike[str] | None,
             link_path: str | os.PathLike[str] | None, mtu: int | None, ovs: str | None,
             kubeconfig: str | os.PathLike[str] | None, config: str | os.PathLike[str] | None,
             log_file: str | os.PathLike[str] | None, timeout: int | None) -> Struct:
    return Struct("ovnk8s_cni_install_options", plugin=os.fspath(plugin), conf_path=conf_path and os.fspath(conf_path),
                  link_path=link_path and os.fspath(link_path), mtu=mtu, ovs=ovs,
                  kubeconfig=kubeconfig and os.fspath(kubeconfig), config=config and os.fspath(config),
                  log_file=log_file and os.fspath(log_file), timeout=timeout)


def cni_install(plugin: str | os.PathLike[str], *, conf_path: str | os.PathLike[str] | None = None,
                link_path: str | os.PathLike[str] | None = None, mtu: int | None = None, ovs: str | None = None,
                kubeconfig: str | os.PathLike[str] | None = None, config: str | os.PathLike[str] | None = None,
                log_file: str | os.PathLike[str] | None = None, timeout: int | None = None) -> None:
    """Makes the plugin known to container runtimes. What is as it should be is left alone.

    plugin: path of the plugin's executable.
    conf_path: folder for the network configuration; None: /etc/cni/net.d.
    link_path: folder where runtimes look for plugins; None: /opt/cni/bin.
    mtu: for the interfaces of pods, in bytes.
    ovs, kubeconfig, config, log_file, timeout: keys of the configuration; None: as they are.

    Raises Invalid (no executable file), NotFound (it does not exist), Exists (something else is in the way), Permission,
    System, NoMemory.

    >>> cni_install("/bin/true", conf_path="/run/lab/net.d", link_path="/run/lab/bin")
    >>> cni_install_preview("/bin/true", conf_path="/run/lab/net.d", link_path="/run/lab/bin")
    ''
    """
    check(lib.ovnk8s_cni_install(_options(plugin, conf_path, link_path, mtu, ovs, kubeconfig, config, log_file,
                                          timeout).pointer))


def cni_install_preview(plugin: str | os.PathLike[str], *, conf_path: str | os.PathLike[str] | None = None,
                        link_path: str | os.PathLike[str] | None = None, mtu: int | None = None, ovs: str | None = None,
                        kubeconfig: str | os.PathLike[str] | None = None,
                        config: str | os.PathLike[str] | None = None, log_file: str | os.PathLike[str] | None = None,
                        timeout: int | None = None) -> str:
    """What `cni_install()` would change now, as text for people; "" when nothing. Changes nothing.

    Parameters and errors are those of `cni_install()`.

    >>> print(cni_install_preview("/bin/true", conf_path="/run/lab/new", link_path="/run/lab/bin"))
    + file /run/lab/new/10-ovn-kubernetes.conflist
    """
    out = ffi.new("char **")
    check(lib.ovnk8s_cni_install_preview(out, _options(plugin, conf_path, link_path, mtu, ovs, kubeconfig, config,
                                                       log_file, timeout).pointer))
    return take(out)
