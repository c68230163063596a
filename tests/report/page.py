#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""out/report.html: what a run did and measured, as one page that needs nothing else.

    page.py RUN.json PAGE.html

RUN.json is what tests/vmbind/report.py wrote; it names the folders where the pictures
of the flight are. The page has no script: pictures are data, plots inline SVG, and
every number in it is in RUN.json.
"""

import glob
import html
import json
import os
import sys

import picture
import plot
import tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))

PAGES = ("taken", "held", "used", "idle", "kept")

COSTS = [
    ("tile", "a 64 KiB tile bound and unbound, others near it"),
    ("alone", "the same where nothing else is bound"),
    ("rebind", "a tile bound over one that is there"),
    ("batch", "256 tiles in one call, for each of them"),
    ("active", "a tile, in a VM that the GPU has at hand"),
]

MOMENTS = [
    ("made", "before: the space is there, nothing is bound"),
    ("flown", "after the flight"),
    ("reclaimed", "all tiles are gone, memory is scarce"),
]

COUNTERS = [
    ("lane-instrs", "instructions of shaders, by lane"),
    ("dispatches", "dispatches"),
    ("tlb-hits", "translations from the TLB"),
    ("tlb-misses", "translations that were walked"),
    ("table-reads", "descriptors read from memory"),
    ("as-lock", "MMU commands LOCK"),
    ("cache-flushes", "GPU cache flushes"),
    ("faults", "MMU faults"),
]

STILLS = 6


def escaped(text):
    return html.escape(str(text), quote=True)


def name_of(run):
    return escaped(run["kernel"])


def class_of(run):
    """Colours are the kernels'; a kernel of another name has reservations."""
    return "upstream" if run["kernel"] == "upstream" else "reserve"


def key(*entries):
    marks = "".join(f'<i class="k-{cls}"></i>{text}' for cls, text in entries)
    return f'<p class="key">{marks}</p>'


def kernels_key(runs):
    return key(*((class_of(run), name_of(run)) for run in runs))


def count(run, result):
    return sum(point["result"] == result for point in run["points"])


# --- The head ------------------------------------------------------------------------

def verdict(runs):
    total = {r: sum(count(run, r) for run in runs) for r in ("pass", "fail", "skip")}
    cls = "bad" if total["fail"] else "good"
    return (f'<p class="verdict {cls}" id="verdict">{total["pass"]} test points passed, '
            f'{total["fail"]} failed, {total["skip"]} skipped</p>')


def card(what, runs, value, unit, ident):
    pairs = "".join(f'<div><b class="{class_of(run)}" data-fact="{ident}" '
                    f'data-kernel="{name_of(run)}">{value(run)}</b> <span>{name_of(run)}</span></div>'
                    for run in runs)
    return (f'<div class="card"><div class="what">{what}</div>'
            f'<div class="pair">{pairs}</div><div class="soft">{unit}</div></div>')


def most_queued(run):
    return max(f["queued"]["pages"] - f["before"]["pages"] for f in run["flight"]["frames"])


def row_of(run, ident):
    return next(row for row in run["pages"] if row["id"] == ident)


def held(ident):
    def value(run):
        row = row_of(run, ident)
        return escaped(row["error"]) if row["error"] else f"{row['held']:,}"
    return value


def cards(runs):
    size = f"{runs[0]['flight']['size'] / 2**30:.1f} GiB"
    return '<div class="cards">' + "".join([
        card("the most that the binds of a picture take while they are queued", runs,
             lambda run: f"{most_queued(run):,}", "pages of page tables", "queued"),
        card(f"to make a sparse space of {size}", runs,
             lambda run: f"{run['flight']['make_ns'] / 1e6:,.0f} ms", "of the guest's time", "made"),
        card("16 GiB sparse in one bind, while it is queued", runs, held("sparse-16g"),
             "pages of page tables", "sparse-16g"),
        card("64 TiB sparse in one bind", runs, held("sparse-64t"),
             "pages of page tables", "sparse-64t"),
    ]) + "</div>"


