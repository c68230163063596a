#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make mutants: does each mistake of one line in the kernel code get noticed?
#
#   tests/mutants/run.sh [--suite SUITE] [NAME...]    all when no NAME is given
#   tests/mutants/run.sh --check     only see that they fit the code, and the mistakes
#                                    in tests/break-it and tests/model-mutants as well,
#                                    and that the covers of patches/covers fit the steps
#                                    and have recipients (scripts/series/series-lib.sh):
#                                    out/results/patches.tsv
#
# A mutant is a patch here, NAME.patch, against the composed tree (build/linux). Its
# first lines say what is wrong and which suites look for it, the first one first:
# "Suites: interleave kunit". It is killed if one of them finds something, or does not
# come to an end in time. One that lives is a mistake that the tests do not notice, and
# fails, as does one of which a suite that fails says nothing. A suite must find nothing
# in the series itself: that is seen first, once while neither of them changes. With --suite
# only mutants for that suite are tried, and with no other. That of interleave has a tree
# of its own, so that it can run beside another.
#
# Results go to out/results/mutants.tsv, or mutants-SUITE.tsv; what a suite said of
# a mutant is in out/mutants/NAME.SUITE.log.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/series/series-lib.sh
. "$ROOT/scripts/series/series-lib.sh"

HERE=$ROOT/tests/mutants
MUTANT_TREE=$BUILD/linux-mutant
LOGDIR=$OUT/mutants

usage()
{
	die "usage: run.sh --check | [--suite pairs|interleave|kunit|kunit-pt|kunit-drm|kunit-debug|vmbind|edges|failing|charged|panthor|fixes|fixes-debug|igt|probing|vfio|iommufd] [NAME...]"
}

suites_of()
{
	sed -n 's/^Suites: //p' "$HERE/$1.patch"
}

about()
{
	head -n 1 "$HERE/$1.patch"
}

# The tree as it is
plant_nothing()
{
	worktree "$MUTANT_TREE" base
	wgit "$MUTANT_TREE" checkout -q -f --detach "$(wgit "$TREE" rev-parse HEAD)"
}

# The tree as it is, but for one mistake.
plant()
{
	plant_nothing
	wgit "$MUTANT_TREE" apply --recount "$HERE/$1.patch"
}

# Suites of which that was seen in this run
declare -A seen=()

# baseline SUITE: a suite that finds something in the series notices no mutant
baseline()
{
	local suite=$1 key log=$LOGDIR/series.$1.log stamp=$BUILD/stamp/mutants-$1 rc=0

	[ "$suite" != pairs ] && [ -z "${seen[$suite]:-}" ] || return 0
	seen[$suite]=1
	key=$(hash_of "$(wgit "$TREE" rev-parse 'HEAD^{tree}')" "$ROOT/tests/mutants/run.sh" \
		"$ROOT/tests/kernel" "$ROOT/scripts" "$ROOT/model" \
		"$ROOT"/tests/{interleave,vmbind,edges,panthor,guest,igt,iommufd,vfio} "$ROOT/igt")
	! stamp_ok "$stamp" "$key" || return 0
	say "  $suite, without a mutant"
	plant_nothing
	"suite_$suite" series >"$log" 2>&1 || rc=$?
	[ $rc = 0 ] ||
		die "$suite fails without a mutant (exit code $rc), and so would notice none; see $log"
	stamp_set "$stamp" "$key"
}

# Each suite_X NAME returns 0 if it noticed nothing; its output is the log.

# Barriers that a litmus test takes from the code
suite_pairs()
{
	local rc=0

	barrier_pairs "$MUTANT_TREE" - >"$BUILD/.mutant.log" || rc=$?
	sed 's/^/fail\t/' "$BUILD/.mutant.log"
	[ "$rc" = 0 ] || [ "$rc" = 3 ] || rc=99
	return "$rc"
}

