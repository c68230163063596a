#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Which barriers of the series have no litmus test, and which are gone.

  pairs.py TREE BASE SERIES TEST.litmus...

Each test names in its comment the functions that it is about, in lines
"path: function() ...". Barriers that it takes from them follow, with their number
if there are several: "path: function() with smp_mb(), 2 dma_wmb()". Looked at are
the lines that SERIES, or with "-" the files as they are, adds to BASE in the git
work tree TREE, and the modules that tests of this repository load: one with a memory
barrier of its own must be in a function that a test names with that barrier, and
one with a comment that says "pairs with" in a function that a test names. A function
that a test names must be there with the barriers named, and so must one that a
comment pairs with. Tests that name the same barrier agree on the number. Prints what
is wrong, a line each, and exits with 3; else the number of barriers and comments found.
"""

import collections
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/lib"))
from usage import arguments  # noqa: E402

BARRIER = re.compile(
    r'\b(smp_(load_acquire|store_release|store_mb|mb|rmb|wmb|mb__\w+)|'
    r'dma_[rw]?mb|[rw]?mb|rcu_assign_pointer|'
    r'(atomic|(try_)?cmpxchg|xchg|refcount|test_and|clear_bit)\w*_(acquire|release))\s*\(')
PAIRS = re.compile(r'\bpairs with (?:the \w+\(\) of )?(\w+)\(\)', re.IGNORECASE)
MENTIONS = re.compile(r'\bpairs with\b', re.IGNORECASE)
FUNCTION = re.compile(r'^(?:[A-Za-z_][\w\s*]*[\s*])?([A-Za-z_]\w*)\(')
NAMES = re.compile(r'^[\s*]*[\w./-]+\.[chS]:')
ITEM = re.compile(r'(?:(\d+) )?(\w+)\(\)')
NAMED = re.compile(r'^ \* ([\w./-]+\.[ch]): (\w+\(\)(?: \w+\(\))*)'
                   r'(?: with (.*\(\)))?$')
CALL = re.compile(r'\b(\w+)\(')
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
# Not in the kernel's tree
MODULES = ['tests/bindcheck/bindcheck.c']
# Tests are not what the promise is about
SKIP = re.compile(r'(kunit|selftest|torture|/tests?/)')


def git(tree, *args):
    return subprocess.run(['git', '-C', tree, *args], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def added_lines(tree, base, series):
    """{path: line numbers} of what the series adds to C files."""
    added = {}
    path = None
    range_of = [base] if series == '-' else [base, series]
    for line in git(tree, 'diff', '-U0', '--no-color', *range_of, '--',
                    '*.c', '*.h').splitlines():
        if line.startswith('+++ '):
            path = line[6:] if line.startswith('+++ b/') else None
        elif line.startswith('@@') and path:
            start, count = re.match(r'@@ \S+ \+(\d+)(?:,(\d+))?', line).groups()
            first = int(start)
            added.setdefault(path, set()).update(
                range(first, first + int(count or 1)))
    return {p: n for p, n in added.items() if not SKIP.search(p)}


def text_of(tree, series, path):
    """A file of the series, or of this repository."""
    if path in MODULES or series == '-':
        root = ROOT if path in MODULES else tree
        with open(os.path.join(root, path), encoding='utf-8') as file:
            return file.read()
    return git(tree, 'show', f'{series}:{path}')


def looked_at(tree, base, series):
    """{path: line numbers} of the series and of the modules, which are whole."""
    lines = added_lines(tree, base, series)
    for path in MODULES:
        lines[path] = range(1, text_of(tree, series, path).count('\n') + 1)
    return lines


def functions(text):
    """The function that each line is in, by line number."""
    where = {}
    name = None
    for number, line in enumerate(text.splitlines(), 1):
        match = FUNCTION.match(line)
        if match and not line.rstrip().endswith(';'):
            name = match.group(1)
        where[number] = name
        if line.startswith('}'):
            name = None
    return where


def is_comment(line):
    """Of the kernel's style"""
    return line.lstrip().startswith(('*', '/*'))