def head(runs):
    flight = runs[0]["flight"]
    return f"""
<h1>panthor-reserve: what this run did</h1>
<p>Panthor, the DRM driver for Arm Mali GPUs, as it is upstream and with IOVA reservations in
its page tables, booted one after the other on a virtual {escaped(flight['device'])}. All
numbers were counted in this run, by the kernel, by the programs in the guest, or by the
GPU's own walker.</p>
{verdict(runs)}
{cards(runs)}"""


# --- The flight ----------------------------------------------------------------------

def paths_of(run):
    return sorted(glob.glob(os.path.join(run["folder"], "flight", "frame-*.ppm")))


def chosen(frames):
    """Some pictures of the flight: the first ones, where most happens, and its turn."""
    half = (frames + 1) // 2
    wanted = (1, 3, half // 2, half - 1, half, half + 2)
    return sorted({min(max(0, i), frames - 1) for i in wanted})[:STILLS]


def still(run, i, path):
    frame = run["flight"]["frames"][i]
    tiles = frame["wanted"]
    return (f'<figure><img src="{picture.as_url(picture.png(path))}" width="320" height="180" '
            f'alt="picture {i + 1} of the flight"><figcaption>picture {i + 1}: would like '
            f'{tiles} tiles; {frame["coarse"] * 100 // (320 * 180)} % of it is drawn from coarser '
            f"ones</figcaption></figure>")


def flight_text(runs):
    flight = runs[0]["flight"]
    frames = flight["frames"]
    loads, evictions = (sum(f[k] for f in frames) for k in ("loads", "evictions"))
    same = (" Both kernels gave the same pictures." if len(runs) > 1 else "")
    return f"""
<p>A land of 131,072 by 131,072 texels, with ten smaller ones for what is far away, is a
sparse space of <b id="size">{flight['size'] / 2**30:.1f} GiB</b> in {flight['buffers']}
Vulkan buffers. <b>{flight['budget'] >> 20} MiB</b> of it have memory at a time: tiles of
64 KiB are bound when a picture would like them, and evicted when they were not wanted for
longest. A shader makes the tiles, another one pictures of what is resident; where a tile is
missing, a coarser one stands in for it. In {len(frames)} pictures <b id="loads">{loads}</b>
tiles were bound and <b id="evictions">{evictions}</b> evicted. In the middle of the flight the
camera is put down elsewhere, where nothing is resident yet.</p>
<p>The CPU made the same tiles and pictures and compared every bit; {sum(f['probes'] for f in
frames):,} words were read through the space as well, of tiles that have memory and of those
that no longer have.{same} Driver: {escaped(flight['driver'])}, unmodified.</p>"""


def flight_pictures(run):
    paths = paths_of(run)
    stills = "".join(still(run, i, paths[i]) for i in chosen(len(paths)))
    return f"""
<div class="plots"><figure class="moving"><img width="320" height="180" alt="the flight, as a film"
src="{picture.as_url(picture.film(paths))}"><figcaption>the flight, as a film</figcaption></figure>
<figure><img width="320" height="180" alt="the last picture of the flight"
src="{picture.as_url(picture.png(paths[-1]))}"><figcaption>its last picture</figcaption></figure></div>
<div class="strip">{stills}</div>"""


def flight(runs):
    return f"<h2>A flight over {runs[0]['flight']['size'] / 2**30:.0f} GiB</h2>" \
           f"{flight_text(runs)}{flight_pictures(runs[-1])}"


# --- Plots ------------------------------------------------------------------------------

def figure(title, drawing, *below):
    return f"<figure><h3>{title}</h3>{drawing}{''.join(below)}</figure>"


def series(runs, value):
    return [(class_of(run), [value(run, f) for f in run["flight"]["frames"]]) for run in runs]


def residency(run):
    frames = run["flight"]["frames"]
    drawing = plot.bars("tiles bound and evicted with each picture, and tiles resident", "tiles",
                        [("load", [f["loads"] for f in frames]),
                         ("evict", [f["evictions"] for f in frames])],
                        ("resident", [f["resident"] for f in frames]))
    return figure("Residency", drawing, key(("resident", "resident"), ("load", "bound"),
                                            ("evict", "evicted")))


def coarse(run):
    frames = run["flight"]["frames"]
    share = [100 * f["coarse"] / (320 * 180) for f in frames]
    return figure("Drawn from coarser tiles than wanted",
                  plot.lines("share of each picture that is drawn from coarser tiles", "%",
                             [("resident", share)]),
                  '<p class="soft">A tile that is wanted has memory two pictures later; '
                  "32 a picture at most.</p>")


def pages_over_time(runs):
    def three(run, f):
        empty = run["flight"]["empty"]["pages"]
        return [f[when]["pages"] - empty for when in ("before", "queued", "after")]
    return figure("Page-table pages: before binds are queued, while they are, when they have run",
                  plot.zigzag("pages of page tables over time", "pages", series(runs, three)),
                  kernels_key(runs),
                  '<p class="soft">What upstream takes for the worst case is the height of each '
                  "peak. With reservations a bind takes the tables that are missing, and no "
                  "others.</p>")


def latency(runs):
    def per_bind(_, f):
        return f["call_ns"] / 1000 / f["binds"] if f["binds"] else 0
    return figure("vkQueueBindSparse, for each bind",
                  plot.lines("microseconds of vkQueueBindSparse for each bind", "µs",
                             series(runs, per_bind)),
                  kernels_key(runs),
                  '<p class="soft">Time passes by instructions in this guest, 8 ns each, so it '
                  "hardly depends on the machine. The first picture has no binds.</p>")


def execution(runs):
    return figure("From the end of a picture until its binds have run",
                  plot.lines("milliseconds until the binds of a picture have run", "ms",
                             series(runs, lambda _, f: f["bind_ns"] / 1e6)),
                  kernels_key(runs),
                  '<p class="soft">As the program sees it, which waits for both. A bind is a job '
                  "of its own upstream; with the series those of a call are carried out as one, "
                  "with one flush.</p>")


def plots(runs):
    return ("<h2>Over time</h2><div class=\"plots\">"
            + pages_over_time(runs) + residency(runs[-1]) + latency(runs) + execution(runs)
            + coarse(runs[-1]) + "</div>")


# --- Drawings of page tables --------------------------------------------------------------

def drawing_of(run, ident):
    return next((look["tables"] for look in run["drawings"] if look["id"] == ident), [])


def sight_of(run, ident):
    """What the kernel said at that moment; the flight ends with its last picture."""
    flight = run["flight"]
    return flight["frames"][-1]["after"] if ident == "flown" else flight[ident]


def shown(sight):
    """What debugfs said, where the driver has it."""
    if "tables" not in sight:
        return "this driver shows nothing of its tables in debugfs"
    return (f"debugfs: {sight['tables']} tables of all VMs, {sight['used']} in use, "
            f"{sight['waiting']} waiting, {sight['idle']} idle")


def moment(run, ident, text):
    tables, sight = drawing_of(run, ident), sight_of(run, ident)
    if not tables:
        return ""
    n = tree.counts(tables)
    spare = [("waiting for a bind, by debugfs", sight.get("waiting", 0)),
             ("idle, kept for the next bind, by debugfs", sight.get("idle", 0))]
    return figure(f'<span class="{class_of(run)}">{name_of(run)}</span>, {text}',
                  tree.draw(f"page tables, {name_of(run)}, {text}", tables, spare),
                  f'<p class="soft"><b data-fact="drawn-{ident}" data-kernel="{name_of(run)}">'
                  f'{n["tables"]}</b> tables, reached in {n["ways"]} ways; {shown(sight)}</p>')


def sparse_drawing(run):
    look = next((look for look in run["looks"] if look.get("id") == "sparse-16g"), None)
    if not look or not look.get("tables"):
        return ""
    n = tree.counts(look["tables"])
    return figure(f'<span class="{class_of(run)}">{name_of(run)}</span>, 16 GiB sparse in one bind',
                  tree.draw(f"page tables, {name_of(run)}, 16 GiB sparse", look["tables"]),
                  f'<p class="soft">{n["tables"]} tables, reached in {n["ways"]} ways</p>')


def most_waiting(run):
    waiting = [f["queued"].get("waiting", 0) for f in run["flight"]["frames"]]
    return max(waiting)


def trees(runs):
    figures = "".join(sparse_drawing(run) for run in runs)
    figures += "".join(moment(run, ident, text) for ident, text in MOMENTS for run in runs)
    return f"""
<h2>The page tables, before and after</h2>
<p>Each box is a table that the GPU's walker reaches from the root, asked from outside of the
guest; the rows are its four levels. A table that is shared is drawn once, with the number of
entries that lead to it: sparse mappings map the same 2 MiB again and again, and with
reservations so do the tables above. Tables that wait for a bind that is queued, or are idle
and kept for the next one, are in debugfs: while a picture's binds were queued up to
{most_waiting(runs[-1])} waited ({name_of(runs[-1])}).</p>
{key(("used", "a table of its own"), ("shared", "a table that is shared, × entries that lead to it"),
     ("empty", "a table that no entry leads to"))}
<div class="plots">{figures}</div>"""


# --- Tables ---------------------------------------------------------------------------------

def cell(value):
    return "" if value is None else f"{value:,}" if isinstance(value, int) else escaped(value)


def pages_cells(row):
    if row is None:
        return "<td></td>" * len(PAGES)
    if row["error"]:
        warned = ", and the kernel warns" if row.get("warned") else ""
        return f'<td colspan="{len(PAGES)}">{escaped(row["error"])}{warned}</td>'
    return "".join(f"<td>{cell(row[c])}</td>" for c in PAGES)


def pages_row(runs, row):
    cells = "".join(pages_cells(next((r for r in run["pages"] if r["id"] == row["id"]), None))
                    for run in runs)
    return f"<tr><td>{escaped(row['what'])}</td>{cells}</tr>"


def pages_table(runs):
    groups = "".join(f'<th colspan="{len(PAGES)}" class="{class_of(run)}">{name_of(run)}</th>'
                     for run in runs)
    names = "".join(f"<th>{c}</th>" for c in PAGES) * len(runs)
    rows = "".join(pages_row(runs, row) for row in runs[0]["pages"])
    return f"""
<h2>Page-table pages of 4 KiB</h2>
<p>Taken when binds are queued, held while they are, used once they have run, idle when all is
unmapped, kept when memory is scarce, until the VM is destroyed.</p>
<div class="wide"><table id="pages"><tr><th></th>{groups}</tr><tr><th></th>{names}</tr>
{rows}</table></div>"""


def cost_cells(runs, what):
    for run in runs:
        for how in ("sync", "async"):
            yield f"<td>{cell(run['costs'].get(f'{how}_{what}_instrs'))}</td>"
    if len(runs) > 1:
        for how in ("sync", "async"):
            first, last = (run["costs"].get(f"{how}_{what}_instrs") for run in (runs[0], runs[-1]))
            yield f"<td>{first / last:.2f}</td>" if first and last else "<td></td>"


def costs_table(runs):
    groups = "".join(f'<th colspan="2" class="{class_of(run)}">{name_of(run)}</th>' for run in runs)
    names = "<th>sync</th><th>queued</th>" * len(runs)
    if len(runs) > 1:
        groups += '<th colspan="2">gain</th>'
        names += "<th>sync</th><th>queued</th>"
    rows = "".join(f"<tr><td>{text}</td>{''.join(cost_cells(runs, what))}</tr>"
                   for what, text in COSTS)
    return f"""
<h2>Instructions of a bind</h2>
<p>The kernel's and the program's, in a guest that does the same each time; queued ones are
waited for. Allocations in the fence-signalling sections of {allocations(runs)}.</p>
<div class="wide"><table id="costs"><tr><th></th>{groups}</tr><tr><th></th>{names}</tr>
{rows}</table></div>"""


def allocations(runs):
    return ", ".join(f"{run['costs'].get('jobs', 0):,} bind jobs ({name_of(run)}): "
                     f"<b>{run['costs'].get('allocations_signalling', '-')}</b>" for run in runs)


# --- What was tested ------------------------------------------------------------------------

def tally(run):
    scenarios = {}
    for point in run["points"]:
        one = scenarios.setdefault(point["name"].split(":")[0], {"pass": 0, "fail": 0, "skip": 0})
        one[point["result"]] += 1
    return scenarios


def points_row(runs, scenario):
    cells = ""
    for run in runs:
        n = tally(run).get(scenario)
        cells += ("<td></td>" if n is None else
                  f'<td>{n["pass"]}' + (f' <b class="bad">{n["fail"]} failed</b>' if n["fail"] else "")
                  + (f' <span class="soft">{n["skip"]} skipped</span>' if n["skip"] else "") + "</td>")
    return f"<tr><td>{escaped(scenario)}</td>{cells}</tr>"


def failures(runs):
    items = "".join(f"<li class=\"bad\">{name_of(run)}: {escaped(p['name'])} "
                    f"({escaped(p['detail'])})</li>"
                    for run in runs for p in run["points"] if p["result"] == "fail")
    return f"<ul id=\"failures\">{items}</ul>" if items else ""


def points_table(runs):
    names = list(dict.fromkeys(name for run in runs for name in tally(run)))
    heads = "".join(f'<th class="{class_of(run)}">{name_of(run)}</th>' for run in runs)
    rows = "".join(points_row(runs, name) for name in names)
    return f"""
<h2>What was tested</h2>{failures(runs)}
<div class="wide"><table id="points"><tr><th>test points passed</th>{heads}</tr>{rows}</table></div>"""


def counters_table(runs):
    stats = [run.get("flight_stats") or {} for run in runs]
    heads = "".join(f'<th class="{class_of(run)}">{name_of(run)}</th>' for run in runs)
    rows = "".join(f"<tr><td>{text}</td>" + "".join(f"<td>{cell(s.get(name))}</td>" for s in stats)
                   + "</tr>" for name, text in COUNTERS)
    return f"""
<h2>What the GPU counted in the flight</h2>
<div class="wide"><table id="counters"><tr><th></th>{heads}</tr>{rows}</table></div>"""


def foot():
    return """
<h2>To see it yourself</h2>
<p><code>make run</code> makes this page; <code>make stream</code> flies, and leaves the
pictures in <code>out/stream</code>; <code>scripts/guest/guest.sh run -- "stream --help"</code> says
what the program can do. All numbers are in <code>out/run.json</code>, and how each was
measured is in <code>docs/results.md</code> and <code>docs/stream.md</code>.</p>"""


def page(runs):
    with open(os.path.join(HERE, "style.css")) as f:
        style = f.read()
    body = "".join(part(runs) for part in (head, flight, plots, trees, pages_table, costs_table,
                                           points_table, counters_table)) + foot()
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>panthor-reserve: report of a run</title>
<style>{style}</style></head>
<body><main>{body}
</main></body></html>
"""


def main(source, target):
    with open(source) as f:
        runs = json.load(f)
    with open(target + ".new", "w", encoding="utf-8") as f:
        f.write(page(runs))
    os.replace(target + ".new", target)


if __name__ == "__main__":
    main(*arguments(__doc__, 2, 2))
