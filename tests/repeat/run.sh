#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The suite "repeat": under QEMU's -icount a guest does the same twice, down to
# each register access, interrupt and message.
#
#   tests/repeat/run.sh [base|reserve]
#
# The guest is the one of scripts/guest/exact-lib.sh with vmbind and hardpaths in it, of which
# the latter has dispatches that fault, and that are suspended half-way. Two runs; their
# traces of the GPU (QEMU's trace points mali_csf_*) and their consoles are
# compared. They stay in out/repeat/. Writes out/results/repeat.tsv.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/guest/exact-lib.sh
. "$ROOT/scripts/guest/exact-lib.sh"

KERNEL=${1:-base}
DIR=$BUILD/repeat
TRACES=$OUT/repeat

check()
{
	local lines

	lines=$(wc -l <"$TRACES/1.trace")
	if [ "$lines" -gt 10000 ]; then
		result repeat pass "the GPU was at work" "$lines lines of trace"
	else
		result repeat fail "the GPU was at work" "$lines lines of trace, see $TRACES/1.console"
	fi
	if [ "$(exact_status "$TRACES/1")" = 0 ]; then
		result repeat pass "binds and dispatches pass under -icount"
	else
		result repeat fail "binds and dispatches pass under -icount" "see $TRACES/1.console"
	fi
	if grep -q '^ok .*shader-rotate: each thread of each was executed once' "$TRACES/1.console"; then
		result repeat pass "shader cores were at work"
	else
		result repeat fail "shader cores were at work" "see $TRACES/1.console"
	fi
	if cmp -s "$TRACES/1.trace" "$TRACES/2.trace"; then
		result repeat pass "both runs have the same trace"
	else
		result repeat fail "both runs have the same trace" \
			"$(cmp "$TRACES/1.trace" "$TRACES/2.trace" 2>&1 | sed 's/.*differ: //')"
	fi
	if cmp -s "$TRACES/1.console" "$TRACES/2.console"; then
		result repeat pass "both runs print the same, times included"
	else
		result repeat fail "both runs print the same, times included" \
			"diff $TRACES/1.console $TRACES/2.console"
	fi
}

locked repeat
vmbind_prepare "$KERNEL" plain
guest_program panthor hardpaths >/dev/null
exact_prepare "$DIR" "$KERNEL" vmbind hardpaths
exact_initramfs "$DIR" "vmbind query bind copy async rebind fault slots &&
	hardpaths shader-fault shader-rotate"
result_start repeat
mkdir -p "$TRACES"
rm -f "$TRACES"/*
for n in 1 2; do
	say "  run $n"
	exact_run "$DIR" "$TRACES/$n" 3 "" -trace 'mali_csf_*' -D "$TRACES/$n.trace" ||
		say "  QEMU ended with $?, see $TRACES/$n.log"
done
check
"$ROOT/scripts/lib/results.sh" repeat
