#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a program of the kernel's selftests says on two kernels, side by side.

  judge.py NAME EXPECTED BASE.log SERIES.log

Prints result lines, "pass|fail|skip <TAB> NAME: test <TAB> detail", of the series'
kernel. EXPECTED names tests that can not pass on such a machine, "NAME test <TAB> why"
a line; one of them that does pass fails, so that the list stays true. What passes on
the base kernel has to pass. One line more says how many there were of each on both.
"""

import re
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

POINT = re.compile(r'^(?:\[ *[0-9.]+\] )?(not )?ok [0-9]+ (?:- )?(.*?)\s*(# SKIP.*)?$')
# The series' kernel has all that the programs ask a kernel for
LACKS = '# SKIP this kernel'
ENDED = re.compile(r'# exit code (\d+)')


def read(path):
    """{test: pass, fail, skip or lacks}, and the exit code, None if it did not end."""
    verdicts, code = {}, None
    with open(path, encoding='utf-8', errors='replace') as log:
        for line in log:
            line = line.rstrip()
            match = POINT.match(line)
            if match:
                name = re.sub(r'^[\w.]*?global\.', '', match.group(2))
                skip = match.group(3) or ''
                verdicts[name] = ('fail' if match.group(1) else
                                  'lacks' if skip.startswith(LACKS) else
                                  'skip' if skip else 'pass')
            match = ENDED.search(line)
            if match:
                code = int(match.group(1))
    return verdicts, code


def expected(path, program):
    """{test: why} of those that fail on such a machine."""
    why = {}
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            if line.startswith('#') or not line.strip():
                continue
            name, reason = line.rstrip('\n').split('\t')
            if name.startswith(program + ' '):
                why[name[len(program) + 1:]] = reason
    return why


def judge(base, verdict, why):
    """The verdict, and a word on it."""
    if verdict == 'fail' and why:
        return 'skip', f'fails as expected: {why}'
    if verdict == 'fail':
        return 'fail', f'{base or "not there"} on the base kernel'
    if why:
        return 'fail', 'passes, though it is listed as one that fails'
    if verdict == 'lacks':
        return 'fail', 'skipped, as if the kernel had not what the series adds'
    if base == 'pass' and verdict == 'skip':
        return 'fail', 'skipped, and passes on the base kernel'
    return verdict, ''


def count(verdicts):
    values = ['skip' if v == 'lacks' else v for v in verdicts.values()]
    return ' / '.join(str(values.count(v)) for v in ('pass', 'fail', 'skip'))


def main():
    program, list_of, base_log, series_log = arguments(__doc__, 4, 4)
    base, _ = read(base_log)
    series, code = read(series_log)
    why = expected(list_of, program)
    failed = 0
    for test, verdict in series.items():
        verdict, detail = judge(base.get(test), verdict, why.get(test))
        failed += verdict == 'fail'
        print(f'{verdict}\t{program}: {test}\t{detail}')
    for test in sorted(set(why) - set(series)):
        print(f'fail\t{program}: {test}\tlisted as one that fails, and not there')
    lost = [t for t, v in base.items() if v == 'pass' and t not in series]
    complete = code is not None and series and not lost
    print(f'{"pass" if complete else "fail"}\t{program}: passed / failed / skipped\t'
          f'base {count(base)}, series {count(series)}, exit code {code}'
          + (f', not there: {lost[0]}' if lost else ''))


main()
