#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Random VM_BIND operations against a model, tests/bindgen, as a test suite.
#
#   tests/bindgen/run.sh build            build it for the guest, print its path
#   tests/bindgen/run.sh [test NAME...]   run it, results to out/results/bindgen.tsv
#   tests/bindgen/run.sh run [OPTION...]  run it for long: new seeds, one after another
#
# The guest is run as each NAME says, all of them when none is given:
#   plain   the plain kernel
#   debug   the debug kernel: KASAN, lockdep, and allocations that fail
#   checks  mistakes in the model: each check finds those that it can see
# Options of "run", which ends when something is wrong:
#   --seconds N                 after so many, once a seed is through (600)
#   --kernel base|reserve       which kernel tree (reserve)
#   --flavour plain|debug       how it was configured (plain)
#   --seed S                    the first seed (1)
# Environment: BINDGEN_KERNEL=base|reserve, the kernel tree (reserve).
#
# A kernel warning, a guest that dies and a plan that is not fulfilled are
# failures of their own.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

KERNEL=${BINDGEN_KERNEL:-reserve}
# Little, so that it is soon used up
MEM=768M

usage()
{
	sed -n '/^#   tests/,/^# Environment/s/^# \{0,3\}//p' "$0" | head -n -1 >&2
	exit 2
}

cmd_build()
{
	guest_program bindgen bindgen
}

# Runs in the guest: the mistakes of the model, and who must find them. A run ends
# when one is found, which takes a second or two; the limit is for a busy host.
checks_command()
{
	cat <<-'END'
	points=0
	while read -r mistake check; do
		points=$((points + 1))
		not=
		# One that crashes or hangs has found nothing
		! bindgen --break $mistake --checks $check --seconds 120 --samples 24 random \
			>/tmp/checks && grep -q "^not ok" /tmp/checks &&
			grep -q "^1\.\." /tmp/checks &&
			! grep -q "comes to its end" /tmp/checks || not="not "
		grep -A 1 "^not ok" /tmp/checks | sed "s/^/  /"
		printf "%sok %d - %s: found by %s\n" "$not" $points $mistake $check
	done <<-PAIRS
		offset loads
		offset walks
		offset list
		unmap loads
		unmap walks
		unmap list
		map loads
		map walks
		map list
		buffer loads
		buffer walks
		buffer list
		flags walks
		block walks
		tables list
	PAIRS
	echo 1..$points
	END
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	local name=bindgen-$1 rc=0 flavour=plain command

	case $1 in
	plain)
		command="bindgen --no-faults --quick --seconds 3 --samples 24"
		;;
	debug)
		flavour=debug
		command="bindgen --quick --seconds 4 --samples 8"
		;;
	checks) command=$(checks_command) ;;
	*) usage ;;
	esac
	say "  bindgen on $KERNEL, $1"
	guest "$name" "$flavour" 3600 "$command" || rc=$?
	vmbind_results "$name" "$rc" | sed "s/\t/\t$1: /"
}

# guest NAME FLAVOUR TIMEOUT COMMAND
guest()
{
	local append=()

	# KASAN keeps freed objects for a while, no count is exact there
	[ "$2" = debug ] || append=(--append "$EXACT_COUNTS")
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --flavour "$2" \
		--name "$1" --timeout "$3" --inject --mem "$MEM" "${append[@]}" \
		-- "$4" >"$LOGS/$1.log" 2>&1
}

cmd_test()
{
	[ $# -gt 0 ] || set -- plain debug checks
	# shellcheck disable=SC2046 # two words
	guest_prepare "$KERNEL" $(suite_flavours "$@")
	cmd_build >/dev/null
	suite_run bindgen "$@"
}

parse_run()
{
	seconds=600 flavour=plain seed=1
	while [ $# -gt 0 ]; do
		case $1=${2:-} in
		--seconds=[1-9]*) seconds=$2 ;;
		--kernel=base | --kernel=reserve) KERNEL=$2 ;;
		--flavour=plain | --flavour=debug) flavour=$2 ;;
		--seed=[0-9]*) seed=$2 ;;
		*) usage ;;
		esac
		shift 2
	done
}

cmd_run()
{
	local seconds flavour seed name rc=0 without=

	parse_run "$@"
	name=bindgen-run-$KERNEL-$flavour
	[ "$flavour" = debug ] || without=--no-faults
	guest_prepare "$KERNEL" "$flavour"
	cmd_build >/dev/null
	mkdir -p "$LOGS"
	say "  bindgen on $KERNEL, $flavour, $seconds s from seed $seed"
	# A copy: the one in the share changes when somebody builds meanwhile, under
	# a program whose pages come and go when memory is short.
	guest "$name" "$flavour" $((seconds * 2 + 3600)) "
		cp /share/bin/bindgen /run/ && PATH=/run:\$PATH
		seed=$seed
		while [ \$SECONDS -lt $seconds ]; do
			echo \"# seed \$seed, \$SECONDS s\"
			bindgen $without --seconds 10 --seed \$seed || exit 1
			seed=\$((seed + 1))
		done" || rc=$?
	grep -A 1 '^not ok' "$LOGS/$name.log" >&2 || :
	say "  seeds $seed to $(sed -n 's/^# seed \([0-9]*\), [0-9]* s$/\1/p' \
		"$LOGS/$name.log" | tail -n 1): exit code $rc, see $LOGS/$name.log"
	return $rc
}

if [ "${1:-}" = run ]; then
	shift
	cmd_run "$@"
	exit
fi
suite_main "$@"
