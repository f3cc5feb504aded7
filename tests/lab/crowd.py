#!/usr/bin/python3
"""Many writers at once on one host, each with a connection of its own: usage: crowd.py OPTIONS, which are JSON.

    {"remotes": ..., "connect": {...}, "calls": [[["node_add", "n1"]], [["port_add", "web", "n1"]], ...]}

Each list of calls is one plan of one thread. Tells of each when it ends, by a line of JSON: which it was, how long
opening the connection and applying the plan took, the longer of the two, and the error, if any.
"""
import json
import sys
import threading
import time

from library import Error, Northbound, Plan


def main():
    options = json.loads(sys.argv[1])
    gate = threading.Barrier(len(options["calls"]))
    printing = threading.Lock()

    def run(i, calls):
        gate.wait()
        times, error = [time.monotonic()], None  # each of the two has the deadline for itself
        try:
            with Northbound(options["remotes"], **options["connect"]) as nb, Plan() as plan:
                for name, *words in calls:
                    getattr(plan, name)(*words)
                times.append(time.monotonic())
                plan.apply(nb)
        except Error as failure:
            error = f"{failure.code}: {failure}"
        times.append(time.monotonic())
        with printing:
            print(json.dumps({"call": i, "seconds": max(b - a for a, b in zip(times, times[1:])), "error": error}), flush=True)

    threads = [threading.Thread(target=run, args=item) for item in enumerate(options["calls"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
