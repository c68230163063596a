#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make series-check: what of 'make series' takes hours.
#
#   scripts/series/check.sh [--record] [--only-steps] [NAME|STEP...]
#
# Each step, or those of the series NAME (patches/covers) or whose names have STEP in
# them, must
#   - build for User Mode Linux without a warning, the C files that it touches with W=1
#   - pass the KUnit suites that it has
# and the last step of each series the builds of tests/builds that its cover has in
# Check: (arm64, arm: objects with W=1). A step that passed is not built again while
# kernel, configurations and compiler are the same, so what was cut short goes on where
# it was: stamps are in build/stamp/series-check.
#
# Then the tree as a whole: sparse, where it is new enough, W=1 and the kernel's
# semantic patches (scripts/lint.sh sparse warnings coccinelle); not with
# --only-steps.
#
# The result is out/series-check.tsv, a line for each step: how it went, its series,
# its name, what was built, KUnit tests, seconds. --record puts what it says into
# docs/results.md.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"
# shellcheck source=scripts/series/series-lib.sh
. "$ROOT/scripts/series/series-lib.sh"

STEP_TREE=$BUILD/linux-step
STAMPS=$BUILD/stamp/series-check
RESULTS=$OUT/series-check.tsv
# Between these lines docs/results.md has what --record says
MARK='<!-- scripts/series/check.sh --record -->'
MARK_END='<!-- end of it -->'

# The builds that a step has beside that for User Mode Linux
builds_of()
{
	if [ "$(cover_members "$1" | tail -n 1)" = "$2" ]; then
		cover_field "$1" Check
	fi
}

# What a step's result depends on
step_key()
{
	local commit=$1 builds=$2

	hash_of "$(kgit rev-parse "$commit^{tree}")" "$(kgit rev-parse "$commit^^{tree}")" \
		"$ROOT/scripts/series/check.sh" "$ROOT/scripts/kernel/kernel.sh" "$ROOT/tests/kernel" \
		"$ROOT/scripts/guest/kernel-log.sh" \
		"$(gcc --version | head -n 1)" "$builds" ${builds:+"$ROOT/tests/builds"}
}

touched_by()
{
	kgit diff --name-only --diff-filter=d --no-renames "$1^" "$1" -- 'drivers/*.c' | sed 's/\.c$/.o/'
}