# The programs of make interleave that have the file of a mutant; pt-* are for generic_pt
interleave_flavours()
{
	case $1/$([ "$1" = series ] || sed -n 's|^+++ b/drivers/iommu/||p' "$HERE/$1.patch") in
	series/) echo packed idle debug generic ;;
	pt-* | */generic_pt/*) echo generic ;;
	*/io-pgtable*) echo packed idle debug ;;
	*) echo packed idle debug generic ;;
	esac
}

suite_interleave()
{
	local flavour args rc=0

	make -s -C "$ROOT/tests/interleave" TREE="$MUTANT_TREE" BUILD="$BUILD/mutant" || return 99
	for flavour in $(interleave_flavours "$1"); do
		args=(--first)
		[ "$flavour" != packed ] || args+=(--core --config '4k-2m,4k-2m-nc')
		[ "$flavour" != generic ] || args+=(--random 5000)
		timeout --kill-after=10 900 "$BUILD/mutant/interleave-$flavour" "${args[@]}" || rc=$?
		[ "$rc" = 0 ] || return "$rc"
	done
}

# mutant_kunit FLAVOUR REQUIRED ARG...: suites of the series, those that the file
# REQUIRED names among them
mutant_kunit()
{
	local image tsv=$BUILD/.mutant.tsv

	"$ROOT/scripts/kernel/kernel.sh" build mutant "$1" >"$BUILD/.mutant.image" || return 99
	image=$(sed -n 's/^image=//p' "$BUILD/.mutant.image")
	kunit_um 600 "$image" "${@:3}" |
		tee "$BUILD/.mutant.log" |
		python3 "$ROOT/scripts/lib/ktap.py" --require "$2" >"$tsv" || :
	cat "$BUILD/.mutant.log"
	! grep '^fail' "$tsv" && "$ROOT/scripts/guest/kernel-log.sh" "$BUILD/.mutant.log"
}

suite_kunit()
{
	mutant_kunit um "$ROOT/tests/kernel/kunit-suites-reserve" "kunit.filter_glob=$SERIES_GLOB"
}

# What upstream's suites of generic_pt say, to which a step adds
suite_kunit-pt()
{
	mutant_kunit um <(printf '%s_iommu_test\n' amdv1 vtdss riscv_64 x86_64) \
		'kunit.filter_glob=*_iommu_test'
}

# What upstream's suites of DRM's scheduler say, to which a step adds one
suite_kunit-drm()
{
	mutant_kunit um <(echo drm_sched_stop_tests) 'kunit.filter_glob=drm_sched_stop*'
}

# What lockdep says of formats that make interleave does not run, and of statistics; and
# pages in batches, which an allocator for one processor does not give
suite_kunit-debug()
{
	mutant_kunit um-debug <(printf 'io-pgtable-reserve-%s\n' formats promises stats) \
		'kunit.filter_glob=io-pgtable-reserve-[fps][ort]*' seccomp=on ncpus=2
}

# mutant_guest OPTION... -- COMMAND: what is under test, in a guest
mutant_guest()
{
	local rc=0

	"$ROOT/scripts/guest/guest.sh" run --kernel mutant --name mutant --timeout 400 "$@" || rc=$?
	[ "$rc" = 0 ] && "$ROOT/scripts/guest/kernel-log.sh" "$OUT/guest/mutant/dmesg"
}

# The demonstration in the guest, all scenarios
suite_vmbind()
{
	(vmbind_prepare mutant plain) || return 99
	mutant_guest --flavour plain --icount --append "$EXACT_COUNTS" -- "vmbind --warning"
}

# Jobs, scenarios in which memory is taken away, and VMAs come and go; what is told
suite_edges()
{
	(guest_prepare mutant plain && guest_program edges edges) >/dev/null || return 99
	mutant_guest --flavour plain -- "edges --no-faults --long jobs reclaim reclaim-vms gone-vms secrets"
}

# Allocations that fail, and what KASAN sees
suite_failing()
{
	(guest_prepare mutant debug && guest_program edges edges) >/dev/null || return 99
	mutant_guest --flavour debug -- "edges --short failing failing-restore gone-vms"
}

