#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Which barriers of the series have no litmus test.

  pairs.py TREE BASE SERIES TEST.litmus...

Each test names in its comment the functions that it is about, in lines
"path: function() ...". Looked at are the lines that SERIES adds to BASE in the
git work tree TREE, and the modules that tests of this repository load: one with
a memory barrier of its own, or with a comment that says "pairs with", must be in
a function that a test names. A function that a test names must be there, and so
must one that a comment pairs with. Prints what is wrong, a line each, and last
the number of barriers and comments found.
"""

import os
import re
import subprocess
import sys

BARRIER = re.compile(
    r'\b(smp_(load_acquire|store_release|store_mb|mb|rmb|wmb|mb__\w+)|'
    r'dma_[rw]?mb|[rw]?mb|rcu_assign_pointer|'
    r'(atomic|(try_)?cmpxchg|xchg|refcount|test_and|clear_bit)\w*_(acquire|release))\s*\(')
PAIRS = re.compile(r'\bpairs with (?:the \w+\(\) of )?(\w+)\(\)', re.IGNORECASE)
MENTIONS = re.compile(r'\bpairs with\b', re.IGNORECASE)
FUNCTION = re.compile(r'^(?:[A-Za-z_][\w\s*]*[\s*])?([A-Za-z_]\w*)\(')
NAMED = re.compile(r'^ \* ([\w./-]+\.[ch]): (\w+\(\)(?: \w+\(\))*)$')
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
    for line in git(tree, 'diff', '-U0', '--no-color', base, series, '--',
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
    if path in MODULES:
        with open(os.path.join(ROOT, path), encoding='utf-8') as file:
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


def main():
    tree, base, series, *tests = sys.argv[1:]
    wrong = []
    named = {}
    for test in tests:
        with open(test, encoding='utf-8') as file:
            for line in file:
                match = NAMED.match(line)
                if match:
                    for function in match.group(2).replace('()', '').split():
                        named.setdefault((match.group(1), function), test)

    found = 0
    for path, lines in sorted(looked_at(tree, base, series).items()):
        text = text_of(tree, series, path)
        where = functions(text)
        for number, line in enumerate(text.splitlines(), 1):
            if number not in lines:
                continue
            comment = MENTIONS.search(line)
            if not comment and (not BARRIER.search(line) or
                                line.lstrip().startswith(('*', '/*'))):
                continue
            found += 1
            if (path, where[number]) not in named:
                wrong.append(f'{path}:{number}: no litmus test names '
                             f'{where[number]}(): {line.strip()}')
            partner = PAIRS.search(line)
            if partner and partner.group(0).lower().startswith('pairs with the'):
                continue
            if partner and not any(f == partner.group(1) for _, f in named):
                wrong.append(f'{path}:{number}: no litmus test names the '
                             f'partner {partner.group(1)}()')

    for (path, function), test in sorted(named.items()):
        try:
            text = text_of(tree, series, path)
        except subprocess.CalledProcessError:
            text = ''
        if function not in functions(text).values():
            wrong.append(f'{test}: there is no {function}() in {path}')

    print('\n'.join(wrong + [str(found)]))


if __name__ == '__main__':
    main()
