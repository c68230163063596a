# SPDX-License-Identifier: GPL-2.0-or-later
"""How the Python programs here are called: the docstring of each says so."""
import sys


def arguments(doc, least, most=None):
    """The arguments, if there are as many as the program takes, or its docstring and the end."""
    args = sys.argv[1:]
    if {"-h", "--help"} & set(args):
        print(doc.strip())
        sys.exit(0)
    if len(args) < least or (most is not None and len(args) > most):
        sys.exit(doc.strip())
    return args
