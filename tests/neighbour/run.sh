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
# The slowest copy beside a kind may take less than three times what it takes without
# another client ("idle"), or beside a process that has nothing to do with the GPU
# ("busy"). Where upstream's kernel is beyond that, it is the limit.
#
# The guest is the one of scripts/guest/exact-lib.sh: its time passes by instructions, and it
# does the same each time.
# Environment: NEIGHBOUR_KERNEL="base reserve", the kernel trees (both).

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/guest/exact-lib.sh
. "$ROOT/scripts/guest/exact-lib.sh"

read -r -a KERNELS <<<"${NEIGHBOUR_KERNEL:-base reserve}"
DIR=$BUILD/neighbour/guest
RESULTS=$OUT/neighbour
# An instruction takes so many ns, as a power of two
SHIFT=3
TIMES=3

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

# Whether the guest of a kernel came to its end, and what it said
ended()
{
	local rc

	rc=$(exact_status "$RESULTS/$1")
	vmbind_points "$RESULTS/$1.tap" | sed "s/^\([a-z]*\t\)/\1$1: /"
	if ! "$ROOT/scripts/guest/kernel-log.sh" -s "$RESULTS/$1.console" "$RESULTS/$1.complaints"; then
		printf 'fail\t%s: the kernel reports no mistake of its own\tsee %s\n' "$1" "$RESULTS/$1.console"
	elif [ "$rc" -gt 1 ]; then
		printf 'fail\t%s: the guest comes to its end\texit code %s, see %s\n' "$1" "$rc" "$RESULTS/$1.console"
	else
		printf 'pass\t%s: the kernel reports no mistake of its own\t\n' "$1"
	fi
}

# compare HOW: the figures of all kernels, as a table, or as points of the last one
compare()
{
	local kernel

	for kernel in "${KERNELS[@]}"; do
		sed -n "s/^# figure:/$kernel/p" "$RESULTS/$kernel.tap"
	done | awk -v how="$1" -v times=$TIMES -v kernels="${KERNELS[*]}" '
		BEGIN { n = split(kernels, kernel, " ") }
		!seen[$2]++ { kind[++kinds] = $2 }
		{ worst[$1, $2] = $3; mean[$1, $2] = $4; calls[$1, $2] = $5 }
		function head(	i) {
			printf "%-24s", "beside"
			for (i = 1; i <= n; i++)
				printf " | %7s: worst, us  mean, us  calls", kernel[i]
			print ""
		}
		function row(name,	i) {
			printf "%-24s", name
			for (i = 1; i <= n; i++)
				printf " | %18d %9d %6d", worst[kernel[i], name],
				       mean[kernel[i], name], calls[kernel[i], name]
			print ""
		}
		function point(name,	k, alone, of) {
			k = kernel[n]
			alone = worst[k, "idle"] > worst[k, "busy"] ? worst[k, "idle"] : worst[k, "busy"]
			of = n > 1 ? worst[kernel[1], name] : 0
			printf "%s\t%s: the slowest copy takes less than %d times as long, or than upstream has\t%d us, alone %d us, upstream %d us\n",
			       alone && (worst[k, name] < times * alone || worst[k, name] <= of) ? "pass" : "fail",
			       name, times, worst[k, name], alone, of
		}
		END {
			if (how == "table")
				head()
			for (i = 1; i <= kinds; i++)
				if (how == "table")
					row(kind[i])
				else if (kind[i] != "idle" && kind[i] != "busy")
					point(kind[i])
		}'
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
		for kernel in "${KERNELS[@]}"; do
			ended "$kernel"
		done
		compare points
	} >"$OUT/results/neighbour.tsv"
	compare table
	"$ROOT/scripts/lib/results.sh" neighbour
}

suite_main "$@"
