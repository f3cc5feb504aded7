"""ADD of the CNI plugin until the flows are installed, by the clock of who executes it: against a veth, a transaction and the
wait for the flows by hand, one pod and many at once; and against a plugin of Debian's."""
from collections.abc import Iterator

from bench import Bench, Row, compared, interleave
from cni import AT_ONCE, has_bridge, plugs_of


def measure(bench: Bench) -> Iterator[Row]:
    plugs = plugs_of(bench, "cni-add")
    if not plugs:
        return

    def clock(plug, *words):
        return lambda: plug(*words)[0]

    for name, ours in ("cni-add", plugs.ours), ("cni-add-annotated", plugs.annotated):
        yield compared(name, "ms", *interleave(bench.size(41, 2), clock(ours), clock(plugs.floor)), goal="<= 1.25 x")
        yield compared(f"{name}-{AT_ONCE}", "ms", *interleave(
            bench.size(9, 1), clock(ours, AT_ONCE), clock(plugs.floor, AT_ONCE)), goal="<= 1.25 x")
    if has_bridge():
        yield compared("cni-add-bridge", "ms", *interleave(bench.size(21, 1), clock(plugs.ours), clock(plugs.bridge)))
