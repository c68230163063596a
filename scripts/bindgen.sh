#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Random VM_BIND operations against a model, tests/bindgen, as a test suite.
#
#   scripts/bindgen.sh build            build it for the guest, print its path
#   scripts/bindgen.sh [test NAME...]   run it, results to out/results/bindgen.tsv
#   scripts/bindgen.sh run [--seconds N] [--kernel base|reserve]
#                          [--flavour plain|debug] [--seed S]
#
# The guest is run as each NAME says, all of them when none is given:
#   plain   the plain kernel
#   debug   the debug kernel: KASAN, lockdep, and allocations that fail
#   checks  mistakes in the model: each check finds those that it can see
# "run" goes on with new seeds, in one guest, for N seconds (600) or until
# something is wrong.
# Environment: BINDGEN_KERNEL=base|reserve, the kernel tree (base).
#
# A kernel warning, a guest that dies and a plan that is not fulfilled are
# failures of their own.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/vmbind-lib.sh
. "$(dirname "$0")/vmbind-lib.sh"

KERNEL=${BINDGEN_KERNEL:-base}

usage()
{
	sed -n '/^#   scripts/,/^# The guest/s/^# *//p' "$0" | head -n -2 >&2
	exit 2
}

cmd_build()
{
	guest_program bindgen bindgen
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	local name=bindgen-$1 rc=0 args=() command

	case $1 in
	plain)
		args=(--flavour plain --append "$EXACT_COUNTS")
		command="bindgen --no-faults --quick --seconds 4"
		;;
	debug)
		args=(--flavour debug --timeout 600)
		command="bindgen --quick --seconds 5 --samples 8"
		;;
	*) usage ;;
	esac
	say "  bindgen on $KERNEL, $1"
	"$ROOT/scripts/guest.sh" run --kernel "$KERNEL" --name "$name" --inject \
		"${args[@]}" -- "$command" >"$LOGS/$name.log" 2>&1 || rc=$?
	vmbind_results "$name" "$rc" | sed "s/\t/\t$1: /"
}

cmd_test()
{
	[ $# -gt 0 ] || set -- plain debug
	guest_prepare "$KERNEL" "$@"
	cmd_build >/dev/null
	suite_run bindgen "$@"
}

suite_main "$@"
