"""The text format of Prometheus 0.0.4, read strictly: whatever a server of Prometheus would object to is a ValueError, and so
is what it would take but nobody could make sense of."""
from __future__ import annotations

import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
COMMENT = re.compile(rf"# (HELP|TYPE) ({NAME}) (.+)")
TYPES = "counter", "gauge", "histogram"
Labels = frozenset[tuple[str, str]]


class Family:
    """The samples under one name, by name and labels."""

    def __init__(self, name: str):
        self.name, self.type, self.help = name, "", ""
        self.samples: dict[tuple[str, Labels], float] = {}

    def owns(self, sample: str) -> bool:
        suffixes = ("_bucket", "_sum", "_count") if self.type == "histogram" else ("",)
        return sample in [self.name + suffix for suffix in suffixes]

    def value(self, **labels: str) -> float:
        return self.samples[self.name, frozenset(labels.items())]


def check(condition: bool, line: str):
    if not condition:
        raise ValueError(line)


def read_labels(text: str, line: str) -> Labels:
    pairs = [pair.partition("=") for pair in re.findall(LABEL, text or "")]
    check(len({name for name, _, _ in pairs}) == len(pairs), line)
    return frozenset((name, value[1:-1]) for name, _, value in pairs)


def read_comment(line: str, families: dict[str, Family]) -> Family:
    match = COMMENT.fullmatch(line)
    check(match is not None, line)
    keyword, name, text = match.groups()
    family = families.setdefault(name, Family(name))
    check(not family.samples and not getattr(family, keyword.lower()), line)
    check(keyword == "HELP" or text in TYPES, line)
    setattr(family, keyword.lower(), text)
    return family


def read_sample(line: str, family: Family | None):
    match = SAMPLE.fullmatch(line)
    check(match is not None and family is not None, line)
    name, labels, value = match.groups()
    key = name, read_labels(labels, line)
    check(family.owns(name) and key not in family.samples, line)
    check(re.fullmatch(r"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", value) is not None, line)
    family.samples[key] = float(value)


def bound(text: str) -> float:
    return math.inf if text == "+Inf" else float(text)


def check_histogram(family: Family):
    """Of each set of labels: the buckets are cumulative, the last one is +Inf and has all, and there are sum and count."""
    series: dict[Labels, list[tuple[float, float]]] = {}
    for (name, labels), value in family.samples.items():
        if name == f"{family.name}_bucket":
            le = dict(labels)["le"]
            series.setdefault(labels - {("le", le)}, []).append((bound(le), value))
    check(bool(series), family.name)
    for labels, buckets in series.items():
        check(buckets == sorted(buckets), f"{family.name}: buckets in order of their bounds")
        counts = [count for _, count in buckets]
        check(counts == sorted(counts), f"{family.name}: cumulative")
        check(math.isinf(buckets[-1][0]), f"{family.name}: +Inf")
        check(counts[-1] == family.samples[f"{family.name}_count", labels], f"{family.name}: +Inf is the count")
        check(family.samples[f"{family.name}_sum", labels] >= 0, f"{family.name}: sum")


def parse(text: str) -> dict[str, Family]:
    """The families, by name. All samples of one follow its head."""
    check(text.endswith("\n"), "the end of the last line")
    families: dict[str, Family] = {}
    family = None
    for line in text.splitlines():
        if line.startswith("#"):
            family = read_comment(line, families)
        else:
            read_sample(line, family)
    for family in families.values():
        check(bool(family.help and family.type and family.samples), family.name)
        if family.type == "histogram":
            check_histogram(family)
        check((family.type == "counter") == family.name.endswith("_total"), family.name)
    return families
