"""A write command of a program as a whole process: in a database with 30,000 ports, and in one with a cluster alone."""
import subprocess
from collections.abc import Iterator

from bench import Bench, Database, Row, Tap, compared, interleave, process_ms

NODE = "new-node"


def has_program(bench: Bench) -> bool:
    """The program can do it once it can leave this host alone."""
    done = subprocess.run([bench.programs / "ovn-k8s-overlay", "--help"], stdout=subprocess.PIPE, text=True)
    return "--logical-only" in done.stdout


def command(bench: Bench, database: Database | Tap) -> list[str]:
    if not has_program(bench):
        return bench.work_command(database, "node-add", NODE)
    return [str(bench.programs / "ovn-k8s-overlay"), "minion-init", "--logical-only", f"--nb={database.remote}",
            "--cluster-ip-subnet=10.0.0.0/8", f"--node-name={NODE}"]


def nbctl(database: Database) -> list[str]:
    """As many rows in one transaction: a switch with two ports, a router port, and where they belong."""
    return ["ovn-nbctl", f"--db={database.remote}", "ls-add", NODE, "--", "lsp-add", NODE, f"k8s-{NODE}", "--",
            "lsp-set-addresses", f"k8s-{NODE}", "0a:58:0a:fa:00:02 10.250.0.2", "--",
            "lsp-add", NODE, f"stor-{NODE}", "--", "lsp-set-type", f"stor-{NODE}", "router", "--",
            "lsp-set-options", f"stor-{NODE}", f"router-port=rtos-{NODE}", "--",
            "lrp-add", "master", f"rtos-{NODE}", "0a:58:0a:fa:00:01", "10.250.0.1/24"]


def nbctl_undo(database: Database) -> list[str]:
    return ["ovn-nbctl", f"--db={database.remote}", "ls-del", NODE, "--", "lrp-del", f"rtos-{NODE}"]


def requests(bench: Bench, database: Database) -> int:
    """How many times it waits for the server."""
    with Tap(database) as tap:
        subprocess.run(command(bench, tap), check=True, stdout=subprocess.DEVNULL)
    bench.work(database, "node-del", NODE)
    return len(tap.requests)


def measure(bench: Bench) -> Iterator[Row]:
    empty = bench.database(0, 0)
    full = bench.database(bench.size(120, 2), bench.size(250, 5))

    def once(database: Database) -> float:
        ms = process_ms(command_of[database])
        bench.work(database, "node-del", NODE)
        return ms

    def once_nbctl(database: Database) -> float:
        ms = process_ms(nbctl(database))
        subprocess.run(nbctl_undo(database), check=True)
        return ms

    command_of = {database: command(bench, database) for database in (empty, full)}
    yield compared("cli-write", "ms", *interleave(bench.size(41, 2), lambda: once(full), lambda: once(empty)),
                   goal="<= 1.2 x, <= 6 ms")
    yield compared("cli-write-ovn-nbctl", "ms",
                   *interleave(bench.size(7, 1), lambda: once(full), lambda: once_nbctl(full)))
    yield compared("cli-write-ovn-nbctl-empty", "ms",
                   *interleave(bench.size(7, 1), lambda: once(empty), lambda: once_nbctl(empty)))
    # What starting costs: a process with the library that does nothing, and one with the C library alone.
    yield compared("cli-write-start", "ms", *interleave(
        bench.size(41, 2), lambda: process_ms([str(bench.helpers / "bench-work")], 2),
        lambda: process_ms([str(bench.helpers / "bench-raw")], 2)))
    yield Row("cli-write-requests", "requests", requests(bench, full), requests(bench, empty))
