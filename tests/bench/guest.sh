#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What VM_BIND costs in the guest, base kernel and reserve kernel: scenarios P6,
# P7, P8 and P12. And what page tables cost, in these and in the kernel with faster
# walks alone, in instructions: those that never reserve anything, P15, which is
# P11 of iopt.sh, and those that do, P16, which is P1 to P4.
#
#   tests/bench/guest.sh
#
# The guest is the one of scripts/guest/exact-lib.sh, which does the same each time to
# the instruction, so a figure does not depend on this machine. Each run is made
# twice to prove that; a difference is a failure. An instruction takes 1 ns, so
# that the timer's ticks, every four million of them, weigh little.
#
# P7 and P8 are tests/bindcost, on the kernel as it is. P6 and P12 are two rows
# of vmbind's, for which the kernel has to count the pages of upstream's slab
# exactly, which makes that slower: a run of its own.
#
# Adds its rows to out/bench.json, prints them, and fails where the reserve kernel
# misses what tests/bench/promises names.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/guest/exact-lib.sh
. "$ROOT/scripts/guest/exact-lib.sh"

WORK=$BUILD/bench/guest
LOG=$BUILD/bench/guest-log

# Both rows, from stdin, as lines of bench's
pages_figures()
{
	awk '
		$1 == "#" && $2 == "row:" {
			for (i = 4; i < NF; i += 2)
				row[$3, $i] = $(i + 1)
		}
		END {
			print "bench: P6 pages_held", row["queued-1000", "held"]
			print "bench: P12 pages_left", row["random-10000", "kept"]
		}'
}

# twice KERNEL WHAT COMMAND [APPEND]: the console is in LOG/KERNEL-WHAT
twice()
{
	exact_twice "$WORK/$1" "$LOG/$1-$2" "$2" "$3" "${4:-}"
}

measure()
{
	twice "$1" costs bindcost
	twice "$1" pages "vmbind pages random" "$EXACT_COUNTS"
	tr -d '\r' <"$WORK/$1/pages-1.console" | pages_figures >>"$LOG/$1-pages"
}

# The module of iopt.sh, in a guest. It ends with an error so as not to stay, whereupon
# insmod tries once more
page_tables()
{
	local dir=$WORK/$1 ko=$BUILD/bench/ko-$1-plain

	mkdir -p "$ko"
	"$ROOT/scripts/kernel/kernel.sh" make "$1" plain M="$ROOT/tests/bench" MO="$ko" modules >"$LOG.make" 2>&1 ||
		_fail "the bench module does not build for the $1 kernel, see $LOG.make"
	cp "$ko/iopt-bench.ko" "$dir/files/"
	twice "$1" iopt "busybox dmesg -n 7
! busybox insmod /iopt-bench.ko only=P11 2>/dev/null &&
	! busybox insmod /iopt-bench.ko only=P1,P2,P3,P4 samples=3 sample_ms=100 settle=0 2>/dev/null"
	sed -n -e 's/.*\(bench: \)P11 \(.*\)_ns /\1P15 \2_instrs /p' \
		-e 's/.*\(bench: \)P\([1-4]\) \(.*\)_ns /\1P16 p\2_\3_instrs /p' \
		"$LOG/$1-iopt" | awk '!had[$2, $3]++' >"$LOG/$1-instrs"
	rm "$LOG/$1-iopt"
}

[ $# = 0 ] || die "usage: tests/bench/guest.sh"
locked bench-guest
need_packages python3
for kernel in base reserve; do
	vmbind_prepare "$kernel" plain
done
"$ROOT/scripts/kernel/kernel.sh" build walks plain >/dev/null
guest_program bindcost bindcost >/dev/null
rm -rf "$LOG"
mkdir -p "$LOG" "$OUT"
for kernel in base walks reserve; do
	exact_prepare "$WORK/$kernel" "$kernel" vmbind bindcost
	REMEDY="look at the end of that log"
	[ "$kernel" = walks ] || step "measure VM_BIND $kernel" measure "$kernel"
	step "measure page tables $kernel" page_tables "$kernel"
done
python3 "$ROOT/tests/bench/report.py" "$ROOT/tests/bench/promises" "$LOG" "$OUT/bench.json" \
	P6 P7 P8 P12 P15 P16
