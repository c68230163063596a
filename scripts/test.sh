#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make test: run every suite, say how each went, then list what failed.
#
#   scripts/test.sh [SUITE...]      only these; "-l" lists the suites
#
# TEST_SECONDS=N in the environment: the suite that runs N seconds after the start is
# ended, and fails like those that come after it.
#
# A suite is a command that writes out/results/SUITE.tsv. One that fails does
# not stop the others; one that leaves no results counts as failed. The last
# line is "N passed, N failed, N skipped", and the exit code is 0 only if
# nothing failed.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/lib/lib.sh"

# NAME|COMMAND. What is quick and finds the plainest faults comes first. A
# suite is never left out because its command is not there: that is a failure.
SUITES=(
	'kernel-tree|tests/kernel-tree/run.sh'
	'results|tests/results/run.sh'
	'series|tests/series/run.sh'
	'patches|tests/mutants/run.sh --check'
	'model|make --no-print-directory -C tests/model check'
	'shader|make --no-print-directory -C tests/shader check'
	'interleave|tests/interleave/run.sh'
	'models|tests/models/run.sh'
	'kunit|tests/kunit/run.sh'
	'torture|tests/torture/run.sh 20 1 um-debug'
	'fuzz|tests/fuzz/run.sh'
	'qmp|tests/qmp/run.sh'
	'guest|tests/guest/run.sh'
	'firmware|tests/firmware/run.sh'
	'repeat|tests/repeat/run.sh'
	'run|scripts/run.sh --suite'
	'report|tests/report/run.sh'
	'vmbind|tests/vmbind/run.sh'
	'panthor|tests/panthor/run.sh'
	'edges|tests/edges/run.sh'
	'bindgen|tests/bindgen/run.sh'
	'vulkan|tests/vulkan/run.sh'
	'vksparse|tests/vksparse/run.sh'
	'soak|tests/soak/run.sh'
	'campaign|tests/campaign/run.sh quick'
	'igt|tests/igt/run.sh quick'
	'break-it|tests/break-it/run.sh'
)

# What takes long to build, in the order in which suites ask for it. It is begun at
# once, at a low priority: most guests leave a processor idle. A suite that comes to it
# first waits for it, and says so if it fails.
BUILDS=(
	'kernel/kernel.sh build base um'
	'kernel/kernel.sh build reserve um'
	'qemu/qemu.sh build'
	'kernel/kernel.sh build reserve um-debug'
	'kernel/kernel.sh build reserve kunit'
	'kernel/kernel.sh build base plain'
	'guest/guest.sh image'
	'kernel/kernel.sh build reserve plain'
	'kernel/kernel.sh build reserve debug'
)

suite_command()
{
	local s

	for s in "${SUITES[@]}"; do
		if [ "${s%%|*}" = "$1" ]; then
			printf '%s\n' "${s#*|}"
			return
		fi
	done
	die "there is no suite '$1'; 'scripts/test.sh -l' lists them"
}

# time_is_over: what TEST_SECONDS allows has passed
time_is_over()
{
	[ -n "${TEST_SECONDS:-}" ] && [ $SECONDS -ge "$TEST_SECONDS" ]
}

# in_time COMMAND...: in a session of its own, all of which ends when time is over. What
# it starts can be in process groups of its own, which timeout's signal does not reach.
in_time()
{
	local suite clock ended rc=0

	if [ -z "${TEST_SECONDS:-}" ]; then
		"$@"
		return
	fi
	setsid "$@" &
	suite=$!
	sleep $((TEST_SECONDS - SECONDS)) &
	clock=$!
	wait -n -p ended "$suite" "$clock" || rc=$?
	if [ "$ended" = "$suite" ]; then
		kill "$clock"
		return $rc
	fi
	pkill -TERM -s "$suite" || :
	sleep 15
	pkill -KILL -s "$suite" || :
	wait "$suite"
}

