#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Panthor's hard paths, tests/panthor, as a test suite.
#
#   scripts/panthor.sh build            build it for the guest, print its path
#   scripts/panthor.sh [test NAME...]   run it, results to out/results/panthor.tsv
#
# The guest is run as each NAME says, all of them when none is given:
#   plain   all scenarios on the plain kernel
#   debug   the short ones on the debug kernel: KASAN, lockdep, fence annotations
# Environment: PANTHOR_KERNEL=base|reserve, the kernel tree (reserve).
#
# A kernel warning, a guest that dies and a plan that is not fulfilled are
# failures of their own. What the driver itself does wrong is in
# docs/panthor-findings.md and not in here.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/vmbind-lib.sh
. "$(dirname "$0")/vmbind-lib.sh"

KERNEL=${PANTHOR_KERNEL:-reserve}

usage()
{
	sed -n '/^#   scripts/s/^# *//p' "$0" >&2
	exit 2
}

cmd_build()
{
	guest_program panthor hardpaths
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
	*) usage ;;
	esac
	say "  hardpaths on $KERNEL, $1"
	# The driver allows the firmware 100 ms. A busy host must not eat them
	# up, so time is the guest's own.
	"$ROOT/scripts/guest.sh" run --kernel "$KERNEL" --name "$name" --inject --icount \
		"${args[@]}" -- "hardpaths $options" >"$LOGS/$name.log" 2>&1 || rc=$?
	vmbind_results "$name" "$rc" | sed "s/\t/\t$1: /"
}

cmd_test()
{
	[ $# -gt 0 ] || set -- plain debug
	guest_prepare "$KERNEL" "$@"
	cmd_build >/dev/null
	suite_run panthor "$@"
}

suite_main "$@"
