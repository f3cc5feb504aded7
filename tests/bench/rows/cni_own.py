"""What ADD of the CNI plugin costs by itself: the processor time of its process, user and system, from its start to its end."""
import statistics
from collections.abc import Iterator

from bench import Bench, Row, compared, interleave
from cni import has_bridge, plugs_of


def measure(bench: Bench) -> Iterator[Row]:
    plugs = plugs_of(bench, "cni-own")
    if not plugs:
        return

    def cpu(plug):
        return lambda: plug()[1]

    ours, annotated = interleave(bench.size(41, 2), cpu(plugs.ours), cpu(plugs.annotated))
    yield Row("cni-own", "ms", statistics.median(ours), goal="<= 5 ms")
    yield Row("cni-own-annotated", "ms", statistics.median(annotated), goal="<= 5 ms")
    if has_bridge():
        yield compared("cni-own-bridge", "ms", *interleave(bench.size(21, 1), cpu(plugs.ours), cpu(plugs.bridge)))
