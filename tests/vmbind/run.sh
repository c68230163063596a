#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The VM_BIND demonstration, tests/vmbind, as a test suite.
#
#   tests/vmbind/run.sh build            build it for the guest, print its path
#   tests/vmbind/run.sh [test NAME...]   run it, results to out/results/vmbind.tsv
#
# The guest is run as each NAME says, all but 16k and 64k when none is given:
#   plain        the plain kernel
#   debug        the debug kernel: KASAN, lockdep, fence annotations
#   noncoherent  the plain kernel, a GPU that is not I/O coherent
#   upstream     the plain kernel, whatever VMBIND_KERNEL says from the base tree
#   16k, 64k     the plain kernel with pages of 16K or 64K
# Environment: VMBIND_KERNEL=base|reserve, the kernel tree (reserve).
#
# Another NAME is "looked-at": that a VM_BIND job which allocates is noticed on the debug
# kernel (tests/bindcheck), as one does for it.
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

run_looked_at()
{
	local rc=0 what='a job that allocates is noticed'

	say "  a job that allocates, on $KERNEL, debug"
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --name vmbind-looked-at --icount --flavour debug \
		-- "echo alloc >/sys/kernel/debug/vm_bind_check" >"$LOGS/vmbind-looked-at.log" 2>&1 || rc=$?
	if [ $rc = 97 ] && grep -q '^allocations [1-9]' "$OUT/guest/vmbind-looked-at/vm_bind_check"; then
		printf 'pass\tlooked-at: %s\t\n' "$what"
	else
		printf 'fail\tlooked-at: %s\texit code %s, see %s\n' "$what" $rc "$LOGS/vmbind-looked-at.log"
	fi
}

# A check that saw no job would find nothing
jobs_looked_at()
{
	printf '%s\tVM_BIND jobs are looked at\t\n' \
		"$(grep -q '^jobs [1-9]' "$OUT/guest/$1/vm_bind_check" && echo pass || echo fail)"
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	local name=vmbind-$1 rc=0 args kernel=$KERNEL all=" --warning"
	local plain=(--flavour plain --append "$EXACT_COUNTS")

	case $1 in
	looked-at)
		run_looked_at
		return
		;;
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
	{
		vmbind_results "$name" "$rc"
		[ "$1" != debug ] || jobs_looked_at "$name"
	} | sed "s/\t/\t$1: /"
}

cmd_build()
{
	vmbind_build
}

cmd_test()
{
	# What takes longest is first
	# shellcheck disable=SC2046 # a word, or none
	[ $# -gt 0 ] || set -- debug upstream plain noncoherent $([ "$KERNEL" = base ] || echo looked-at)
	[[ " $* " != *" upstream "* ]] || "$ROOT/scripts/kernel/kernel.sh" build base plain >/dev/null
	# shellcheck disable=SC2046 # two words
	vmbind_prepare "$KERNEL" $(suite_flavours "$@")
	suite_run vmbind "$@"
}

suite_main "$@"
