#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Looks for the kernel's reports of its own mistakes in logs of the guest:
#
#   scripts/guest/kernel-log.sh [-s] [-m] [-l] LOG...
#
# With -s also for what the debug options of the series report, which KUnit
# provokes. With -m it is no mistake that a process was killed for want of memory. With -l
# the numbers of the lines go to stdout, and nothing else is said.
#
# Prints each report's first line and fails when there is one. A driver's
# messages about bad input or about the GPU (faults, timeouts, resets) are no
# such reports: tests provoke them.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

# Every pattern stands at the start of a message, after the kernel's prefix
# "[    1.234567] " or "[    1.234567][   T12] ".
PREFIX='^(<[0-9]+>)?\[ *[0-9]+\.[0-9]+\] ?(\[ *[TC][0-9]+\] )?'

PATTERNS=(
	# WARN(), lockdep, RCU
	'WARNING: '
	'-+\[ cut here \]-+'
	'DEBUG_LOCKS_WARN_ON'
	'=+ WARNING: '
	# BUG(), KASAN, KFENCE, sleeping in atomic, soft lockups, slab
	'BUG: '
	'watchdog: BUG: '
	'kernel BUG at '
	'UBSAN: '
	'KASAN: '
	'(list_(add|del)|slab|page) corruption'
	'=+ BUG '
	'BUG [^ :]+ \('
	'refcount_t: '
	'ODEBUG: '
	'kmemleak: [0-9]+ new suspected'
	# Oopses and hangs
	'Internal error: '
	'Oops'
	'Unable to handle kernel '
	'Kernel panic '
	'INFO: task .* blocked for more than '
	'INFO: trying to register non-static key'
	'rcu: INFO: .* (detected|self-detected) '
	'Out of memory: Killed process'
	'WARNING! '
)
SERIES_PATTERNS=(
	'iommu reserve: '
	'panthor: a VM_BIND job allocated'
)

report()
{
	local all

	all=$(printf '|%s' "${PATTERNS[@]}")
	# The console's lines end with CR LF.
	tr -d '\r' <"$1" | grep -aE "$PREFIX(${all#|})" || :
}

# The numbers of the lines that begin a report
numbers()
{
	local all

	all=$(printf '|%s' "${PATTERNS[@]}")
	tr -d '\r' <"$1" | grep -anE "$PREFIX(${all#|})" | cut -d : -f 1 || :
}

list=
while [[ ${1:-} = -* ]]; do
	case $1 in
	-s) PATTERNS+=("${SERIES_PATTERNS[@]}") ;;
	-m)
		for i in "${!PATTERNS[@]}"; do
			[ "${PATTERNS[i]}" != 'Out of memory: Killed process' ] || unset "PATTERNS[i]"
		done
		;;
	-l) list=1 ;;
	*) die "usage: kernel-log.sh [-s] [-m] [-l] LOG..." ;;
	esac
	shift
done
found=0
for log; do
	[ -s "$log" ] || continue
	lines=$(report "$log")
	if [ -n "$list" ]; then
		numbers "$log"
	elif [ -n "$lines" ]; then
		found=1
		say "the kernel reported a mistake of its own, see $log:"
		head -n 10 <<<"$lines" | sed 's/^/    /' >&2
	fi
done
exit $found
