#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make test: run every suite, say how each went, then list what failed.
#
#   scripts/test.sh [SUITE...]      only these; "-l" lists the suites
#
# In the environment:
#   TEST_JOBS=N      suites that run side by side: two, or one on one processor
#   TEST_SECONDS=N   what runs N seconds after the start is ended, and fails like the
#                    suites that come after it
#
# A suite is a command that writes out/results/SUITE.tsv. One that fails does
# not stop the others; one that leaves no results counts as failed. The last
# line is "N passed, N failed, N skipped", and the exit code is 0 only if
# nothing failed.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/lib/lib.sh"

# NAME|COMMAND, or NAME|COMMAND|SUITE where SUITE has to be over before. What is quick and
# finds the plainest faults comes first. A suite is never left out because its command is
# not there: that is a failure.
# shellcheck disable=SC2016 # a command is the suite's shell's
SUITES=(
	'kernel-tree|tests/kernel-tree/run.sh'
	'results|tests/results/run.sh'
	'series|tests/series/run.sh'
	'patches|tests/mutants/run.sh --check'
	'model|make --no-print-directory model-test'
	'shader|make --no-print-directory shader-test'
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
	'report|tests/report/run.sh "$OUT/run-suite.json" "$OUT/run-suite.html"|run'
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

# suite NAME: its command, and the suite before it
suite()
{
	local s

	for s in "${SUITES[@]}"; do
		if [ "${s%%|*}" = "$1" ]; then
			IFS='|' read -r _ command before <<<"$s"
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
	trap 'pkill -TERM -s "$suite"; exit 143' TERM
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

# run_suite NAME COMMAND
run_suite()
{
	local name=$1 command=$2 start=$SECONDS log rc=0 sum

	log=$LOGS/test-$name.log
	rm -f "$OUT/results/$name.tsv"
	if time_is_over; then
		: >"$log"
		result "$name" fail "$name" "not started: TEST_SECONDS, $TEST_SECONDS s, are over"
	else
		in_time bash -c "$command" >"$log" 2>&1 </dev/null || rc=$?
		judge_suite
	fi
	sum=$("$ROOT/scripts/lib/results.sh" -q "$name") || :
	printf '%-14s %-44s %4d s\n' "$name" "$sum" $((SECONDS - start))
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

# --- Suites side by side ------------------------------------------------------

# Those that run: process by name
declare -A running=()

wait_for()
{
	wait "${running[$1]}" || lost+=("$1")
	unset "running[$1]"
}

# Those whose results could not be written, as on a full disk, or that were killed
lost=()

# room_for_one: until fewer than TEST_JOBS run, of which the fuzzer is none
room_for_one()
{
	local name pid ended rc

	while :; do
		local pids=()
		for name in "${!running[@]}"; do
			[ "$name" = fuzz ] || pids+=("${running[$name]}")
		done
		[ ${#pids[@]} -ge "$TEST_JOBS" ] || return 0
		rc=0
		wait -n -p ended "${pids[@]}" || rc=$?
		for name in "${!running[@]}"; do
			pid=${running[$name]}
			[ "$pid" = "$ended" ] || continue
			[ $rc = 0 ] || lost+=("$name")
			unset "running[$name]"
		done
	done
}

start_suite()
{
	local command before

	suite "$1"
	[ -z "$before" ] || [ -z "${running[$before]:-}" ] || wait_for "$before"
	# A process group of its own, which can be ended
	set -m
	run_suite "$1" "$command" &
	set +m
	running[$1]=$!
}

# The fuzzer wants a minute of one processor, at a low priority, and nothing else: it
# starts first, and counts for none
start_all()
{
	local name

	[[ " ${names[*]} " != *" fuzz "* ]] || start_suite fuzz
	for name in "${names[@]}"; do
		[ "$name" != fuzz ] || continue
		room_for_one
		start_suite "$name"
	done
}

wait_for_all()
{
	local name

	for name in "${!running[@]}"; do
		wait_for "$name"
	done
}

# Only for a run that needs all of it
start_builder()
{
	[ ${#names[@]} = ${#SUITES[@]} ] || return 0
	# shellcheck disable=SC2016 # of the other shell; an element is a command
	setsid nice -n 10 bash -c 'for build; do "$0"/scripts/$build || exit; done' \
		"$ROOT" "${BUILDS[@]}" >"$LOGS/test-builds.log" 2>&1 </dev/null &
	builder=$!
}

# Nothing that was started stays
stop_all()
{
	local pid

	for pid in "${running[@]}" ${builder:-}; do
		kill -TERM -- "-$pid" 2>/dev/null || :
	done
}

check_seconds()
{
	[[ ${TEST_SECONDS:-1} =~ ^[1-9][0-9]*$ ]] || die "TEST_SECONDS=$TEST_SECONDS is no number of seconds"
}

how_many_jobs()
{
	TEST_JOBS=${TEST_JOBS:-$(($(nproc) > 1 ? 2 : 1))}
	[[ $TEST_JOBS =~ ^[1-9][0-9]*$ ]] || die "TEST_JOBS=$TEST_JOBS is no number of suites"
}

# has_passed SUITE: there are results, and none of them is a failure or no result
has_passed()
{
	if [[ " ${lost[*]} " = *" $1 "* ]]; then
		printf '\nwhat %s found could not be written; free some space and run it again\n' "$1"
		return 1
	fi
	[ -s "$OUT/results/$1.tsv" ] && ! grep -qvP '^(pass|skip)\t' "$OUT/results/$1.tsv"
}

say_what_failed()
{
	local name

	for name in "${names[@]}"; do
		has_passed "$name" || failed+=("$name")
	done
	for name in "${failed[@]}"; do
		printf '\n%s, log %s:\n' "$name" "$LOGS/test-$name.log"
		"$ROOT/scripts/lib/results.sh" "$name" >"$LOGS/.failed" || :
		sed '$d' "$LOGS/.failed" || :
		# Where nobody can open the log, this is all there is to go by.
		! grep -qE 'left no results|no end within' "$LOGS/.failed" ||
			tail -n 45 "$LOGS/test-$name.log"
	done
	[ ${#failed[@]} = 0 ] || printf '\n'
}

main()
{
	local name command before

	if [ "${1:-}" = -l ]; then
		printf '%s\n' "${SUITES[@]%%|*}"
		exit
	fi
	cd "$ROOT"
	mkdir -p "$OUT/results" "$LOGS"
	[ -z "${TEST_SECONDS:-}" ] || need_packages procps
	check_seconds
	how_many_jobs
	names=("$@")
	[ $# != 0 ] || names=("${SUITES[@]%%|*}")
	failed=()
	for name in "${names[@]}"; do
		suite "$name"
	done
	trap stop_all EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	start_builder
	start_all
	wait_for_all
	say_what_failed
	"$ROOT/scripts/lib/results.sh" -q "${names[@]}" && [ ${#failed[@]} = 0 ]
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
