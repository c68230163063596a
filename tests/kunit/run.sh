#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make kunit: build User Mode Linux and run upstream's KUnit suites on it, for
# page tables (io-pgtable-arm, every generic_pt format) and DRM, natively. Runs
# the base kernel, and the reserve kernel when the series has steps. Results go
# to out/results/kunit.tsv, each kernel's log to out/kunit-TREE.log.
#
# The suites of the series, and upstream's of the LPAE formats, run twice more:
# natively on two processors under KASAN and lockdep (out/kunit-um-debug.log),
# and on arm64, on two processors that QEMU emulates (out/kunit-arm64.log).
#
# tests/kernel/kunit-suites names the suites that must be there; on the reserve
# kernel also tests/kernel/kunit-suites-reserve, and kunit-suites-reserve-um.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

# All suites together take half a minute on an idle machine. A deadlock must not
# take all day, but a busy machine is no deadlock.
TIMEOUT=${KUNIT_TIMEOUT:-1500}

# The suites are shared out to several kernels, which run side by side. Together
# the globs name every suite but two groups of the DRM scheduler, whose verdict
# depends on how busy the machine is: drm_sched_scheduler_* asserts wall-clock
# times, and drm_sched_concurrent_tests now and then panics the unmodified kernel
# in its own cleanup (hrtimer_cancel() of a freed job below drm_sched_fini()).
GLOBS=('a*' 'r*' 'v*' 'x*' '[!arvxd]*' 'drm[!_]*' 'drm_[!s]*' 'drm_s[!c]*' 'drm_sched_[bs][at]*')

# Run one kernel; its exit code says nothing, its log everything.
run_um()
{
	local image=$1 glob=$2 log=$3 rc=0

	kunit_um "$TIMEOUT" "$image" "kunit.filter_glob=$glob" >"$log" || rc=$?
	if [ $rc = 124 ] || [ $rc = 137 ]; then
		printf 'fail\t%s: (run %s)\tno end after %d s\n' "$tree" "$glob" "$TIMEOUT" >>"$results"
	fi
}

run_all()
{
	local image=$1 log=$2 i

	rm -f "$log".[0-9]*
	for i in "${!GLOBS[@]}"; do
		run_um "$image" "${GLOBS[i]}" "$log.$i" &
	done
	wait
	cat "$log".[0-9]* >"$log"
	# A kernel that said nothing must not hide behind the others.
	for i in "${!GLOBS[@]}"; do
		grep -qE '^(\[[^]]*\] )?(not )?ok ' "$log.$i" ||
			printf 'fail\t%s: (run %s)\tno results\n' "$tree" "${GLOBS[i]}" >>"$results"
	done
	rm -f "$log".[0-9]*
}

run_tree()
{
	local image required log=$OUT/kunit-$tree.log start

	# Not inside eval, which would hide a failure.
	image=$("$ROOT/scripts/kernel/kernel.sh" build "$tree" um)
	image=$(sed -n 's/^image=//p' <<<"$image")
	required=("$ROOT/tests/kernel/kunit-suites")
	[ "$tree" != reserve ] || required+=("$ROOT"/tests/kernel/kunit-suites-reserve{,-um})
	say "KUnit on the $tree kernel:"
	start=$SECONDS
	run_all "$image" "$log"
	python3 "$ROOT/scripts/lib/ktap.py" --prefix "$tree: " --require <(cat "${required[@]}") <"$log" >>"$results"
	say "  $((SECONDS - start)) s; log: $log"
}

# warns_in LOG: the functions of upstream's that warn in there, since its suites for DRM
# provoke them, as a pattern
warns_in()
{
	sed -nE 's/.*WARNING: .* at ([a-zA-Z0-9_]+)\+0x.*/at \1[+]/p' "$1" | sort -u | paste -sd '|'
}

# What upstream's kernel warns of, and no more
judge_warnings()
{
	local known

	known=$(warns_in "$OUT/kunit-base.log")
	if "$ROOT/scripts/guest/kernel-log.sh" -x "${known:-at nothing[+]}" "$OUT/kunit-reserve.log"; then
		result kunit pass "reserve: no kernel report that upstream's kernel has not"
	else
		result kunit fail "reserve: no kernel report that upstream's kernel has not" "see $OUT/kunit-reserve.log"
	fi
}

# One kernel of the series with its own suites: judge_series NAME, whose log is there.
judge_series()
{
	local log=$OUT/kunit-$1.log

	python3 "$ROOT/scripts/lib/ktap.py" --prefix "$1: " \
		--require <(cat "$ROOT/tests/kernel/kunit-suites-reserve"; echo io-pgtable-arm-test) \
		<"$log" >>"$results"
	if "$ROOT/scripts/guest/kernel-log.sh" "$log"; then
		result kunit pass "$1: no kernel report"
	else
		result kunit fail "$1: no kernel report" "see $log"
	fi
}

# run_debug IMAGE
run_debug()
{
	say "KUnit on the reserve kernel, two processors, KASAN, lockdep:"
	kunit_um "$TIMEOUT" "$1" seccomp=on ncpus=2 "kunit.filter_glob=$SERIES_GLOB" \
		>"$OUT/kunit-um-debug.log" || :
}

# The page tables' own suites provoke reports of the debug option; Panthor's, which
# comes after them, must not.
judge_reports()
{
	local log=$OUT/kunit-um-debug.log found

	found=$(sed -n '/# Subtest: panthor-reserve/,$p' "$log" | grep -m 1 'iommu reserve: ') || :
	if [ -z "$found" ] && grep -q 'iommu reserve: ' "$log"; then
		result kunit pass "um-debug: Panthor's suite keeps its side of the contract"
	else
		result kunit fail "um-debug: Panthor's suite keeps its side of the contract" \
			"${found:-no report at all}"
	fi
}

# run_arm64 IMAGE
run_arm64()
{
	say "KUnit on the reserve kernel, arm64, two processors, lockdep:"
	kunit_arm64 "$TIMEOUT" "$1" "kunit.filter_glob=$SERIES_GLOB" \
		>"$OUT/kunit-arm64.log" || :
}

# Both have long stretches in which one processor is busy: they run side by side.
run_series()
{
	local debug arm64

	"$ROOT/scripts/qemu/qemu.sh" build >/dev/null
	debug=$("$ROOT/scripts/kernel/kernel.sh" build reserve um-debug)
	arm64=$("$ROOT/scripts/kernel/kernel.sh" build reserve kunit)
	run_debug "$(sed -n 's/^image=//p' <<<"$debug")" &
	run_arm64 "$(sed -n 's/^image=//p' <<<"$arm64")" &
	wait
	judge_series um-debug
	judge_reports
	judge_series arm64
}

mkdir -p "$OUT"
result_start kunit
results=$OUT/results/kunit.tsv
trees=(base)
[ -z "$(series_steps "$SERIES_ROOT")" ] || trees+=(reserve)
for tree in "${trees[@]}"; do
	run_tree
done
if [ "$tree" = reserve ]; then
	judge_warnings
	run_series
fi
"$ROOT/scripts/lib/results.sh" kunit