# Objects of what the step touches, once more with W=1, as far as this kernel has them
compile_touched()
{
	local objects=() o

	for o in $(touched_by "$1"); do
		[ ! -e "$STEP_TREE/out-um/$o" ] || objects+=("$o")
	done
	[ ${#objects[@]} != 0 ] || return 0
	(cd "$STEP_TREE/out-um" && rm -f "${objects[@]}")
	"$ROOT/scripts/kernel/kernel.sh" make step um W=1 "${objects[@]}" 2>&1
}

# Build one step in a tree of its own, which goes from step to step, so that
# only what a step touches is compiled.
build_step()
{
	worktree "$STEP_TREE" base
	wgit "$STEP_TREE" checkout -q -f --detach "$1"
	# Built anew, so that there is a log, in which its warnings are; and what it touches is
	# there afterwards only if this kernel has it
	rm -f "$STEP_TREE/out-um/.stamp"
	(cd "$STEP_TREE/out-um" 2>/dev/null && touched_by "$1" | xargs -r rm -f) || :
	"$ROOT/scripts/kernel/kernel.sh" build step um
	compile_touched "$1" >"$BUILD/.step-w1" || {
		cat "$BUILD/.step-w1"
		_fail "what the step touches does not compile with W=1"
	}
	if cat "$BUILD/.step-w1" "$LOGS/build-step-um-kernel.log" | grep -E '(warning|error):'; then
		_fail "the step has warnings"
	fi
}

kunit_step()
{
	kunit_um 600 "$STEP_TREE/out-um/linux" "kunit.filter_glob=$SERIES_GLOB" |
		tee "$BUILD/.step.log" |
		python3 "$ROOT/scripts/lib/ktap.py" --require <(echo io-pgtable-arm-test) >"$BUILD/.step.tsv"
	! grep '^fail' "$BUILD/.step.tsv" || _fail "KUnit fails at this step; its log is $BUILD/.step.log"
	# User Mode Linux warns when nobody gave it a bus of PCI devices
	"$ROOT/scripts/guest/kernel-log.sh" -x virtio_pcidev_init "$BUILD/.step.log"
}

# check_step NAME STEP: in a shell of its own, so that one that fails ends none but itself
check_step()
{
	local cover=$1 s=$2 commit builds key start=$SECONDS tests

	commit=$(commit_of "$s")
	builds=$(builds_of "$cover" "$s")
	key=$(step_key "$commit" "$builds")
	if [ -f "$STAMPS/$key" ]; then
		sed "s|^pass\t[^\t]*\t[^\t]*|pass\t$cover\t$s|" "$STAMPS/$key" >>"$RESULTS"
		say "  $s passed before"
		return
	fi
	REMEDY="mend the step in build/linux and run 'make kernel-save'; the compiler's output is in $LOGS/build-step-um-kernel.log"
	step "build $s" build_step "$commit"
	step "kunit $s" kunit_step
	tests=$(grep -c '^pass' "$BUILD/.step.tsv" || :)
	# shellcheck disable=SC2086 # a list of names
	[ -z "$builds" ] || step "other machines $s" "$ROOT/tests/builds/run.sh" --tree "$STEP_TREE" $builds
	mkdir -p "$STAMPS"
	printf 'pass\t%s\t%s\t%s\t%d\t%d\n' "$cover" "$s" "um${builds:+ $builds}" "$tests" $((SECONDS - start)) >"$STAMPS/$key.tmp"
	mv "$STAMPS/$key.tmp" "$STAMPS/$key"
	cat "$STAMPS/$key" >>"$RESULTS"
}

chosen()
{
	local pattern

	[ ${#names[@]} != 0 ] || return 0
	for pattern in "${names[@]}"; do
		[ "$pattern" != "$1" ] && [[ $2 != *"$pattern"* ]] || return 0
	done
	return 1
}

# What docs/results.md says, in Markdown
recorded()
{
	local cover total

	total=$(series_steps "$SERIES_ROOT" | wc -l)
	printf '%s\n' "$MARK"
	# shellcheck disable=SC2016 # quotes of Markdown
	printf '`make series-check` on %s: of %d steps %d were built, each without a warning (W=1 for\nwhat it touches), and passed the KUnit suites that it has; %d failed.\n\n' \
		"$(kgit log -1 --format=%s base)" "$total" "$(grep -c '^pass' "$RESULTS" || :)" "$(grep -c '^fail' "$RESULTS" || :)"
	printf '| series | steps | passed | last step also built for | KUnit tests of the last one |\n| --- | ---: | ---: | --- | ---: |\n'
	for cover in $(cover_order); do
		awk -F '\t' -v cover="$cover" -v steps="$(cover_members "$cover" | wc -l)" '
			$2 == cover && $1 == "pass" { n++; builds = $4; tests = $5 }
			END {
				sub(/^um ?/, "", builds)
				printf "| %s | %d | %d | %s | %s |\n", cover, steps, n, builds, tests
			}' "$RESULTS"
	done
	printf '%s\n' "$MARK_END"
}

record()
{
	grep -qxF -- "$MARK" "$FIGURES_FILE" || die "docs/results.md has no line '$MARK'"
	recorded >"$BUILD/.recorded"
	awk -v mark="$MARK" -v mark_end="$MARK_END" -v new="$BUILD/.recorded" '
		$0 == mark { while ((getline line < new) > 0) print line; skip = 1 }
		!skip { print }
		$0 == mark_end { skip = 0 }' "$FIGURES_FILE" >"$FIGURES_FILE.tmp"
	mv "$FIGURES_FILE.tmp" "$FIGURES_FILE"
}

main()
{
	local cover s problems rc=0 record="" whole=1 all

	FIGURES_FILE=${RECORD_IN:-$ROOT/docs/results.md}
	names=()
	while [ $# -gt 0 ]; do
		case $1 in
		--record) record=1 ;;
		--only-steps) whole= ;;
		-*) die "usage: check.sh [--record] [--only-steps] [NAME|STEP...]" ;;
		*) names+=("$1") ;;
		esac
		shift
	done
	need_packages python3 gcc
	"$ROOT/scripts/kernel/tree.sh"
	need_own_version "what is mailed is for"
	problems=$(series_problems)
	[ -z "$problems" ] || die "$problems"
	locked series-check
	mkdir -p "$OUT"
	: >"$RESULTS"
	all=$(cover_steps)
	while IFS=$'\t' read -r cover s _; do
		chosen "$cover" "$s" || continue
		(check_step "$cover" "$s") </dev/null || {
			printf 'fail\t%s\t%s\n' "$cover" "$s" >>"$RESULTS"
			rc=1
		}
	done <<<"$all"
	[ -s "$RESULTS" ] || die "no step is in a series or has a name of: ${names[*]}"
	[ -z "$record" ] || record
	[ -z "$whole" ] || "$ROOT/scripts/lint.sh" sparse warnings coccinelle || rc=1
	printf '%d steps passed, %d failed; %s\n' "$(grep -c '^pass' "$RESULTS" || :)" "$(grep -c '^fail' "$RESULTS" || :)" "$RESULTS"
	return $rc
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
