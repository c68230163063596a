#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What mapping in an IOAS costs on two kernels, from lines "MACHINE KERNEL NAME NUMBER".

  report.py FILE.json <LINES

Prints a table of medians and their ratios, above 1 if the series is faster, and writes
the same to FILE.json. Fails if the series needs more instructions than it promises.
"""

import json
import statistics
import sys

MACHINES = {
    'arm64': '1 GiB mapped and unmapped, instructions a page of 4 KiB',
    'um': '64 MiB mapped and unmapped, ns a page of 4 KiB',
}
NAMES = {
    'scattered-1': 'I1: pages of 4 KiB, one domain',
    'scattered-2': 'I2: pages of 4 KiB, two domains',
    'huge-1': 'I3: pages of 2 MiB, one domain',
    'huge-2': 'I4: pages of 2 MiB, two domains',
    'in-order-1': '4 KiB, memory taken in order, one domain',
    'in-order-2': '4 KiB, memory taken in order, two domains',
}
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
    print(f'{MACHINES[machine]:57} without    with   ratio')
    for name, text in NAMES.items():
        if name not in times:
            continue
        base = statistics.median(times[name]['mends'])
        series = statistics.median(times[name]['reserve'])
        report[name] = {'without': base, 'with': series, 'ratio': base / series}
        print(f'  {text:53} {base:9.1f} {series:7.1f} {base / series:7.2f}')
    return report


def main():
    times = read(sys.stdin)
    for machine in MACHINES:
        # User Mode Linux has no huge pages
        lost = [name for name in NAMES if name not in times.get(machine, {})
                and not (machine == 'um' and name.startswith('huge'))]
        if lost:
            sys.exit(f'error: no times of {lost[0]}; look at out/iommufd-{machine}-*-bench.log')
    report = {machine: table(machine, times[machine]) for machine in MACHINES}
    with open(sys.argv[1], 'w', encoding='utf-8') as file:
        json.dump(report, file, indent=1)
    missed = [NAMES[name] for name, row in report['arm64'].items() if row['ratio'] < PROMISE]
    if missed:
        sys.exit(f'error: below {PROMISE}: {", ".join(missed)}')


main()
