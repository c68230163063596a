#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a browser drew of the report, against what the run measured.

    check.py RUN.json PAGE.html [NAME=DOM...]

DOM is what Chromium dumped of probe.html; NAME says how it was asked: its width, and
"light" or "dark" (360-dark). Prints a line "pass|fail<tab>name<tab>detail" a test point.
"""

import html
import json
import re
import os
import sys

from page import PAGES

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

LEAST_COLOURS = 100
LEAST_CONTRAST = 4.5
# Of a line of it, in pixels
LEAST_TEXT = 10


def point(good, name, detail=""):
    print("pass" if good else "fail", name, detail, sep="\t")


def read_probe(path):
    with open(path, encoding="utf-8") as f:
        found = re.search(r'<pre id="found">(.*?)</pre>', f.read(), re.S)
    return json.loads(html.unescape(found.group(1))) if found and found.group(1) else None


def check_alone(path):
    """Nothing that is fetched, and nothing that runs."""
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]*", "", f.read())
    found = re.findall(r"https?://|<(?:script|link|iframe|object|embed)\b|@import|url\(|\son\w+=",
                       text)
    # What a picture's data was is empty now; all else has to be a place in the page
    found += re.findall(r"\s(?:src|srcset|href|data|poster)=[\"']?(?![\"'#>])[^\"'\s>]+", text)
    point(not found, "the page needs nothing else", ", ".join(found[:3]))


def row_of(run, ident):
    return next(row for row in run["pages"] if row["id"] == ident)


def held(run, ident):
    row = row_of(run, ident)
    return row["error"] or f"{row['held']:,}"


def drawn(run, ident):
    tables = next(look["tables"] for look in run["drawings"] if look["id"] == ident)
    return str(len({pa for _, pa, _ in tables}))


def expected_facts(run):
    """The numbers that must be there, made from the measurements anew."""
    frames = run["flight"]["frames"]
    facts = {"queued": f"{max(f['queued']['pages'] - f['before']['pages'] for f in frames):,}",
             "made": f"{round(run['flight']['make_ns'] / 1e6):,} ms"}
    facts.update((ident, held(run, ident)) for ident in ("sparse-16g", "sparse-64t"))
    facts.update((f"drawn-{ident}", drawn(run, ident)) for ident in ("made", "flown", "reclaimed"))
    return {(name, run["kernel"]): text for name, text in facts.items()}


def check_facts(runs, probe):
    want = {}
    for run in runs:
        want.update(expected_facts(run))
    got = {(f["fact"], f["kernel"]): f["text"] for f in probe["facts"]}
    wrong = [f"{k}: {got.get(k)}, not {v}" for k, v in want.items() if got.get(k) != v]
    point(not wrong and want, f"{len(want)} numbers are those that were measured",
          "; ".join(wrong[:3]))


def check_verdict(runs, probe):
    n = {r: sum(p["result"] == r for run in runs for p in run["points"])
         for r in ("pass", "fail", "skip")}
    want = f"{n['pass']} test points passed, {n['fail']} failed, {n['skip']} skipped"
    point(probe["verdict"] == want, "it says how the tests went", f"{probe['verdict']}")


def check_rows(runs, probe):
    """Each row of page-table pages: the cells that were measured, of each kernel."""
    got = {row[0]: row[1:] for row in probe["rows"]}
    wrong = []
    for row in runs[0]["pages"]:
        want = sum((wanted_cells(run, row["id"]) for run in runs), [])
        cells = got.get(row["what"], [])
        if len(cells) != len(want) or any(not same_cell(*pair) for pair in zip(cells, want)):
            wrong.append(row["what"])
    point(not wrong, "the table of page-table pages has what was measured", "; ".join(wrong[:3]))


def wanted_cells(run, ident):
    """What a kernel did not measure is blank, and an error is one cell."""
    row = next((r for r in run["pages"] if r["id"] == ident), None)
    if row is None:
        return [""] * len(PAGES)
    if row["error"]:
        return [row["error"]]
    return ["" if row[c] is None else f"{row[c]:,}" for c in PAGES]


def same_cell(got, want):
    # Behind an error stands that the kernel warns
    return got == want or want.isupper() and got.startswith(want)


def check_width(name, probe):
    wide = probe["wide"]
    point(probe["scroll"] <= probe["width"] and not wide, f"{name}: nothing is too wide",
          f"{probe['scroll']} of {probe['width']}; {', '.join(wide[:3])}")


def check_pictures(name, probe, frames):
    pictures = probe["pictures"]
    blank = [p["alt"] for p in pictures
             if (p["width"], p["height"]) != (320, 180) or
             p["shown"] and not p["drawn"]]
    # The first pictures of a flight show one coarse tile, but have a sky
    dull = [p["alt"] for p in pictures if p["colours"] < LEAST_COLOURS]
    point(len(pictures) >= min(frames, 4) and not blank and not dull,
          f"{name}: each picture is drawn, and not blank",
          f"{len(pictures)} pictures; {', '.join((blank + dull)[:3])}")


def check_drawings(name, probe, runs):
    drawings = probe["drawings"]
    bad = [d["title"] for d in drawings
           if d["shapes"] < 5 or not d["texts"] or d["outside"]]
    point(len(drawings) >= 4 + 3 * len(runs) and not bad,
          f"{name}: each plot has shapes and text, inside of it",
          f"{len(drawings)} plots; {', '.join(bad[:3])}")
    small = min((d["smallest"] for d in drawings), default=0)
    point(small >= LEAST_TEXT, f"{name}: text in plots can be read", f"{small:.1f} pixels high")


def check_scheme(name, probe):
    dark = name.endswith("dark")
    point(probe["dark"] == dark, f"{name}: it is {'dark' if dark else 'light'}")
    least = probe["contrast"]
    point(least["ratio"] >= LEAST_CONTRAST, f"{name}: all text stands out",
          f"{least['ratio']:.1f} at least, {least.get('what', '')}")


def check_probe(name, path, runs):
    probe = read_probe(path)
    if not probe:
        point(False, f"{name}: the browser shows the page", path)
        return None
    check_width(name, probe)
    check_pictures(name, probe, len(runs[-1]["flight"]["frames"]))
    check_drawings(name, probe, runs)
    check_scheme(name, probe)
    return probe


def main(source, page, doms):
    with open(source) as f:
        runs = json.load(f)
    check_alone(page)
    probes = [check_probe(*dom.split("=", 1), runs) for dom in doms]
    if probes and probes[0]:
        check_verdict(runs, probes[0])
        check_facts(runs, probes[0])
        check_rows(runs, probes[0])


if __name__ == "__main__":
    source, page, *doms = arguments(__doc__, 2)
    main(source, page, doms)
