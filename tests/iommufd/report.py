#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What mapping in an IOAS costs on two kernels, from lines "KERNEL NAME NANOSECONDS".

  report.py FILE.json <LINES

Prints a table of medians and their ratio, above 1 if the series is faster, and writes
the same to FILE.json.
"""

import json
import statistics
import sys

NAMES = {
    'scattered-1': 'I1: pages of 4 KiB, one domain',
    'scattered-2': 'I2: pages of 4 KiB, two domains',
    'in-order-1': 'I3: memory taken in order, one domain',
    'in-order-2': 'I4: memory taken in order, two domains',
}


def main():
    times = {}
    for line in sys.stdin:
        kernel, name, value = line.split()
        times.setdefault(name, {}).setdefault(kernel, []).append(float(value))
    if not times:
        sys.exit('error: no times; look at out/iommufd-*-bench.log')
    report = {}
    print('64 MiB mapped and unmapped, ns a page      without      with     ratio')
    for name, text in NAMES.items():
        base = statistics.median(times[name]['mends'])
        series = statistics.median(times[name]['reserve'])
        report[name] = {'without_ns': base, 'with_ns': series, 'ratio': base / series}
        print(f'{text:40} {base:10.1f} {series:9.1f} {base / series:9.2f}')
    with open(sys.argv[1], 'w', encoding='utf-8') as file:
        json.dump(report, file, indent=1)


main()