# What is charged to whom
suite_charged()
{
	(vmbind_prepare mutant debug) >/dev/null || return 99
	mutant_guest --flavour debug -- "vmbind charged takers"
}

# DMA of devices behind an SMMUv3
suite_vfio()
{
	"$ROOT/scripts/kernel/kernel.sh" build mutant arm64-iommufd >/dev/null || return 99
	"$ROOT/tests/vfio/run.sh" --mutant smmuv3
}

# Commands of the MMU and flushes that do not end, or take long
suite_panthor()
{
	(guest_prepare mutant plain && guest_program panthor hardpaths) >/dev/null || return 99
	mutant_guest --flavour plain --inject --icount -- "hardpaths short-flush late-flush unusable stuck-gather unmapped-memory evicted-memory stuck-destroy late-evict late-restore gone-vmas busy-trim freed-trim reset-flush reset-lock"
}

# What the first steps of the series mend in Panthor
suite_fixes()
{
	(guest_prepare mutant plain && guest_program panthor hardpaths) >/dev/null || return 99
	mutant_guest --flavour plain --inject --icount -- "hardpaths sync-points wakeup lost-wait moved-memory signal-nothing wait-behind counts lost-gpu slow-flush heap-race late-l2 stuck-suspend reset-suspend dead-reset unbind-busy stale-fault stuck-reset resume-reset unbind-group unbind-stuck reset-free heap-pool late-cut arrays"
}

# What lockdep says of a suspend that meets a reset, and of one that fails
suite_fixes-debug()
{
	(guest_prepare mutant debug && guest_program panthor hardpaths) >/dev/null || return 99
	mutant_guest --flavour debug --inject --icount -- "hardpaths stuck-suspend dead"
}

# Allocations that fail while the driver probes, and what debugfs lists
suite_probing()
{
	(guest_prepare mutant debug && guest_program edges edges) >/dev/null || return 99
	mutant_guest --flavour debug -- "edges import failing-probe"
}

# What user space sees of mappings: tests of ours in IGT's form
suite_igt()
{
	local rc=0 programs=(access async reserve reset reclaim share sparse split)

	(guest_prepare mutant plain && "$ROOT/tests/igt/run.sh" build) >/dev/null || return 99
	mutant_guest --flavour plain --icount --inject --timeout 900 -- "set -- --ours --first ${programs[*]/#/panthor_vm_bind_}
		$(cat "$ROOT/tests/igt/guest.sh")" | tee "$BUILD/.mutant.log" || rc=$?
	! grep -q '^fail' "$BUILD/.mutant.log" && grep -q '^pass' "$BUILD/.mutant.log" || rc=1
	return "$rc"
}

# The selftests of iommufd; what they say is worse than of the series, or it is not noticed
suite_iommufd()
{
	local tsv=$OUT/results/iommufd-mutant.tsv rc=0

	rm -f "$tsv"
	IOMMUFD_TIMEOUT=120 "$ROOT/tests/iommufd/run.sh" tree mutant || rc=$?
	[ -f "$tsv" ] || return 99
	grep '^fail' "$tsv" || :
	rm -f "$tsv"
	return "$rc"
}

# What a log says of the first thing that was found.
finding()
{
	grep -a -m 1 -E '^# VIOLATION|EXPECTATION FAILED|ASSERTION FAILED|BUG:|WARNING: |^fail|not ok|iommu reserve:|Kernel panic|Oops|Internal error' "$1" |
		sed -E 's/^# //; s/^\[[^]]*\] *//' | cut -c1-120
}

# judge NAME SUITE RC LOG: of a suite that failed
judge()
{
	local found

	found=$(finding "$4")
	if [ -n "$found" ]; then
		result "$results" pass "$1" "killed by $2: $found"
	elif [ "$3" = 124 ] || [ "$3" = 137 ]; then
		result "$results" pass "$1" "killed by $2: no end in time"
	else
		result "$results" fail "$1" "no verdict: $2 ended with $3 and found nothing, see $4"
	fi
}

