# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests of the scripts have in common (tests/kernel-tree, tests/series,
# tests/results). Source it. The caller has SUITE, RESULTS, where results go to, and
# scratch, a folder of its own; its tests are functions test_NAME, run in the order in
# which they stand, each where the one before it ended.

# "! command" would not stop a test: errexit ignores inverted commands.
not()
{
	if "$@"; then
		return 1
	fi
}

# shellcheck disable=SC2154 # scratch is the caller's
# run_test NAME NUMBER: what it did is shown when it fails, and the end of what it called said
run_test()
{
	local rc

	set +e
	(
		set -ex
		"test_$1"
	) >"$scratch/trace" 2>&1
	rc=$?
	set -e
	if [ $rc = 0 ]; then
		printf 'ok %d %s\n' "$2" "$1"
		OUT=$RESULTS result "$SUITE" pass "$1"
		return
	fi
	printf 'not ok %d %s\n' "$2" "$1"
	tail -n 15 "$scratch/trace" | sed 's/^/# /'
	[ ! -f "$scratch/log" ] || tail -n 15 "$scratch/log" | sed 's/^/# log: /'
	OUT=$RESULTS result "$SUITE" fail "$1" "$(grep '^+' "$scratch/trace" | tail -n 1)"
	failed=1
}

# All tests of the caller, as TAP; exits
run_tests()
{
	local tests t n=0

	failed=0
	mapfile -t tests < <(sed -n 's/^test_\([a-z_]*\)()$/\1/p' "$0")
	printf 'TAP version 13\n1..%d\n' ${#tests[@]}
	for t in "${tests[@]}"; do
		n=$((n + 1))
		run_test "$t" $n
	done
	exit $failed
}
