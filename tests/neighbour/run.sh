#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make neighbour: how long one client waits for a copy of 4 KiB beside another one that
# makes calls of one kind, for each kind that the campaign has.
#
#   tests/neighbour/run.sh build            build it for the guest, print its path
#   tests/neighbour/run.sh [test KIND...]   run it, results to out/results/neighbour.tsv,
#                                           and a table of the slowest copies
#
# The guest is the one of scripts/guest/exact-lib.sh: its time passes by instructions, and it
# does the same each time. "idle" and "busy" come first, with which the others are compared.
# Environment: NEIGHBOUR_KERNEL=base|reserve, the kernel tree (reserve).

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/guest/exact-lib.sh
. "$ROOT/scripts/guest/exact-lib.sh"

KERNEL=${NEIGHBOUR_KERNEL:-reserve}
DIR=$BUILD/neighbour/guest
RUN=$OUT/neighbour/$KERNEL
# An instruction takes so many ns, as a power of two
SHIFT=3

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

cmd_build()
{
	guest_program neighbour neighbour
}

# As exact_quietly() has it, but that what is printed can be watched
command_of()
{
	cat <<-END
		\$bb dmesg -n 1
		$1
		rc=\$?
		echo "exact: complaints"
		\$bb dmesg -r | \$bb grep '^<[0-4]>'
		(exit \$rc)
	END
}

# The slowest copy, that in the mean, and how many calls were made meanwhile
table()
{
	printf '%-24s %10s %10s %10s\n' 'beside' 'worst, us' 'mean, us' 'calls'
	sed -n 's/^# figure: //p' "$RUN.tap" | while read -r name worst mean calls; do
		printf '%-24s %10s %10s %10s\n' "$name" "$worst" "$mean" "$calls"
	done
}

verdict()
{
	local rc

	rc=$(exact_status "$RUN")
	vmbind_points "$RUN.tap"
	if ! "$ROOT/scripts/guest/kernel-log.sh" -s "$RUN.console" "$RUN.complaints"; then
		printf 'fail\tthe kernel reports no mistake of its own\tsee %s\n' "$RUN.console"
	elif [ "$rc" -gt 1 ]; then
		printf 'fail\tthe guest comes to its end\texit code %s, see %s\n' "$rc" "$RUN.console"
	else
		printf 'pass\tthe kernel reports no mistake of its own\t\n'
	fi
}

cmd_test()
{
	locked neighbour-guest
	guest_prepare "$KERNEL" plain
	cmd_build >/dev/null
	mkdir -p "$OUT/results" "$OUT/neighbour" "$LOGS"
	rm -f "$RUN".*
	exact_prepare "$DIR" "$KERNEL" neighbour
	exact_initramfs "$DIR" "$(command_of "neighbour $*")"
	say "  neighbour on $KERNEL; see $RUN.console"
	EXACT_TIMEOUT=${EXACT_TIMEOUT:-3600} exact_run "$DIR" "$RUN" $SHIFT "" ||
		say "  QEMU ended with $?, see $RUN.log"
	tr -d '\r' <"$RUN.console" | sed -n '/^TAP version/,/^exact: /{ /^exact: /!p }' >"$RUN.tap"
	exact_complaints "$RUN" >"$RUN.complaints"
	verdict >"$OUT/results/neighbour.tsv"
	table
	"$ROOT/scripts/lib/results.sh" neighbour
}

suite_main "$@"
