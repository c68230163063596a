#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Panthor at the edges of everyday work, tests/edges, as a test suite.
#
#   tests/edges/run.sh build            build it for the guest, print its path
#   tests/edges/run.sh [test NAME...]   run it, results to out/results/edges.tsv
#
# The guest is run as each NAME says, all of them when none is given:
#   plain   the plain kernel
#   debug   the debug kernel: KASAN, lockdep, and allocations that fail
# Environment: EDGES_KERNEL=base|reserve, the kernel tree (reserve).
#
# A kernel warning, a guest that dies and a plan that is not fulfilled are
# failures of their own.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

KERNEL=${EDGES_KERNEL:-reserve}

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

cmd_build()
{
	guest_program edges edges
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	local name=edges-$1 rc=0 args=() options=

	case $1 in
	plain)
		args=(--flavour plain)
		options=--no-faults
		;;
	debug)
		args=(--flavour debug)
		options=--short
		;;
	*) usage ;;
	esac
	say "  edges on $KERNEL, $1"
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --name "$name" \
		"${args[@]}" -- "edges $options" >"$LOGS/$name.log" 2>&1 || rc=$?
	vmbind_results "$name" "$rc" | sed "s/\t/\t$1: /"
}

cmd_test()
{
	[ $# -gt 0 ] || set -- plain debug
	guest_prepare "$KERNEL" "$@"
	cmd_build >/dev/null
	suite_run edges "$@"
}

suite_main "$@"
