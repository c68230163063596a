#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of iopt.sh, guest.sh and vulkan.sh, as a table and as JSON.

usage: report.py PROMISES LOGS JSON SCENARIO...

LOGS has a file TREE-... for each run, with lines "bench: SCENARIO METRIC VALUE",
where VALUE may be "impossible". A figure of the machine's own time is the best of
a tree's runs, as what else the machine does only adds to it; of what is counted it
is the median. The trees are base and reserve, and perhaps walks, which has the first steps of the
series, those with faster walks for everybody: then they are what reserve is
compared with, and have rows of their own against base, whose scenarios end in "w"
and whose "reserve" is the figure of walks.

Rows of other scenarios that JSON has stay in it. PROMISES has lines "SCENARIO
METRIC KIND BOUND": KIND is "ratio" (base against reserve, at least BOUND), "least"
or "most" (of the reserve kernel's figure). Fails where one of these scenarios
misses one, and where there is no figure for it.
"""

import json
import os
import re
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

LINE = re.compile(r"bench: ([PV]\d+) (\S+) ([\d.]+|impossible)\s*$")


def figure(metric, values):
    if None in values:
        return None
    if "_ns" in metric:
        return min(values)
    if metric.endswith("_per_s"):
        return max(values)
    return statistics.median(values)


def read_logs(folder):
    """{(scenario, metric): {tree: figure, None where it is impossible}}"""
    rounds = {}
    for name in sorted(os.listdir(folder)):
        tree = name.split("-")[0]
        with open(os.path.join(folder, name), errors="replace") as log:
            for line in log:
                found = LINE.search(line)
                if found:
                    key = found.group(1), found.group(2)
                    value = found.group(3)
                    value = None if value == "impossible" else float(value)
                    rounds.setdefault(key, {}).setdefault(tree, []).append(value)
    return {
        key: {tree: figure(key[1], values) for tree, values in trees.items()}
        for key, trees in rounds.items()
    }


def derive(figures):
    """Figures that follow from others: two CPUs that reserve against two that only
    allocate, large against small, with a neighbour against alone."""

    def value(scenario, metric):
        return figures[scenario, metric]["reserve"]

    for scenario, metric in list(figures):
        if (scenario, metric) == ("P10", "missing_scaling"):
            figures[scenario, "missing_against_alloc"] = {
                "reserve": value(scenario, metric) / value(scenario, "alloc_scaling")
            }
        if scenario == "P9" and metric.endswith("_4096_ns_per_table"):
            small = value(scenario, metric.replace("_4096_", "_64_"))
            figures[scenario, metric.replace("_ns_per_table", "_against_64")] = {
                "reserve": value(scenario, metric) / small
            }
        if scenario == "P13" and metric in ("beside_ns", "elsewhere_ns"):
            figures[scenario, metric.replace("_ns", "_throughput")] = {
                "reserve": value(scenario, "alone_ns") / value(scenario, metric)
            }


def unit(metric):
    if "_ns" in metric:
        return "ns"
    if metric.endswith("_instrs"):
        return "instructions"
    if metric.startswith("allocations") or metric == "jobs":
        return metric.split("_")[0]
    if metric.startswith("pages"):
        return "pages"
    if metric.endswith("_per_s"):
        return "tables/s"
    return "ratio"


def better(metric):
    higher = "_per_s", "_scaling", "_against_alloc", "_throughput", "jobs"
    return "higher" if metric.endswith(higher) else "lower"


def as_row(scenario, metric, base, reserve):
    ratio = None
    if base and reserve:
        ratio = base / reserve if better(metric) == "lower" else reserve / base
    return {
        "scenario": scenario,
        "metric": metric,
        "unit": unit(metric),
        "base": base,
        "reserve": reserve,
        "ratio": ratio and round(ratio, 3),
        "better": better(metric),
    }


def as_rows(figures):
    rows = []
    for (scenario, metric), trees in figures.items():
        base, walks, reserve = (trees.get(t) for t in ("base", "walks", "reserve"))
        if "walks" not in trees:
            rows.append(as_row(scenario, metric, base, reserve))
            continue
        rows.append(as_row(scenario, metric, walks, reserve))
        # Walks take time. They take no pages
        if base and walks and unit(metric) in ("ns", "instructions"):
            rows.append(as_row(scenario + "w", metric, base, walks))
    return rows


def of_walks(row):
    return row["scenario"].endswith("w")


def order(row):
    scenario = row["scenario"]
    return of_walks(row), scenario[0], int(scenario[1:].rstrip("w"))


def with_others(rows, path, scenarios):
    """Rows of what is not measured here are kept."""
    try:
        with open(path) as old:
            others = [
                row
                for row in json.load(old)
                if row["scenario"].rstrip("w") not in scenarios
            ]
    except (OSError, ValueError):
        others = []
    return sorted(others + rows, key=order)


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.4g}"


def show(rows, base, reserve):
    print(f"{'':4} {'metric':28} {base:>14} {reserve:>14} {'ratio':>8}  unit")
    for row in rows:
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}"
        print(
            f"{row['scenario']:4} {row['metric']:28} {number(row['base']):>14} "
            f"{number(row['reserve']):>14} {ratio:>8}  {row['unit']}"
        )


def show_all(rows):
    walks = [row for row in rows if of_walks(row)]
    if walks:
        print("Faster walks, with no reservations in the series yet")
        show(walks, "base", "walks")
        print("Reservations, against the kernel with faster walks")
    show([row for row in rows if not of_walks(row)], "walks" if walks else "base", "reserve")


def missed(rows, path, scenarios):
    by_name = {(row["scenario"], row["metric"]): row for row in rows}
    with open(path) as promises:
        lines = [line.split() for line in promises if line.strip() and line[0] != "#"]
    for scenario, metric, kind, bound in lines:
        if scenario.rstrip("w") not in scenarios:
            continue
        row = by_name.get((scenario, metric), {})
        value = row.get("ratio" if kind == "ratio" else "reserve")
        if value is None:
            yield f"{scenario} {metric}: no figure, promised {kind} {bound}"
        elif value > float(bound) if kind == "most" else value < float(bound):
            yield f"{scenario} {metric}: {value:.3f}, promised {kind} {bound}"


def main(promises, logs, path, *scenarios):
    figures = read_logs(logs)
    derive(figures)
    rows = sorted(as_rows(figures), key=order)
    strange = {row["scenario"].rstrip("w") for row in rows} - set(scenarios)
    if strange:
        sys.exit(f"{logs} has figures of {' '.join(sorted(strange))} as well")
    all_rows = with_others(rows, path, scenarios)
    with open(path, "w") as out:
        json.dump(all_rows, out, indent=1)
        out.write("\n")
    show_all(rows)
    misses = list(missed(rows, promises, scenarios))
    for miss in misses:
        print("missed:", miss)
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main(*arguments(__doc__, 4)))
