#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Where IOMMU_IOAS_MAP failed, of the program "inject" on two kernels, side by side.

  stacks.py NAME BASE.log SERIES.log CASE...

Each failure that was injected has its stack in the log. One below the mapping of a domain
is a failure in mapping: on the series' kernel there is none, as all was reserved before;
on the base kernel there are some, or this would not see them. Prints result lines,
"pass|fail <TAB> NAME: CASE: what <TAB> detail", of each CASE, with one domain and two.
"""

import re
import os
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

STAMP = re.compile(r'^\[ *[0-9]+\.[0-9]+\] ?')
BEGIN = re.compile(r'^inject: (.*): call [0-9]+$')
END = re.compile(r'^inject: .*: end [0-9]+, error ([0-9]+)$')
FAILURE = 'FAULT_INJECTION: forcing a failure'
LOST = re.compile(r'printk messages dropped')
# User Mode Linux begins with the address; "?" is what only lies on the stack
FRAME = re.compile(r'^ +(?:\[<[0-9a-f]+>\] )?([\w.]+)\+0x[0-9a-f]+/0x[0-9a-f]+')

RESERVING = re.compile(r'^(iommu_reserve|batch_reserve|batch_reserve_domains)$')
MAPPING = re.compile(r'^(iommu_map|iommu_map_nosync|batch_to_domain|(\w+_)?map_range(_leaf)?)$')


def where(stack):
    """What a failure with this stack was in the middle of."""
    if any(RESERVING.match(name) for name in stack):
        return 'reserving'
    if any(MAPPING.match(name) for name in stack):
        return 'mapping'
    return 'elsewhere'


def read(path):
    """{case: Counter}: failures by place, and the calls that failed without saying where."""
    places, case, stacks = {}, None, []
    with open(path, encoding='utf-8', errors='replace') as log:
        for line in log:
            line = STAMP.sub('', line.rstrip())
            begin, end, frame = BEGIN.match(line), END.match(line), FRAME.match(line)
            if LOST.search(line):
                sys.exit(f'error: the kernel dropped lines of {path}')
            if begin:
                case, stacks = begin.group(1), []
                places.setdefault(case, Counter())
            elif case and FAILURE in line:
                stacks.append([])
            elif stacks and frame:
                stacks[-1].append(frame.group(1).split('.')[0])
            elif case and end:
                places[case].update(where(stack) for stack in stacks)
                places[case]['silent'] += end.group(1) != '0' and not any(stacks)
                case, stacks = None, []
    return places


def said(count):
    return ', '.join(f'{count[place]} {place}'
                     for place in ('reserving', 'mapping', 'elsewhere', 'silent'))


def main():
    name, base_log, series_log, *kinds = arguments(__doc__, 4)
    base, series = read(base_log), read(series_log)
    for case in (f'{kind}, domains: {n}' for kind in kinds for n in (1, 2)):
        old, new = base.get(case, Counter()), series.get(case, Counter())
        detail = f'base {said(old)}; series {said(new)}'
        for ok, what in (
                (old['mapping'] and new['reserving'] and not new['mapping'],
                 'no allocation fails in mapping'),
                (old and new and not old['silent'] and not new['silent'],
                 'each failure says where it was')):
            print(f'{"pass" if ok else "fail"}\t{name}: {case}: {what}\t{detail}')


main()