# newest_logs START: how the logs end that were written to since, for who cannot open
# them
newest_logs()
{
	local log

	find "$LOGS" "$OUT" -ignore_readdir_race -name '*.log' -newermt "@$(($(date +%s) - SECONDS + $1))" \
		! -name 'test-*' -printf '%T@ %p\n' | sort -n | tail -n 4 | cut -d ' ' -f 2- |
		while read -r log; do
			printf '\n%s ends with\n' "${log##*/}"
			tail -n 8 "$log"
		done
}

run_suite()
{
	local name=$1 start=$SECONDS log rc=0 sum

	log=$LOGS/test-$name.log
	rm -f "$OUT/results/$name.tsv"
	printf '%-14s ' "$name"
	if time_is_over; then
		: >"$log"
		result "$name" fail "$name" "not started: TEST_SECONDS, $TEST_SECONDS s, are over"
	else
		in_time bash -c "$(suite_command "$name")" >"$log" 2>&1 </dev/null || rc=$?
		judge_suite
	fi
	sum=$("$ROOT/scripts/lib/results.sh" -q "$name") || :
	printf '%-44s %4d s\n' "$sum" $((SECONDS - start))
}

# What the suite did not say by itself; name, start, log and rc are run_suite's
judge_suite()
{
	if [ $rc != 0 ] && time_is_over; then
		result "$name" fail "$name" "no end within TEST_SECONDS, $TEST_SECONDS s from the start"
		newest_logs "$start" >>"$log" 2>/dev/null || :
	elif [ ! -s "$OUT/results/$name.tsv" ]; then
		result "$name" fail "$name" "the suite left no results: $(grep '^error: ' "$log" | tail -n 1)"
	elif [ $rc != 0 ] && ! grep -q '^fail' "$OUT/results/$name.tsv"; then
		result "$name" fail "$name" "exit code $rc, though no test in it failed"
	fi
}

# The fuzzer wants a minute of one processor, at a low priority, and nothing
# else: it starts first, and is waited for where it stands in the list.
start_fuzzer()
{
	[[ " ${names[*]} " = *" fuzz "* ]] || return 0
	run_suite fuzz >"$LOGS/.test-fuzz" &
	fuzzer=$!
}

# Only for a run that needs all of it
start_builder()
{
	[ ${#names[@]} = ${#SUITES[@]} ] || return 0
	# shellcheck disable=SC2016 # of the other shell; an element is a command
	setsid nice -n 10 bash -c 'for build; do "$0"/scripts/$build || exit; done' \
		"$ROOT" "${BUILDS[@]}" >"$LOGS/test-builds.log" 2>&1 </dev/null &
	builder=$!
	trap 'kill -- -$builder 2>/dev/null || :' EXIT
}

finish_fuzzer()
{
	wait "$fuzzer" || :
	cat "$LOGS/.test-fuzz"
}

main()
{
	if [ "${1:-}" = -l ]; then
		printf '%s\n' "${SUITES[@]%%|*}"
		exit
	fi
	cd "$ROOT"
	mkdir -p "$OUT/results" "$LOGS"
	[ -z "${TEST_SECONDS:-}" ] || need_packages procps
	names=("$@")
	[ $# != 0 ] || names=("${SUITES[@]%%|*}")
	failed=()
	for name in "${names[@]}"; do
		suite_command "$name" >/dev/null
	done
	start_builder
	start_fuzzer
	for name in "${names[@]}"; do
		if [ "$name" = fuzz ]; then
			finish_fuzzer
		else
			run_suite "$name"
		fi
		! grep -q '^fail' "$OUT/results/$name.tsv" || failed+=("$name")
	done
	for name in "${failed[@]}"; do
		printf '\n%s, log %s:\n' "$name" "$LOGS/test-$name.log"
		"$ROOT/scripts/lib/results.sh" "$name" >"$LOGS/.failed" || :
		sed '$d' "$LOGS/.failed"
		# Where nobody can open the log, this is all there is to go by.
		! grep -qE 'left no results|no end within' "$LOGS/.failed" ||
			tail -n 45 "$LOGS/test-$name.log"
	done
	[ ${#failed[@]} = 0 ] || printf '\n'
	"$ROOT/scripts/lib/results.sh" -q "${names[@]}" || :
	[ ${#failed[@]} = 0 ]
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
