#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The VM_BIND demonstration, tests/vmbind, as a test suite.
#
#   tests/vmbind/run.sh build            build it for the guest, print its path
#   tests/vmbind/run.sh [test NAME...]   run it, results to out/results/vmbind.tsv
#
# The guest is run as each NAME says, all but the last two when none is given:
#   plain        the plain kernel
#   debug        the debug kernel: KASAN, lockdep, fence annotations
#   noncoherent  the plain kernel, a GPU that is not I/O coherent
#   upstream     the plain kernel, whatever VMBIND_KERNEL says from the base tree
#   16k, 64k     the plain kernel with pages of 16K or 64K
# Environment: VMBIND_KERNEL=base|reserve, the kernel tree (reserve).
#
# A kernel warning, a guest that dies and a plan that is not fulfilled are
# failures of their own.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

KERNEL=${VMBIND_KERNEL:-reserve}
SIDE_BY_SIDE=$(nproc)

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	local name=vmbind-$1 rc=0 args kernel=$KERNEL all=" --warning"
	local plain=(--flavour plain --append "$EXACT_COUNTS")

	case $1 in
	upstream)
		kernel=base
		all=
		args=("${plain[@]}")
		;;
	plain) args=("${plain[@]}") ;;
	# KASAN keeps freed objects for a while, no count is exact there.
	debug) args=(--flavour debug) ;;
	16k | 64k) args=(--flavour "plain-$1" --append "$EXACT_COUNTS") ;;
	noncoherent) args=("${plain[@]}" --machine mali-coherent=off) ;;
	*) usage ;;
	esac
	say "  vmbind on $kernel, $1"
	# The driver's time-outs are short: time is the guest's own, not the host's
	"$ROOT/scripts/guest/guest.sh" run --kernel "$kernel" --name "$name" --icount "${args[@]}" \
		-- "vmbind --json /out/vmbind.json$all" >"$LOGS/$name.log" 2>&1 || rc=$?
	vmbind_results "$name" "$rc" | sed "s/\t/\t$1: /"
}

cmd_build()
{
	vmbind_build
}

cmd_test()
{
	# What takes longest is first
	[ $# -gt 0 ] || set -- debug upstream plain noncoherent
	[[ " $* " != *" upstream "* ]] || "$ROOT/scripts/kernel/kernel.sh" build base plain >/dev/null
	# shellcheck disable=SC2046 # two words
	vmbind_prepare "$KERNEL" $(suite_flavours "$@")
	suite_run vmbind "$@"
}

suite_main "$@"
