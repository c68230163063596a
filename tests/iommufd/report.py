#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What mapping in an IOAS costs, from lines "MACHINE KERNEL NAME NUMBER": on the kernel
without the series, with its faster walks alone, and with all of it.

  report.py FILE.json <LINES

Prints a table of medians and their ratios, above 1 if reservations are faster than what
they are compared with, and writes the same to FILE.json. Fails if they need more
instructions than promised, beside either.
"""

import json
import statistics
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

MACHINES = {
    'arm64': '1 GiB mapped and unmapped, instructions a page of 4 KiB',
    'um': '64 MiB mapped and unmapped, ns a page of 4 KiB',
}
NAMES = {
    'scattered-1': 'I1: pages of 4 KiB, one domain',
    'scattered-2': 'I2: pages of 4 KiB, two domains',
    'huge-1': 'I3: pages of 2 MiB, one domain',
    'huge-2': 'I4: pages of 2 MiB, two domains',
    'in-order-1': 'pages of 4 KiB side by side, one domain',
    'in-order-2': 'pages of 4 KiB side by side, two domains',
}
KERNELS = ('mends', 'walks', 'reserve')
PROMISE = 0.97


def read(lines):
    """{machine: {name: {kernel: [number]}}}"""
    times = {}
    for line in lines:
        machine, kernel, name, value = line.split()
        of_name = times.setdefault(machine, {}).setdefault(name, {})
        of_name.setdefault(kernel, []).append(float(value))
    return times


def table(machine, times):
    """Prints it; {name: figures}"""
    report = {}
    print(f'{MACHINES[machine]:52} upstream   walks reserve  ratios')
    for name, text in NAMES.items():
        if name not in times:
            continue
        base, walks, series = (statistics.median(times[name][kernel]) for kernel in KERNELS)
        report[name] = {'upstream': base, 'walks': walks, 'reserve': series,
                        'to upstream': base / series, 'to walks': walks / series}
        print(f'  {text:50} {base:8.1f} {walks:7.1f} {series:7.1f} '
              f'{base / series:6.2f} {walks / series:5.2f}')
    return report


def main():
    path = arguments(__doc__, 1, 1)[0]
    times = read(sys.stdin)
    for machine in MACHINES:
        # User Mode Linux has no huge pages
        lost = [name for name in NAMES if not (machine == 'um' and name.startswith('huge'))
                and any(kernel not in times.get(machine, {}).get(name, {}) for kernel in KERNELS)]
        if lost:
            sys.exit(f'error: no times of {lost[0]}; look at out/iommufd-{machine}-*-bench.log')
    report = {machine: table(machine, times[machine]) for machine in MACHINES}
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(report, file, indent=1)
    missed = [NAMES[name] for name, row in report['arm64'].items() if min(row['to upstream'], row['to walks']) < PROMISE]
    if missed:
        sys.exit(f'error: below {PROMISE}: {", ".join(missed)}')


main()
