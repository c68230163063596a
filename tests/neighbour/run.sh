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
# The slowest copy beside a kind may take three times what it takes without another client
# ("idle"), or beside a process that has nothing to do with the GPU ("busy"), and a tick of
# the driver's scheduler: a group that finds no slot waits for that, whoever has the slots.
#
# The guest is the one of scripts/guest/exact-lib.sh: its time passes by instructions, and it
# does the same each time.
# Environment: NEIGHBOUR_KERNEL="base reserve", the kernel trees whose figures are in the
# table (reserve); the last one is judged.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/guest/exact-lib.sh
. "$ROOT/scripts/guest/exact-lib.sh"

read -r -a KERNELS <<<"${NEIGHBOUR_KERNEL:-reserve}"
JUDGED=${KERNELS[-1]}
DIR=$BUILD/neighbour/guest
RESULTS=$OUT/neighbour
# An instruction takes so many ns, as a power of two
SHIFT=3
TIMES=3
# 10 ms, in the 4 ms of CONFIG_HZ
TICK_US=12000

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

# run KERNEL KIND...: figures and points go to out/neighbour/KERNEL.tap
run()
{
	local dir=$DIR-$1 out=$RESULTS/$1

	rm -f "$out".*
	guest_prepare "$1" plain
	exact_prepare "$dir" "$1" neighbour
	exact_initramfs "$dir" "$(command_of "neighbour ${*:2}")"
	say "  neighbour on $1; see $out.console"
	EXACT_TIMEOUT=${EXACT_TIMEOUT:-3600} exact_run "$dir" "$out" $SHIFT "" ||
		say "  QEMU ended with $?, see $out.log"
	tr -d '\r' <"$out.console" | sed -n '/^TAP version/,/^exact: /{ /^exact: /!p }' >"$out.tap"
	exact_complaints "$out" >"$out.complaints"
}

# Whether the guest came to its end, and what it said
ended()
{
	local out=$RESULTS/$JUDGED rc

	rc=$(exact_status "$out")
	vmbind_points "$out.tap"
	if ! "$ROOT/scripts/guest/kernel-log.sh" -s "$out.console" "$out.complaints"; then
		printf 'fail\tthe kernel reports no mistake of its own\tsee %s\n' "$out.console"
	elif [ "$rc" -gt 1 ]; then
		printf 'fail\tthe guest comes to its end\texit code %s, see %s\n' "$rc" "$out.console"
	else
		printf 'pass\tthe kernel reports no mistake of its own\t\n'
	fi
}

# figures KERNEL: NAME WORST MEAN CALLS, a line for each kind
figures()
{
	sed -n 's/^# figure: //p' "$RESULTS/$1.tap"
}

judge()
{
	figures "$JUDGED" | awk -v times=$TIMES -v tick=$TICK_US '
		$1 == "idle" || $1 == "busy" { alone = $2 > alone ? $2 : alone; next }
		{
			printf "%s\t%s: the slowest copy takes less than %d times as long and a tick\t%d us, alone %d us\n",
			       alone && $2 < times * alone + tick ? "pass" : "fail", $1, times, $2, alone
		}'
}

table()
{
	local kernel name worst mean calls

	for kernel in "${KERNELS[@]}"; do
		printf '%-24s %10s %10s %10s\n' "$kernel, beside" 'worst, us' 'mean, us' 'calls'
		figures "$kernel" | while read -r name worst mean calls; do
			printf '%-24s %10s %10s %10s\n' "$name" "$worst" "$mean" "$calls"
		done
	done
}

cmd_test()
{
	local kernel kinds=()

	# All when none is named
	[ $# = 0 ] || kinds=(idle busy "$@")
	locked neighbour-guest
	mkdir -p "$OUT/results" "$RESULTS" "$LOGS"
	cmd_build >/dev/null
	for kernel in "${KERNELS[@]}"; do
		run "$kernel" "${kinds[@]}"
	done
	{
		ended
		judge
	} >"$OUT/results/neighbour.tsv"
	table
	"$ROOT/scripts/lib/results.sh" neighbour
}

suite_main "$@"
