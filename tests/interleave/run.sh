#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "make interleave": compile the kernel's page-table sources for user space, and
# run operations on them in every interleaving. Writes out/results/interleave.tsv.
#
#   tests/interleave/run.sh [OPTION...]    options of the program, see --help
#
# With options only that is run, and no results are written. TREE=/path takes a
# kernel tree as it is in place of build/linux.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

LOG=$OUT/interleave.log

need_packages gcc make binutils
[ -n "${TREE:-}" ] || "$ROOT/scripts/kernel-tree.sh" >/dev/null
step interleave-build make -C "$ROOT/tests/interleave" ${TREE:+TREE="$TREE"} build
if [ $# != 0 ]; then
	exec "$BUILD/interleave/interleave" "$@"
fi

result_start interleave
rc=0
say 'every interleaving of two operations, then many by chance'
"$BUILD/interleave/interleave" >"$LOG" || rc=$?
"$ROOT/tests/tap-results.sh" interleave $rc <"$LOG" >>"$OUT/results/interleave.tsv"
# What was found, step by step, is above the summary of the log
grep '^# ' "$LOG" | tail -n 20 >&2 || :
[ $rc = 0 ] || say "the whole log is $LOG"
"$ROOT/scripts/results.sh" interleave
