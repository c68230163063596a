#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Panthor's hard paths, tests/panthor, as a test suite.
#
#   tests/panthor/run.sh build            build it for the guest, print its path
#   tests/panthor/run.sh [test NAME...]   run it, results to out/results/panthor.tsv
#   tests/panthor/run.sh beside [ROUNDS [TREE...]]
#                                         binds beside calls that fail, so many times
#                                         (100000), on the reserve and the base kernel
#
# The guest is run as each NAME says, all of them when none is given:
#   plain   all scenarios on the plain kernel
#   debug   the short ones on the debug kernel: KASAN, lockdep, fence annotations
#   wide    "beside" on the plain kernel, and a GPU that keeps what it knows of
#           tables larger than the region that is locked
#   late    the same on a driver that flushes too late, which must be noticed, within
#           2,000 rounds: it ends when it is
# Environment: PANTHOR_KERNEL=base|reserve, the kernel tree (reserve).
#
# A kernel warning, a guest that dies and a plan that is not fulfilled are
# failures of their own. Some scenarios end upstream's kernel, see
# docs/panthor-findings.md.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

KERNEL=${PANTHOR_KERNEL:-reserve}
WIDE=mali-ignore=16
SIDE_BY_SIDE=$(nproc)

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

cmd_build()
{
	guest_program panthor hardpaths
}

# judge_late LOG: the points that must fail do
judge_late()
{
	local how=$'at full speed\nwith slow commands' line

	while read -r line; do
		if grep -q "^not ok .*: $line: tiles are bound" "$1"; then
			printf 'pass\tlate: a flush that comes too late is noticed, %s\t\n' "$line"
		else
			printf 'fail\tlate: a flush that comes too late is noticed, %s\tsee %s\n' \
				"$line" "$1"
		fi
	done <<<"$how"
}

# guest KERNEL NAME ARG...: the driver allows the firmware 100 ms. A busy host must
# not eat them up, so time is the guest's own.
guest()
{
	"$ROOT/scripts/guest/guest.sh" run --kernel "$1" --name "$2" --inject --icount \
		"${@:3}" >"$LOGS/$2.log" 2>&1
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	local name=panthor-$1 rc=0 args=() options=

	case $1 in
	plain) args=(--flavour plain) ;;
	debug)
		args=(--flavour debug)
		options=--short
		;;
	wide)
		args=(--flavour plain --machine "$WIDE")
		options=beside
		;;
	late)
		say "  hardpaths on a driver that flushes too late"
		guest break-reserve-beside "$name" --flavour plain --machine "$WIDE" \
			-- "hardpaths --rounds 2000 beside" || :
		judge_late "$LOGS/$name.log"
		return
		;;
	*) usage ;;
	esac
	say "  hardpaths on $KERNEL, $1"
	guest "$KERNEL" "$name" "${args[@]}" -- "hardpaths $options" || rc=$?
	vmbind_results "$name" "$rc" | sed "s/\t/\t$1: /"
}

cmd_test()
{
	[ $# -gt 0 ] || set -- plain debug wide late
	# shellcheck disable=SC2046 # two words
	guest_prepare "$KERNEL" $(suite_flavours "$@")
	[[ " $* " != *" late "* ]] || "$ROOT/scripts/kernel/kernel.sh" build break-reserve-beside plain >/dev/null
	cmd_build >/dev/null
	suite_run panthor "$@"
}

# Both kernels by the host's clock, which is the quicker one. Says of each what
# became of its rounds, and fails if one of them was wrong.
cmd_beside()
{
	local rounds=${1:-100000} kernels=("${@:2}") kernel log rc=0

	[[ $rounds =~ ^[1-9][0-9]*$ ]] || usage
	[ ${#kernels[@]} -gt 0 ] || kernels=(reserve base)
	cmd_build >/dev/null
	mkdir -p "$LOGS"
	for kernel in "${kernels[@]}"; do
		guest_prepare "$kernel" plain
		log=$LOGS/panthor-beside-$kernel.log
		say "  hardpaths beside on $kernel, twice $rounds rounds"
		"$ROOT/scripts/guest/guest.sh" run --kernel "$kernel" --flavour plain \
			--name "panthor-beside-$kernel" --inject --machine "$WIDE" \
			--timeout 36000 -- "hardpaths --timeout 36000 --rounds $rounds beside" \
			>"$log" 2>&1 || rc=1
		awk -v kernel="$kernel" '
			/^# [0-9]+ rounds/ { rounds = $0 }
			/tiles are bound/ { sub(/^# /, "", rounds); split($0, part, ": ")
				printf "%-8s %-20s %s\n", kernel, part[2], rounds }' "$log"
	done
	return $rc
}

if [ "${1:-}" = beside ]; then
	shift
	cmd_beside "$@"
	exit
fi

suite_main "$@"