try()
{
	local name=$1 suite log rc

	if ! plant "$name" >"$LOGDIR/$name.log" 2>&1; then
		result "$results" fail "$name" "the patch does not apply; make it anew"
		return
	fi
	for suite in $(suites_of "$name"); do
		[ -z "$only" ] || [ "$suite" = "$only" ] || continue
		log=$LOGDIR/$name.$suite.log
		rc=0
		"suite_$suite" "$name" >"$log" 2>&1 || rc=$?
		if [ $rc = 99 ]; then
			result "$results" fail "$name" "does not compile, see $log"
			return
		fi
		if [ $rc != 0 ]; then
			judge "$name" "$suite" $rc "$log"
			return
		fi
	done
	result "$results" fail "$name" "lives: $(about "$name")"
}

has_suites()
{
	local suite some=

	for suite in $(suites_of "$1"); do
		some=1
		declare -F "suite_$suite" >/dev/null || return 1
	done
	[ -n "$some" ]
}

# check_patch TREE PATCH: a patch that the code has moved away from tests nothing
check_patch()
{
	local name=${2#"$ROOT/"} said

	if ! said=$(wgit "$1" apply --check --recount "$2" 2>&1); then
		result patches fail "$name" "${said%%$'\n'*}"
		return
	fi
	if [[ $2 = "$HERE"/* ]] && ! has_suites "$(basename "$2" .patch)"; then
		result patches fail "$name" "its line 'Suites:' names none, or one that is not"
		return
	fi
	result patches pass "$name"
}

check_patches()
{
	local patch

	"$ROOT/scripts/kernel/tree.sh" >/dev/null
	need_own_version "mutants are of"
	result_start patches
	for patch in "$HERE"/*.patch "$ROOT"/tests/break-it/break-reserve-*.patch; do
		check_patch "$TREE" "$patch"
	done
	for patch in "$ROOT"/tests/break-it/break-*.patch; do
		[[ $patch = */break-reserve-* ]] || check_patch "$BASE_TREE" "$patch"
	done
	python3 "$ROOT/tests/model-mutants/mutants.py" check >>"$OUT/results/patches.tsv" || :
	cover_checks >>"$OUT/results/patches.tsv"
	"$ROOT/scripts/lib/results.sh" patches
}

main()
{
	local name names=() n=0 results suite

	only=
	while [ $# -gt 0 ]; do
		case $1 in
		--suite) only=${2:-}; [ -n "$only" ] || usage; shift ;;
		--check) [ $# = 1 ] || usage; check_patches; return ;;
		-*) usage ;;
		*) [ -f "$HERE/$1.patch" ] || die "there is no tests/mutants/$1.patch"; names+=("$1") ;;
		esac
		shift
	done
	if [ ${#names[@]} = 0 ]; then
		for name in "$HERE"/*.patch; do
			names+=("$(basename "$name" .patch)")
		done
	fi
	results=mutants${only:+-$only}
	[ "$only" != interleave ] || MUTANT_TREE=$BUILD/linux-mutant-interleave
	need_packages gcc make binutils python3
	"$ROOT/scripts/kernel/tree.sh" >/dev/null
	need_own_version "mutants are of"
	# A mutant is killed by what its own line breaks
	[ "${only:-pairs}" != pairs ] || barrier_pairs "$TREE" HEAD >/dev/null ||
		die "the barriers and the litmus tests do not fit without a mutant; run tests/models/run.sh"
	mkdir -p "$LOGDIR"
	result_start "$results"
	for name in "${names[@]}"; do
		n=$((n + 1))
		if [ -n "$only" ] && [[ " $(suites_of "$name") " != *" $only "* ]]; then
			continue
		fi
		for suite in ${only:-$(suites_of "$name")}; do
			baseline "$suite"
		done
		try "$name"
		say "  $n/${#names[@]} $(tail -n 1 "$OUT/results/$results.tsv" | tr '\t' ' ')"
	done
	"$ROOT/scripts/lib/results.sh" "$results"
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
