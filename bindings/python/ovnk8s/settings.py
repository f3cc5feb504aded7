"""Where the databases and the API server are, and other settings of a host (settings.h)."""
from __future__ import annotations

from ovnk8s._calls import Handle, encoded, opened, text_or_none
from ovnk8s._ovnk8s import ffi, lib
from ovnk8s.cancel import Cancel, never
from ovnk8s.flows import Bridge
from ovnk8s.kube import Kube
from ovnk8s.log import Log, log_fields
from ovnk8s.nb import Northbound
from ovnk8s.sb import Southbound
from ovnk8s.vswitch import Vswitch

__all__ = ["Settings"]


class Settings(Handle):
    """Settings from flags, environment, Open vSwitch and file, as all programs of the library have them.

    str() is a table of all with where each comes from. The keys are those of docs/settings.md.

    flags: settings that count before all others, with "_" in place of "-".
    cancel, log: of the connections that are opened.

    Raises Invalid (no such key, or a bad value), NoMemory.

    >>> settings = Settings(nb=nb.remotes, timeout="5")
    >>> settings["nb"] == nb.remotes
    True
    >>> with settings.open_nb() as connection:
    ...     Topology.read(connection).cluster.name
    'kube-master'
    """

    def __init__(self, *, cancel: Cancel | None = None, log: Log | None = None, **flags: str | None) -> None:
        super().__init__(opened(lib.ovnk8s_settings_new, "ovnk8s_settings"), lib.ovnk8s_settings_free)
        cancel, fields = cancel or never(), log_fields(log)
        self._kept = (cancel, *fields.values())
        self._get(lib.ovnk8s_settings_set_cancel, cancel._own())
        if fields:
            self._get(lib.ovnk8s_settings_set_log, fields["log"], fields["log_payload"])
        for key, value in flags.items():
            if value is not None:
                self[key.replace("_", "-")] = value

    def __setitem__(self, key: str, value: str) -> None:
        """Sets a key as a flag does."""
        self._call(lib.ovnk8s_settings_set, encoded(key), encoded(value))

    def __getitem__(self, key: str) -> str:
        """The value of a key. Raises KeyError when nothing has one."""
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: str) -> str | None:
        """The value of a key; None when nothing has one.

        >>> Settings().get("mtu")
        '1400'
        """
        with self._lock:
            return text_or_none(lib.ovnk8s_settings_get(self._own(), encoded(key)))

    def flag(self, key: str) -> str | None:
        """The value that was set as a flag, else None.

        >>> Settings(mtu="1300").flag("mtu")
        '1300'
        """
        with self._lock:
            return text_or_none(lib.ovnk8s_settings_flag(self._own(), encoded(key)))

    def asks_vswitch(self, key: str) -> bool:
        """Whether the key may come from external_ids of Open vSwitch: nothing that counts more gives it.

        >>> Settings(nb="tcp:192.0.2.1:6641").asks_vswitch("nb")
        False
        """
        return bool(self._get(lib.ovnk8s_settings_asks_vswitch, encoded(key)))

    def read_file(self) -> None:
        """Reads the file that the setting "config" names. A missing default file is no error.

        Raises NotFound (a file that was asked for is missing), Invalid (malformed), Permission, NoMemory.

        >>> Settings(config="/nowhere").read_file()
        Traceback (most recent call last):
        ovnk8s.errors.NotFound: ...
        """
        self._call(lib.ovnk8s_settings_read_file)

    def read_vswitch(self, vswitch: Vswitch) -> None:
        """Reads external_ids of the host's Open vSwitch. Raises what `Vswitch.external_id()` does.

        >>> settings = Settings()
        >>> settings.read_vswitch(vswitch)
        >>> settings["sb"] == vswitch.external_id("ovn-remote")
        True
        """
        with vswitch._lock:
            self._call(lib.ovnk8s_settings_read_vswitch, vswitch._own())

    def open_vswitch(self) -> Vswitch:
        """Opens the Open vSwitch database, and reads its external_ids, which may name the other servers.

        Raises what reading the settings does, and what `Vswitch` does.

        >>> with Settings().open_vswitch() as connection:
        ...     connection.external_id("ovn-encap-type")
        'geneve'
        """
        out = ffi.new("ovnk8s_vswitch **")
        self._call(lib.ovnk8s_settings_open_vswitch, out)
        return Vswitch._of(out[0], self["ovs"], self._timeout(), *self._kept)

    def open_nb(self) -> Northbound:
        """Opens the Northbound database. Raises what reading the settings does, and what `Northbound` does.

        >>> Settings(nb=nb.remotes).open_nb().remotes == nb.remotes
        True
        """
        out = ffi.new("ovnk8s_nb **")
        self._call(lib.ovnk8s_settings_open_nb, out)
        return Northbound._of(out[0], self["nb"], self._timeout(), *self._kept)

    def open_sb(self) -> Southbound:
        """Opens the Southbound database. Raises what reading the settings does, and what `Southbound` does.

        >>> len(Settings(sb=sb.remotes).open_sb().chassis())
        3
        """
        out = ffi.new("ovnk8s_sb **")
        self._call(lib.ovnk8s_settings_open_sb, out)
        return Southbound._of(out[0], self["sb"], self._timeout(), *self._kept)

    def open_kube(self) -> Kube:
        """Opens the API server. Raises what reading the settings does, what `Kube` does, and NotFound when nothing says
        where it is.

        >>> Settings(api_server="http://192.0.2.1:8080").open_kube().closed
        False
        """
        out = ffi.new("ovnk8s_kube **")
        self._call(lib.ovnk8s_settings_open_kube, out)
        return Kube._of(out[0], self._timeout(), *self._kept)

    def open_bridge(self, name: str) -> Bridge:
        """Opens a bridge of the host by its name. Raises what reading the settings does, and what `Bridge` does.

        >>> Settings().open_bridge("br-int").mac is None
        False
        """
        out = ffi.new("ovnk8s_bridge **")
        self._call(lib.ovnk8s_settings_open_bridge, encoded(name), out)
        return Bridge._of(out[0], self._timeout(), *self._kept)

    def _timeout(self) -> float:
        """Of connections."""
        return float(self["timeout"])

    def __str__(self) -> str:
        return self._written(lib.ovnk8s_settings_text).rstrip("\n")
