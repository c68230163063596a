#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Looks for the kernel's reports of its own mistakes in logs of the guest:
#
#   scripts/guest/kernel-log.sh [-s] [-m] [-l] [-x PATTERN] LOG...
#
# With -s also for what the debug options of the series report, which KUnit
# provokes. With -m it is no mistake that a process was killed for want of memory. With -l
# the numbers of the lines go to stdout, and nothing else is said. What matches PATTERN,
# an extended regular expression, is no mistake either: upstream's kernel says it, too.
#
# Prints each report's first line and fails when there is one, or a log is missing. A driver's
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
	# tests/bindcheck: a job allocates, or nobody can tell
	'bindcheck: (a VM_BIND job allocated|cannot look at) '
)

# The first lines of a log's reports, with their numbers
report()
{
	local all

	all=$(printf '|%s' "${PATTERNS[@]}")
	# The console's lines end with CR LF.
	tr -d '\r' <"$1" | grep -anE "$PREFIX(${all#|})" | without_known || :
}

# A line "cut here" belongs to the one that comes next
without_known()
{
	awk -v known="$known" '
		/-\[ cut here \]-/ { held = held $0 "\n"; next }
		known == "" || $0 !~ known { printf "%s%s\n", held, $0 }
		{ held = "" }
		END { printf "%s", held }'
}

list=
known=
while [[ ${1:-} = -* ]]; do
	case $1 in
	-s) PATTERNS+=("${SERIES_PATTERNS[@]}") ;;
	-m)
		for i in "${!PATTERNS[@]}"; do
			[ "${PATTERNS[i]}" != 'Out of memory: Killed process' ] || unset "PATTERNS[i]"
		done
		;;
	-l) list=1 ;;
	-x)
		[ $# -ge 2 ] || die "-x needs a pattern"
		known=$2
		shift
		;;
	*) die "usage: kernel-log.sh [-s] [-m] [-l] [-x PATTERN] LOG..." ;;
	esac
	shift
done
found=0
for log; do
	if [ ! -r "$log" ]; then
		found=1
		say "there is no kernel's log $log"
		continue
	fi
	lines=$(report "$log")
	if [ -n "$list" ]; then
		cut -d : -f 1 <<<"$lines" | sed '/^$/d'
	elif [ -n "$lines" ]; then
		found=1
		say "the kernel reported a mistake of its own, see $log:"
		head -n 10 <<<"$lines" | sed 's/^[0-9]*:/    /' >&2
	fi
done
exit $found
