"""Adding node number 1,000 against adding node number 2: as a whole process, and the calls alone."""
from collections.abc import Iterator

from bench import Bench, Database, Row, compared, interleave, process_ms

NODE = "new-node"


def measure(bench: Bench) -> Iterator[Row]:
    few = bench.database(1, 0)
    many = bench.database(bench.size(999, 20), 0)

    def process(database: Database) -> float:
        ms = process_ms(bench.work_command(database, "node-add", NODE))
        bench.work(database, "node-del", NODE)
        return ms

    def calls(database: Database) -> float:
        ms = bench.work(database, "node-add", NODE)["ms"]
        bench.work(database, "node-del", NODE)
        return ms

    for name, once in ("node-add", process), ("node-add-calls", calls):
        yield compared(name, "ms", *interleave(bench.size(41, 2), lambda: once(many), lambda: once(few)),
                       goal="<= 1.2 x")
