#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Plots of what VM_BIND and page tables cost: docs/plot-*.svg.

usage: plots.py RESULTS FOLDER            draw the figures of docs/results.md
       plots.py --json BENCH FOLDER       draw those of out/bench.json ("make bench")
       plots.py --compare BENCH RESULTS   what the two differ in by more than 5 %
       plots.py --check RESULTS FOLDER    are the plots there, and of these figures?

What is in docs/ is drawn from docs/results.md, where each table says which command
gives it, so that plots and text cannot differ. Rows that make bench does not measure
(make run does) are left out with --json.
"""

import json
import math
import os
import re
import sys
from html import escape

from usage import arguments

BASE, WALKS, RESERVE = "#9a9a9a", "#5b8db8", "#c8553d"

# Title, what a bar is, and rows: label, the row of docs/results.md and its columns for
# each colour, (scenario, metric) of bench.json. "the same ..." in results.md is the
# row before it, and written here with that before a slash.
PLOTS = {
    "plot-instructions": {
        "title": "Instructions of a bind of 64 KiB by VM_BIND",
        "unit": "",
        "colours": [("upstream", BASE), ("with reservations", RESERVE)],
        "log": False,
        "rows": [
            ("bound and unbound", "bound and unbound, others near it", (1, 2), ("P7", "sync_tile_instrs")),
            ("bound over a mapping", "bound over a mapping that is there", (1, 2), ("P7", "sync_rebind_instrs")),
            ("one of 256 in a call", "one of 256 in one call, bound and unbound", (1, 2), ("P7", "sync_batch_instrs")),
            ("one of 256 in a call, queued", "one of 256 in one call, bound and unbound/the same, queued", (1, 2), ("P7", "async_batch_instrs")),
            ("in a VM with an address space", "bound and unbound in a VM that has an address space of the GPU's", (1, 2), ("P7", "sync_active_instrs")),
            ("into 4 MiB of sparse", "bound into the middle of 4 MiB of a sparse mapping", (1, 2), ("P7", "cut_4M_instrs")),
            ("into 16 GiB of sparse", "bound into the middle of 4 MiB of a sparse mapping/the same in 16 GiB", (1, 2), ("P7", "cut_16G_instrs")),
            ("the first tile of a VM", "the first tile of a VM, bound", (1, 2), ("P7", "sync_first_instrs")),
            ("a VM made, bound, destroyed", "a VM made, one tile bound, the VM destroyed", (1, 2), ("P7", "sync_life_instrs")),
        ],
    },
    "plot-page-tables": {
        "title": "Page tables by themselves: time, User Mode Linux",
        "unit": "ns",
        "colours": [("upstream", BASE), ("faster walks", WALKS), ("reserved", RESERVE)],
        "log": True,
        "rows": [
            ("64 KiB rebound in 2 MiB", "P1: a 64 KiB tile bound anew where 2 MiB are bound", (1, 2, 4), ("P1", "cycle_ns")),
            ("2 MiB of 4 KiB pages", "P2: 2 MiB of 4 KiB pages bound and unbound, the leaf table comes and goes", (1, 2, 4), ("P2", "cycle_ns")),
            ("the same, nothing else bound", "P2: in a page table that has nothing else, so that three tables come and go", (1, 2, 4), ("P2", "alone_ns")),
            ("1 GiB of 4 KiB pages", "P3: 1 GiB of 4 KiB pages", (1, 2, 4), ("P3", "cycle_ns")),
            ("16 GiB of 2 MiB blocks", "P4: 16 GiB of 2 MiB blocks, a call for each table's worth", (1, 2, 4), ("P4", "cycle_ns")),
            ("16 GiB that repeat", "P4: the same, by tables that are shared", (1, 2, 4), ("P4", "repeat_ns")),
        ],
    },
    "plot-pages": {
        "title": "Page-table pages that binds hold while they are queued",
        "unit": "",
        "colours": [("upstream", BASE), ("with reservations", RESERVE)],
        "log": True,
        "rows": [
            ("64 KiB where nothing is bound", "a 64 KiB tile where nothing is bound yet", (2, 7), None),
            ("64 KiB rebound in 2 MiB", "a 64 KiB tile rebound in a populated 2 MiB", (2, 7), None),
            ("2 MiB as 512 binds", "2 MiB as 512 binds of scattered 4 KiB pages", (2, 7), None),
            ("16 GiB sparse", "16 GiB sparse", (2, 7), None),
            ("1,000 rebinds in 1 GiB", "P6: 1,000 queued rebinds of tiles in a populated 1 GiB", (2, 7), ("P6", "pages_held")),
        ],
    },
}

SCALE = {"ns": 1.0, "µs": 1e3, "us": 1e3, "ms": 1e6}


def number(cell):
    """What a cell of a table says, in ns if it is a time; None if it says nothing"""
    found = re.match(r"\s*([\d,]*\.?\d+)\s*(ns|µs|us|ms)?", cell)
    if not found:
        return None
    return float(found.group(1).replace(",", "")) * SCALE.get(found.group(2) or "ns")


def recorded(path):
    """{row: cells} of all tables of docs/results.md; the first row of a name counts"""
    rows, last = {}, ""
    with open(path, encoding="utf-8") as results:
        for line in results:
            if not line.startswith("|"):
                continue
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            name = cells[0]
            if name.startswith("the same"):
                name = last + "/" + name
            else:
                last = name
            rows.setdefault(name, cells)
    return rows


def from_results(plot, path):
    rows = recorded(path)
    for label, name, columns, _ in plot["rows"]:
        if name not in rows:
            sys.exit(f"{path} has no row '{name}'; mend PLOTS in scripts/lib/plots.py")
        yield label, [number(rows[name][column]) for column in columns]


def from_json(plot, path):
    with open(path, encoding="utf-8") as bench:
        rows = {(row["scenario"], row["metric"]): row for row in json.load(bench)}
    for label, _, columns, key in plot["rows"]:
        if key is None or key not in rows:
            continue
        row, walks = rows[key], rows.get((key[0] + "w", key[1]))
        values = [row["base"], row["reserve"]]
        if len(columns) == 3:
            # The base of a row is the kernel with faster walks, where there is one
            values = [walks["base"] if walks else None] + values
        yield label, values


def said(value, unit):
    """As docs/results.md writes it"""
    if value is None:
        return "impossible"
    if unit == "ns":
        for name, scale in ("ms", 1e6), ("µs", 1e3):
            if value >= 10 * scale:
                return f"{value / scale:,.3g} {name}"
        return f"{value:,.0f} ns"
    return f"{value:,.0f}"


def length(value, most, log):
    if not value:
        return 0
    if log:
        return math.log10(1 + value) / math.log10(1 + most)
    return value / most


def draw(plot, data):
    """An SVG of horizontal bars, a group for each row"""
    left, wide, bar, gap = 250, 420, 15, 14
    colours = plot["colours"]
    data = list(data)
    most = max(value or 0 for _, values in data for value in values)
    step = bar * len(colours) + gap
    high = 70 + step * len(data) + 10
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->",
        "<!-- Drawn by scripts/lib/plots.py docs/results.md docs; change it there. -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + 110} {high}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="100%" height="{high}" fill="#ffffff"/>',
        f'<text x="10" y="22" font-size="16">{escape(plot["title"])}'
        f'{" (logarithmic)" if plot["log"] else ""}</text>',
    ]
    x = 10
    for name, colour in colours:
        out.append(f'<rect x="{x}" y="36" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{x + 18}" y="47">{escape(name)}</text>')
        x += 40 + 8 * len(name)
    for n, (label, values) in enumerate(data):
        top = 66 + n * step
        out.append(f'<text x="{left - 8}" y="{top + step / 2 - 4:.0f}" text-anchor="end">{escape(label)}</text>')
        for i, value in enumerate(values):
            y = top + i * bar
            w = wide * length(value, most, plot["log"])
            out.append(f'<rect x="{left}" y="{y}" width="{w:.1f}" height="{bar - 2}" fill="{colours[i][1]}"/>')
            out.append(f'<text x="{left + w + 5:.1f}" y="{y + 11}" font-size="11">{said(value, plot["unit"])}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def write(source, path, folder):
    for name, plot in PLOTS.items():
        file = os.path.join(folder, name + ".svg")
        with open(file, "w", encoding="utf-8") as out:
            out.write(draw(plot, source(plot, path)))
        print(file)


def check(path, folder):
    rc = 0
    for name, plot in PLOTS.items():
        file = os.path.join(folder, name + ".svg")
        try:
            with open(file, encoding="utf-8") as old:
                same = old.read() == draw(plot, from_results(plot, path))
        except OSError:
            same = False
        if not same:
            print(f"{file} is not of the figures of {path}: run scripts/lib/plots.py {path} {folder}")
            rc = 1
    return rc


def compare(bench, path):
    for plot in PLOTS.values():
        old = dict(from_results(plot, path))
        for label, values in from_json(plot, bench):
            for (name, _), new, was in zip(plot["colours"], values, old[label]):
                if (new or 0) != (was or 0) and abs((new or 0) - (was or 0)) > 0.05 * max(new or 0, was or 0):
                    print(f"{label}, {name}: {said(new, plot['unit'])}, recorded {said(was, plot['unit'])}")
    return 0


def main(args):
    if len(args) == 3 and args[0] == "--json":
        write(from_json, args[1], args[2])
        return 0
    if len(args) == 3 and args[0] == "--compare":
        return compare(args[1], args[2])
    if len(args) == 3 and args[0] == "--check":
        return check(args[1], args[2])
    if len(args) != 2 or args[0].startswith("-"):
        sys.exit(__doc__)
    write(from_results, args[0], args[1])
    return 0


if __name__ == "__main__":
    sys.exit(main(arguments(__doc__, 2, 3)))
