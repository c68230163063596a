# SPDX-License-Identifier: GPL-2.0-or-later
"""The page tables of a VM as a drawing: a row for each level, a box for each table,
a line for each entry that leads to one.

What the GPU's walker reached comes as [level, address, valid entries] in the order of
the walk, so that a table's parent is the last one of the level above. One that is
shared is there as often as it was reached.
"""

import plot

GAP = 78
TOP = 26
BOX = 13
LEVELS = ("root: 512 GiB an entry", "1 GiB an entry", "2 MiB an entry", "4 KiB an entry")


def edges(tables):
    """Pairs (parent, table), one for each way that a table is reached."""
    last = {}
    for level, address, _ in tables:
        last[level] = address
        if level:
            yield last[level - 1], address


def ways(tables):
    count = {}
    for _, address, _ in tables:
        count[address] = count.get(address, 0) + 1
    return count


def distinct(tables):
    """By level, each table once: (address, valid entries)."""
    rows = [{} for _ in LEVELS]
    for level, address, valid in tables:
        rows[level].setdefault(address, valid)
    return [list(row.items()) for row in rows]


def counts(tables):
    """Tables, those of them that are shared, and how many there would be without."""
    times = ways(tables)
    return {"tables": len(times), "shared": sum(n > 1 for n in times.values()),
            "ways": len(tables)}


def places(rows):
    """The middle of each table's box, and how large boxes of its level are."""
    at, size = {}, []
    for level, row in enumerate(rows):
        pitch = (plot.WIDTH - 8) / max(1, len(row))
        size.append(min(BOX, pitch * 0.78))
        for i, (address, _) in enumerate(row):
            at[address] = (4 + (i + 0.5) * pitch, TOP + level * GAP)
    return at, size


def box(x, y, size, cls):
    return (f'<rect x="{x - size / 2:.1f}" y="{y - BOX / 2:.1f}" width="{size:.1f}" '
            f'height="{BOX}" rx="1" class="table {cls}"/>')


def connect(start, end):
    (x1, y1), (x2, y2) = start, end
    middle = (y1 + y2) / 2
    return (f'<path d="M{x1:.1f} {y1 + BOX / 2:.1f} C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} '
            f'{x2:.1f} {y2 - BOX / 2:.1f}" class="entry"/>')


def level_boxes(level, row, at, size, times):
    for address, valid in row:
        x, y = at[address]
        shared = times[address] > 1
        yield box(x, y, BOX if shared else size, "shared" if shared else
                  "used" if valid else "empty")
        if shared:
            yield plot.text(max(x, 14), y + BOX + 7, f"×{times[address]}", "middle", "label strong")


def spare_boxes(spare, y):
    """Tables that no entry leads to, as hollow boxes: (what they are, how many)."""
    for what, n in spare:
        pitch = min(BOX + 3, (plot.WIDTH - 8) / n)
        yield plot.text(4, y, f"{n} × {what}")
        for i in range(n):
            yield box(4 + (i + 0.5) * pitch, y + BOX + 2, pitch * 0.78, "empty")
        y += 3 * BOX


def draw(title, tables, spare=()):
    spare = [(what, n) for what, n in spare if n]
    rows = distinct(tables)
    times = ways(tables)
    at, size = places(rows)
    body = [connect(at[a], at[b]) for a, b in sorted(set(edges(tables)))]
    for level, row in enumerate(rows):
        if not row:
            continue
        body += level_boxes(level, row, at, size[level], times)
        body.append(plot.text(4, TOP + level * GAP - 14, f"{len(row)} × {LEVELS[level]}"))
    depth = max(level for level, row in enumerate(rows) if row)
    bottom = TOP + depth * GAP + 30
    body += spare_boxes(spare, bottom)
    return plot.svg(body, bottom + 3 * BOX * len(spare), title)