def barriers_of(text):
    """{(function, barrier): how many there are}, whatever is called."""
    counts = collections.Counter()
    where = functions(text)
    for number, line in enumerate(text.splitlines(), 1):
        if not is_comment(line):
            for call in CALL.findall(line):
                counts[where[number], call] += 1
    return counts


def barriers_in(items):
    """{barrier: number} of "smp_mb(), 2 dma_wmb()", None if it is something else."""
    barriers = {}
    for item in items.split(', ') if items else ():
        match = ITEM.fullmatch(item)
        if not match or match.group(2) in barriers:
            return None
        barriers[match.group(2)] = int(match.group(1) or 1)
    return barriers


def named_in(tests):
    """
    {(path, function): (test, {barrier: number})} of what litmus tests name, and
    what is wrong with that.
    """
    named = {}
    wrong = []
    for test in tests:
        name = os.path.basename(test)
        with open(test, encoding='utf-8') as file:
            lines = [line.rstrip('\n') for line in file if NAMES.match(line)]
        for line in lines:
            match = NAMED.match(line)
            found = barriers_in(match.group(3)) if match else None
            if found is None:
                wrong.append(f'{name}: does not name a function and barriers: {line}')
                continue
            for function in match.group(2).replace('()', '').split():
                first, barriers = named.setdefault((match.group(1), function), (name, {}))
                for barrier, number in found.items():
                    if barriers.setdefault(barrier, number) != number:
                        wrong.append(f'{name}: {function}() has {number} {barrier}(), '
                                     f'and {barriers[barrier]} in {first}')
    return named, wrong


def unnamed(path, text, lines, named):
    """What is wrong with the barriers and comments in LINES, and their number."""
    wrong = []
    found = 0
    where = functions(text)
    for number, line in enumerate(text.splitlines(), 1):
        if number not in lines:
            continue
        function = where[number]
        at = f'{path}:{number}: no litmus test names'
        calls = [] if is_comment(line) else [m[0] for m in BARRIER.findall(line)]
        comment = MENTIONS.search(line)
        found += bool(calls or comment)
        if comment and (path, function) not in named:
            wrong.append(f'{at} {function}(): {line.strip()}')
        for call in calls:
            if call not in named.get((path, function), (None, {}))[1]:
                wrong.append(f'{at} {function}() with {call}()')
        partner = PAIRS.search(line)
        if partner and partner.group(0).lower().startswith('pairs with the'):
            continue
        if partner and not any(f == partner.group(1) for _, f in named):
            wrong.append(f'{at} the partner {partner.group(1)}()')
    return wrong, found


def gone(tree, series, named):
    """Functions and barriers that a test names, and that are not there."""
    wrong = []
    for (path, function), (test, barriers) in sorted(named.items()):
        try:
            text = text_of(tree, series, path)
        except (subprocess.CalledProcessError, FileNotFoundError):
            text = ''
        if function not in functions(text).values():
            wrong.append(f'{test}: there is no {function}() in {path}')
            continue
        counts = barriers_of(text)
        for barrier, number in barriers.items():
            if counts[function, barrier] != number:
                wrong.append(f'{test}: {path}: {function}() has '
                             f'{counts[function, barrier]} {barrier}(), not {number}')
    return wrong


def main():
    tree, base, series, *tests = arguments(__doc__, 4)
    named, wrong = named_in(tests)
    found = 0
    for path, lines in sorted(looked_at(tree, base, series).items()):
        more, number = unnamed(path, text_of(tree, series, path), lines, named)
        wrong += more
        found += number
    wrong += gone(tree, series, named)
    if not found:
        wrong.append(f'there are no barriers in what {series} adds to {base}')
    print('\n'.join(wrong or [str(found)]))
    return 3 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
