#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of what judges the tests: scripts/lib/ktap.py, results.sh and test.sh, on
# logs written here, what guests are run with, tests/vmbind/tap.c and tests/models/pairs.py. Above all, that
# what is missing, cut short or crashed never counts as success, and that what never
# ends does not keep anybody waiting. Prints TAP and writes out/results/results.tsv.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/lib/self-test-lib.sh
. "$ROOT/scripts/lib/self-test-lib.sh"

SUITE=results
RESULTS=$OUT
need_packages gcc libc6-dev procps git python3
result_start $SUITE
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export OUT=$scratch/out BUILD=$scratch/build LOGS=$scratch/build/log

good_log()
{
	cat <<-'EOF'
	Linux version 7.3.4
	KTAP version 1
	1..2
	    KTAP version 1
	    # Subtest: first
	    1..3
	[    0.123456] some driver says something
	    ok 1 one
	        KTAP version 1
	        # Subtest: many
	        ok 1 small
	        ok 2 large # SKIP no memory
	    # many: pass:1 fail:0 skip:1 total:2
	    ok 2 many
	    # three: pass:1 fail:0 skip:0 total:1
	    ok 3 three
	# Totals: pass:3 fail:0 skip:1 total:4
	ok 1 first
	    KTAP version 1
	    # Subtest: second
	    1..1
	    ok 1 only
	ok 2 second
	reboot: System halted
	EOF
}

parse()
{
	python3 "$ROOT/scripts/lib/ktap.py" "$@" >"$scratch/tsv" 2>/dev/null
}

failures()
{
	grep -c '^fail' "$scratch/tsv" || :
}

test_leaves_are_counted()
{
	good_log | parse
	[ "$(grep -c '^pass' "$scratch/tsv")" = 4 ]
	[ "$(failures)" = 0 ]
	grep -qx $'skip\tfirst.many.large\tno memory' "$scratch/tsv"
	grep -qx $'pass\tsecond.only\t' "$scratch/tsv"
}

test_timestamps_do_not_matter()
{
	good_log | sed 's/^/[    1.234567] /' | parse --prefix 'base: '
	[ "$(failures)" = 0 ]
	grep -qx $'pass\tbase: second.only\t' "$scratch/tsv"
}

test_failure_has_its_reason()
{
	good_log | sed -e 's/    ok 1 only/    # only: EXPECTATION FAILED at a.c:7\n    not ok 1 only/' \
		-e 's/^ok 2 second/not ok 2 second/' | parse
	[ "$(failures)" = 1 ]
	grep -q $'^fail\tsecond.only\tonly: EXPECTATION FAILED at a.c:7' "$scratch/tsv"
}

test_suite_that_fails_by_itself_counts()
{
	good_log | sed 's/^ok 2 second/not ok 2 second/' | parse
	[ "$(failures)" = 1 ]
}

test_every_truncation_fails()
{
	local n

	# After any line up to the last result, the log is too short.
	good_log >"$scratch/log"
	for n in $(seq 0 "$(($(grep -n '^ok 2' "$scratch/log" | cut -d: -f1) - 1))"); do
		head -n "$n" "$scratch/log" | parse
		[ "$(failures)" -gt 0 ]
	done
}

test_lost_result_fails()
{
	good_log | sed '/ok 2 large/d; /    ok 2 many/d' | parse
	[ "$(failures)" -gt 0 ]
}

test_missing_suite_fails()
{
	printf '# a comment\nfirst\nthird\n' >"$scratch/required"
	good_log | parse --require "$scratch/required"
	[ "$(failures)" = 1 ]
	grep -q $'^fail\tthird\t' "$scratch/tsv"
}

test_several_logs_are_judged_one_by_one()
{
	good_log >"$scratch/log"
	cat "$scratch/log" "$scratch/log" | parse
	[ "$(grep -c '^pass' "$scratch/tsv")" = 8 ]
	[ "$(failures)" = 0 ]
	{
		sed '/^ok 2 second/,$d' "$scratch/log"
		cat "$scratch/log"
	} | parse
	[ "$(failures)" -gt 0 ]
	grep -q $'^fail\tsecond\tthe log ends inside' "$scratch/tsv"
}

test_crash_fails()
{
	{
		good_log
		printf 'Kernel panic - not syncing: oh no\n'
	} | parse
	grep -q 'Kernel panic' "$scratch/tsv"
	[ "$(failures)" = 1 ]
}

test_sum()
{
	mkdir -p "$OUT/results"
	printf 'pass\ta\t\nskip\tb\tno\n' >"$OUT/results/x.tsv"
	[ "$("$ROOT/scripts/lib/results.sh" x | tail -n 1)" = '1 passed, 0 failed, 1 skipped' ]
	printf 'fail\tc\twhy\n' >>"$OUT/results/x.tsv"
	not "$ROOT/scripts/lib/results.sh" x >"$scratch/sum"
	grep -qx 'FAIL  x: c (why)' "$scratch/sum"
	[ "$(tail -n 1 "$scratch/sum")" = '1 passed, 1 failed, 1 skipped' ]
}

test_no_results_are_a_failure()
{
	: >"$OUT/results/empty.tsv"
	printf 'pass\ta\t\ngarbage\n' >"$OUT/results/garbage.tsv"
	not "$ROOT/scripts/lib/results.sh" empty
	not "$ROOT/scripts/lib/results.sh" nowhere
	not "$ROOT/scripts/lib/results.sh" garbage
	printf 'skip\ta\t\n' >"$OUT/results/skipped.tsv"
	not "$ROOT/scripts/lib/results.sh" skipped
}

# step: the failing command inside a function is caught, and everything said.
test_step_reports_its_failure()
{
	cat >"$scratch/script" <<-EOF
	. "$ROOT/scripts/lib/lib.sh"
	work() { echo first; false; echo never; }
	REMEDY="turn it off and on"
	step "the work" work
	EOF
	not bash "$scratch/script" 2>"$scratch/err"
	grep -q 'error: step "the work" failed' "$scratch/err"
	grep -q 'first' "$scratch/err"
	not grep -q 'never' "$scratch/err"
	grep -q "$BUILD/log/the-work.log" "$scratch/err"
	grep -q 'turn it off and on' "$scratch/err"
}

# The same where bash ignores errexit.
test_step_is_strict_below_a_condition()
{
	cat >"$scratch/script" <<-EOF
	. "$ROOT/scripts/lib/lib.sh"
	list=(one 'two three')
	work() { local l; for l in "\${list[@]}"; do echo "item \$l \$1"; done; false; echo never; }
	outer() { step "the work" work arg || exit 7; echo survived; }
	x=\$(outer) || echo "refused \$x"
	EOF
	bash "$scratch/script" >"$scratch/sum" 2>"$scratch/err"
	grep -qx 'refused ' "$scratch/sum"
	grep -q 'item two three arg' "$scratch/err"
	not grep -q 'never' "$scratch/err"
}

test_stamp_of_other_key_does_not_hold()
{
	not stamp_ok "$scratch/stamp" one
	stamp_set "$scratch/stamp" one
	stamp_ok "$scratch/stamp" one
	not stamp_ok "$scratch/stamp" two
}

test_damaged_download_is_noticed()
{
	mkdir -p "$scratch/dl"
	printf 'content\n' >"$scratch/dl/file"
	not _complete "$scratch/dl"
	(cd "$scratch/dl" && sha256sum file >SHA256SUMS)
	_complete "$scratch/dl"
	printf 'half' >"$scratch/dl/file"
	not _complete "$scratch/dl"
}

test_scenario_that_never_ends()
{
	gcc -Wall -Wextra -Werror -D_GNU_SOURCE -DTAP_GRACE_S=5 \
		-DTAP_SYSRQ="\"$scratch/sysrq\"" -I "$ROOT/tests/vmbind" \
		-o "$scratch/scenario-hangs" "$ROOT/tests/results/scenario-hangs.c" \
		"$ROOT/tests/vmbind/tap.c"
	# With SIGCHLD ignored nobody would hear of a scenario's end
	timeout 60 env --ignore-signal=CHLD "$scratch/scenario-hangs" "$scratch/hangs.json" \
		waits passes >"$scratch/tap"
	grep -q '^not ok 1 .*waits: the scenario comes to its end' "$scratch/tap"
	grep -q '^ok 2 .*passes: it ends' "$scratch/tap"
	not grep -q '^Bail out!' "$scratch/tap"
	not test -e "$scratch/sysrq"
	not timeout 60 "$scratch/scenario-hangs" "$scratch/hangs.json" passes stops never >"$scratch/tap"
	grep -q '^not ok 2 .*stops: the scenario comes to its end' "$scratch/tap"
	grep -q '^Bail out!' "$scratch/tap"
	grep -q '^w$' "$scratch/sysrq"
	grep -q '"passed": 1, "failed": 1' "$scratch/hangs.json"
	not grep -q 'never' "$scratch/tap"
	timeout 60 "$scratch/scenario-hangs" "$scratch/hangs.json" silent passes >"$scratch/tap"
	grep -q '^not ok 1 .*silent: the scenario looks at something' "$scratch/tap"
	grep -q '^ok 2 .*passes: it ends' "$scratch/tap"
}

# This suite is one that takes longer. What comes after it is not begun, and what it
# started in a process group of its own does not stay.
test_suite_that_never_ends()
{
	not env TEST_JOBS=1 TEST_SECONDS=2 RESULTS_STAYS=73019 "$ROOT/scripts/test.sh" results models >"$scratch/sum"
	grep -q '^FAIL  results: results (no end within TEST_SECONDS, 2 s' "$scratch/sum"
	grep -q '^FAIL  models: models (not started: ' "$scratch/sum"
	grep -q '^[0-9]* passed, 2 failed' "$scratch/sum"
	not pgrep -x -f 'sleep 73019'
}

# suites ENTRY...: scripts/test.sh of a root of its own with these suites, which find what
# the others left in $scratch/suites
suites()
{
	local root=$scratch/copy

	rm -rf "$root" "$scratch/suites"
	mkdir -p "$root" "$scratch/suites"
	cp -r "$ROOT/scripts" "$root/"
	printf '%s\n' "$@" >"$scratch/entries"
	# What it begins to build is nothing
	awk -v entries="$scratch/entries" '
		/^(SUITES|BUILDS)=\($/ { print; inside = 1
			while (/^S/ && (getline line <entries) > 0) print "\047" line "\047" }
		/^\)$/ { inside = 0 }
		!inside' "$ROOT/scripts/test.sh" >"$root/scripts/test.sh"
	(cd "$scratch/suites" &&
		ROOT=$root BUILD=$root/build OUT=$root/out LOGS=$root/build/log "$root/scripts/test.sh")
}

# A suite for suites(): touch what it is called, wait for a file, have one result
cat >"$scratch/suite" <<'EOF'
#!/bin/bash
# suite NAME WAITS-FOR
cd "$(dirname "$0")/suites" || exit
touch "$1.began"
for ((i = 0; i < 100; i++)); do
	[ ! -e "$2" ] || break
	sleep 0.1
done
[ -e "$2" ] && how=pass || how=fail
touch "$1.ended"
printf '%s\t%s: it\n' "$how" "$1" >"$OUT/results/$1.tsv"
EOF
chmod +x "$scratch/suite"

test_suites_side_by_side()
{
	TEST_JOBS=2 suites "a|$scratch/suite a b.began" "b|$scratch/suite b a.began" >"$scratch/sum"
	grep -q '^2 passed, 0 failed' "$scratch/sum"
	# One after another they wait in vain
	not env TEST_JOBS=1 bash -c "$(declare -f suites); scratch=$scratch ROOT=$ROOT
		suites 'a|$scratch/suite a b.began' 'b|$scratch/suite b a.began'" >"$scratch/sum"
	grep -q '^1 passed, 1 failed' "$scratch/sum"
}

test_suite_after_another()
{
	TEST_JOBS=2 suites "a|sleep 1; $scratch/suite a /" "b|$scratch/suite b a.ended|a" \
		"c|$scratch/suite c /" >"$scratch/sum"
	grep -q '^3 passed, 0 failed' "$scratch/sum"
	test ! "$scratch/suites/b.began" -ot "$scratch/suites/a.ended"
}

# Who ends it ends all that it began
test_suites_that_are_ended()
{
	local pid

	rm -rf "$scratch/suites"
	suites "a|$scratch/suite a never" "b|sleep 173.021" >/dev/null &
	until [ -e "$scratch/suites/a.began" ]; do sleep 0.1; done
	until pgrep -x -f 'sleep 173[.]021'; do sleep 0.1; done
	pid=$(pgrep -o -f "$scratch/copy/scripts/test.sh")
	kill -TERM "$pid"
	wait $! && return 1
	for _ in {1..50}; do
		pgrep -x -f 'sleep 173[.]021' || return 0
		sleep 0.1
	done
	return 1
}

# pairs LINE...: what tests/models/pairs.py says when these are what a litmus test names
# of a series that adds one function with one barrier; its exit code
pairs()
{
	local tree=$scratch/tree

	if [ ! -d "$tree" ]; then
		git init -q "$tree"
		git -C "$tree" -c user.name=a -c user.email=a@b commit -q --allow-empty -m base
		printf 'void f(void)\n{\n\tsmp_mb();\n}\n' >"$tree/a.c"
		git -C "$tree" add a.c
		git -C "$tree" -c user.name=a -c user.email=a@b commit -q -m series
	fi
	printf ' * %s\n' "$@" >"$scratch/a.litmus"
	python3 -B "$ROOT/tests/models/pairs.py" "$tree" HEAD^ HEAD \
		"$scratch/a.litmus" "$ROOT/tests/models/bind-check.litmus" >"$scratch/pairs"
}

test_litmus_tests_name_their_barriers()
{
	local line

	pairs 'a.c: f() with smp_mb()'
	[ "$(wc -l <"$scratch/pairs")" = 1 ]
	not pairs 'a.c: f()'
	grep -q '^a.c:3: no litmus test names f() with smp_mb()' "$scratch/pairs"
	not pairs 'a.c: f() with 2 smp_mb()'
	grep -q 'f() has 1 smp_mb(), not 2' "$scratch/pairs"
	not pairs 'a.c: f() with smp_mb()' 'a.c: f() with 2 smp_mb()'
	grep -q 'f() has 2 smp_mb(), and 1 in a.litmus' "$scratch/pairs"
	not pairs 'a.c: f() with smp_mb()' 'a.c: g()'
	grep -q 'there is no g() in a.c' "$scratch/pairs"
	for line in 'a.c: f(), f()' ' a.c: f()' 'a.c: f() with smp_mb(), 2 smp_mb()' 'a.c: f() with smp_mb() and mb()'; do
		not pairs 'a.c: f() with smp_mb()' "$line"
		grep -q 'does not name a function and barriers' "$scratch/pairs"
	done
}

# Nothing is done, and what is printed begins with what the script does
test_each_script_says_what_it_does()
{
	local script

	for script in "$ROOT"/scripts/{,*/}*.sh "$ROOT"/tests/*/run.sh "$ROOT"/tests/bench/*.sh; do
		case $script in
		*/lib.sh | *-lib.sh) continue ;;
		esac
		timeout 10 "$script" --help >"$scratch/help" </dev/null
		grep -q '^["A-Za-z]' <(head -n 1 "$scratch/help")
		not grep -q '^#\|^SPDX' "$scratch/help"
	done
	for script in $(git -C "$ROOT" ls-files '*.py'); do
		grep -q '^import argparse\|import arguments\|(sys.argv' "$ROOT/$script" || continue
		timeout 10 python3 -B "$ROOT/$script" --help >"$scratch/help" </dev/null
		[ -s "$scratch/help" ]
	done
}

# What the kernel says is looked for in each log, and one that is not there is no good one
test_kernel_reports_are_found()
{
	printf '[    1.000000] hello\n' >"$scratch/good"
	printf '[    1.000000] ------------[ cut here ]------------\n[    1.0] WARNING: a.c:7 at upstream_warns+0x1/0x2, CPU#0\n' >"$scratch/known"
	"$ROOT/scripts/guest/kernel-log.sh" "$scratch/good"
	not "$ROOT/scripts/guest/kernel-log.sh" "$scratch/good" "$scratch/known"
	not "$ROOT/scripts/guest/kernel-log.sh" "$scratch/good" "$scratch/nowhere"
	"$ROOT/scripts/guest/kernel-log.sh" -x 'at upstream_warns[+]' "$scratch/known"
	not "$ROOT/scripts/guest/kernel-log.sh" -x 'at others_warn[+]' "$scratch/known"
	# What tests/bindcheck says, in its words
	sed -n 's/.*pr_err("\([^%]*\)%.*/[    1.000000] bindcheck: \1/p' "$ROOT/tests/bindcheck/bindcheck.c" >"$scratch/said"
	[ "$(wc -l <"$scratch/said")" -ge 1 ]
	not "$ROOT/scripts/guest/kernel-log.sh" -s "$scratch/said"
	"$ROOT/scripts/guest/kernel-log.sh" "$scratch/said"
}

# with_guests COMMAND: with vmbind-lib.sh, and a repository of which nothing can be built
with_guests()
{
	local root=$scratch/no-kernel script

	for script in qemu/qemu.sh kernel/kernel.sh guest/guest.sh kernel/tree.sh; do
		mkdir -p "$root/scripts/${script%/*}"
		# shellcheck disable=SC2016 # of that script
		printf '#!/bin/sh\n[ "${0##*/}" != kernel.sh ]\n' >"$root/scripts/$script"
		chmod +x "$root/scripts/$script"
	done
	bash -c ". '$ROOT/scripts/lib/lib.sh'; . '$ROOT/scripts/guest/vmbind-lib.sh'
		GUEST_ROOT=\$ROOT; ROOT='$root'; $1"
}

test_kernel_that_does_not_build_is_not_booted()
{
	with_guests 'guest_prepare mutant plain && echo boots || echo stays' >"$scratch/said"
	grep -qx stays "$scratch/said"
	with_guests '(vmbind_prepare mutant plain && echo boots) || echo stays' >"$scratch/said"
	grep -qx stays "$scratch/said"
}

test_configuration_that_says_nothing_fails()
{
	# shellcheck disable=SC2016 # of that shell
	with_guests 'ROOT=$GUEST_ROOT
		run_config() { [ "$1" = silent ] || printf "pass\t%s: it\n" "$1"; }
		suite_run silence loud silent' >"$scratch/said" && return 1
	grep -qx '1 passed, 1 failed, 0 skipped' "$scratch/said"
	grep -q '^fail.silent: has results' "$OUT/results/silence.tsv"
}

# guest_says NAME RC OUTPUT: what vmbind_results makes of it
guest_says()
{
	mkdir -p "$OUT/guest/$1"
	printf '%b' "$3" >"$OUT/guest/$1/stdout"
	with_guests "vmbind_results $1 $2" >"$scratch/tsv"
}

test_program_that_fails_without_a_point_fails()
{
	guest_says well 0 'ok 1 - a\nok 2 - b # SKIP no\n1..2\n'
	[ "$(failures)" = 0 ]
	guest_says ill 1 'ok 1 - a\n1..1\n'
	[ "$(failures)" = 1 ]
	guest_says told 1 'not ok 1 - a\n1..1\n'
	[ "$(failures)" = 1 ]
	guest_says skips 0 'not ok 1 - a # SKIP no\n1..1\n'
	[ "$(failures)" = 1 ]
	printf 'not ok 1 - a # skip no\n1..1\n' | "$ROOT/scripts/lib/tap-results.sh" x 0 >"$scratch/tsv"
	[ "$(failures)" = 1 ]
}

# As on a full disk
test_results_that_can_not_be_written_fail()
{
	not suites "a|$scratch/suite a /" "b|rm -rf \"\$OUT/results\"; : >\"\$OUT/results\"; exit 1" >"$scratch/sum"
	grep -q 'could not be written' "$scratch/sum"
}

# faulting ADDRESS...: a program of IGT's form that fails the first time, in a kernel log
# with a fault at each address, those after "-" since its subtest began
faulting()
{
	local at

	mkdir -p "$scratch/igt"
	rm -f "$scratch/igt/failed"
	for at; do
		if [ "$at" = - ]; then
			echo "[   90.371511] [IGT] fails_once: starting subtest second"
		else
			echo "panthor b000000.gpu: [drm] *ERROR* Unhandled Page fault in AS1 at VA $at"
		fi
	done >"$scratch/igt/klog"
	cat >"$scratch/igt/fails_once" <<-EOF
	#!/bin/bash
	[ "\$1" != --list-subtests ] || { echo second; exit; }
	result=SUCCESS
	[ -f "$scratch/igt/failed" ] || result=FAIL
	touch "$scratch/igt/failed"
	echo "Subtest second: \$result (0.013s)"
	[ \$result = SUCCESS ] || exit 98
	EOF
	printf '#!/bin/sh\ncat "%s"\n' "$scratch/igt/klog" >"$scratch/igt/dmesg"
	# The guest has none
	printf '#!/bin/sh\nexit 127\n' >"$scratch/igt/awk"
	chmod +x "$scratch/igt/fails_once" "$scratch/igt/dmesg" "$scratch/igt/awk"
}

# in_igt OPTION...: the verdict on that program
in_igt()
{
	IGT_LOGS=$scratch/igt PATH=$scratch/igt:$PATH \
		bash "$ROOT/tests/igt/guest.sh" --ours "$@" fails_once | cut -f 1
}

test_fault_of_another_is_upstreams_only()
{
	local other=0x8000202000 same=0x8000201000

	faulting "$other" "$same" - "$same" "$other"
	[ "$(in_igt --upstream)" = pass ] || return 1
	faulting "$other" "$same" - "$same"
	[ "$(in_igt)" = fail ] || return 1
	for log in "$other $same - $other" "$same -" "- $same" "$same $same" "$same - $other $same"; do
		# shellcheck disable=SC2086
		faulting $log
		[ "$(in_igt --upstream)" = fail ] || return 1
	done
}

# What a mutant costs: the rest says nothing more of it
test_igt_ends_with_the_first_failure_when_told()
{
	faulting
	cat >"$scratch/igt/fails_once" <<-'EOF'
	#!/bin/bash
	[ "$1" != --list-subtests ] || { echo first second third; exit; }
	[ "$2" != second ] || { echo "Subtest second: FAIL (0.0s)"; exit 98; }
	echo "Subtest $2: SUCCESS (0.0s)"
	EOF
	[ "$(in_igt --first | tr '\n' ' ')" = 'pass fail ' ] || return 1
	[ "$(in_igt | tr '\n' ' ')" = 'pass fail pass ' ]
}

# igt_report LINE...: the verdicts of tests/igt/report.py on a raw file of these lines
igt_report()
{
	local rc=0

	mkdir -p "$scratch/igt/results"
	printf '%b\n' "$@" >"$scratch/igt/raw"
	printf '%b\n' '*\tknown\tfail\twhy\t-110' 'reserve-*\tworse\tskip\twhy' >"$scratch/igt/expected"
	python3 -B "$ROOT/tests/igt/report.py" "$scratch/igt/raw" "$scratch/igt/expected" \
		"$scratch/igt" >"$scratch/igt/sum" || rc=$?
	cut -f 1,2 "$scratch/igt/results/igt.tsv"
	return "$rc"
}

test_known_failure_of_igt_hides_no_other()
{
	local known='reserve-plain\tfail\tknown\t-110 != 0'

	[ "$(igt_report "$known" 'reserve-plain\tpass\ta\t')" = "$(printf '%b\n' \
		'skip\treserve-plain: known' 'pass\treserve-plain: a')" ] || return 1
	not igt_report 'reserve-plain\tfail\tknown\t-5 != 0' >/dev/null
	not igt_report "$known" 'reserve-plain\tlog\tknown\tBUG: KASAN' >/dev/null
	not igt_report 'reserve-plain\tpass\tknown\t' >/dev/null
}

test_igt_is_no_worse_than_on_upstreams_kernel()
{
	igt_report 'base-plain\tpass\ta\t' 'base-plain\tpass\tb\t' 'reserve-debug\tpass\ta\t' >/dev/null
	not igt_report 'base-plain\tpass\ta\t' 'base-plain\tpass\tb\t' \
		'reserve-plain\tpass\ta\t' >/dev/null
	not igt_report 'base-plain\tpass\tworse\t' 'reserve-plain\tskip\tworse\t' >/dev/null
}

test_lock_is_not_waited_for_by_who_has_it()
{
	timeout 10 bash -c ". '$ROOT/scripts/lib/lib.sh'; locked a; locked a; (locked a)"
	# Somebody else waits
	not timeout 2 bash -c ". '$ROOT/scripts/lib/lib.sh'; locked a
		bash -c \". '$ROOT/scripts/lib/lib.sh'; locked a\""
}

test_damaged_archive_is_made_again()
{
	local tar=$scratch/cache/a.tar

	archive()
	{
		bash -c ". '$ROOT/scripts/lib/lib.sh'
			suite_unpack() { echo made >>'$scratch/made'; echo whole >\"\$3\"; }
			suite_tar suite arch '$tar' package"
	}
	archive
	archive
	[ "$(wc -l <"$scratch/made")" = 1 ]
	echo half >"$tar"
	archive
	[ "$(wc -l <"$scratch/made")" = 2 ]
	rm "$tar.sum"
	archive
	[ "$(wc -l <"$scratch/made")" = 3 ]
	grep -qx whole "$tar"
}

# bench_report LOG-LINES...: of the base and the reserve kernel each, P7 and P8
bench_report()
{
	mkdir -p "$scratch/bench"
	printf 'bench: P7 a_instrs 100\nbench: P8 allocations_signalling 0\n' >"$scratch/bench/base-1"
	printf '%s\n' "$@" >"$scratch/bench/reserve-1"
	printf 'P7 a_instrs ratio 1\nP8 allocations_signalling most 0\nP9 x_ns most 1\n' >"$scratch/promises"
	python3 "$ROOT/tests/bench/report.py" "$scratch/promises" "$scratch/bench" \
		"$scratch/bench.json" P7 P8 >"$scratch/sum"
}

test_bench_promises_are_kept()
{
	bench_report 'bench: P7 a_instrs 50' 'bench: P8 allocations_signalling 0'
	not grep -q 'missed' "$scratch/sum"
	not bench_report 'bench: P7 a_instrs 101' 'bench: P8 allocations_signalling 1'
	grep -qx 'missed: P7 a_instrs: 0.990, promised ratio 1' "$scratch/sum"
	grep -q 'missed: P8 allocations_signalling: 1' "$scratch/sum"
	not bench_report 'bench: P7 a_instrs 50'
	grep -q 'missed: P8 allocations_signalling: no figure' "$scratch/sum"
}

test_bench_compares_with_faster_walks()
{
	local log=$scratch/bench3

	mkdir -p "$log"
	printf 'bench: P1 a_ns 400\nbench: P1 pages_taken 3\n' >"$log/base-1"
	printf 'bench: P1 a_ns 200\nbench: P1 pages_taken 3\n' >"$log/walks-1"
	printf 'bench: P1 a_ns 100\nbench: P1 pages_taken 0\nbench: P13 alone_ns 9\nbench: P13 beside_ns 10\n' \
		>"$log/reserve-1"
	printf 'bench: P10 %s_scaling %s\n' alloc 1.50 missing 1.20 >>"$log/reserve-1"
	printf 'bench: P10 %s_scaling %s\n' alloc 1.50 missing 1.80 >"$log/reserve-2"
	printf 'bench: P10 %s_scaling %s\n' alloc 1.40 missing 1.95 >"$log/reserve-3"
	printf 'P1 a_ns ratio 2\nP1w a_ns ratio 2\nP13 beside_throughput least 0.9\n' >"$scratch/promises"
	printf 'P10 missing_against_alloc least 1.2\n' >>"$scratch/promises"
	printf '[{"scenario": "P1w", "metric": "old"}, {"scenario": "P7", "metric": "x"}]' >"$scratch/bench.json"
	python3 "$ROOT/tests/bench/report.py" "$scratch/promises" "$log" "$scratch/bench.json" P1 P10 P13 >"$scratch/sum"
	python3 - "$scratch/bench.json" <<-'EOF'
	import json, sys
	rows = {(r["scenario"], r["metric"]): r for r in json.load(open(sys.argv[1]))}
	assert rows["P1", "a_ns"]["base"] == 200 and rows["P1", "a_ns"]["ratio"] == 2
	assert rows["P1w", "a_ns"]["base"] == 400 and rows["P1w", "a_ns"]["reserve"] == 200
	assert rows["P1", "pages_taken"]["base"] == 3
	assert rows["P10", "missing_scaling"]["reserve"] == 1.8
	assert abs(rows["P10", "missing_against_alloc"]["reserve"] - 1.2) < 0.001
	assert rows["P10", "missing_against_alloc"]["better"] == "higher"
	assert ("P1w", "pages_taken") not in rows and ("P1w", "old") not in rows
	assert ("P7", "x") in rows
	EOF
	printf 'P1w a_ns ratio 3\n' >"$scratch/promises"
	not python3 "$ROOT/tests/bench/report.py" "$scratch/promises" "$log" "$scratch/bench.json" P1 P10 P13 >"$scratch/sum"
	grep -qx 'missed: P1w a_ns: 2.000, promised ratio 3' "$scratch/sum"
}

test_bench_keeps_the_rows_of_others()
{
	printf '[{"scenario": "P9", "metric": "x_ns"}, {"scenario": "P7", "metric": "old"}]' >"$scratch/bench.json"
	bench_report 'bench: P7 a_instrs 50' 'bench: P8 allocations_signalling 0'
	grep -q '"x_ns"' "$scratch/bench.json"
	not grep -q '"old"' "$scratch/bench.json"
	not bench_report 'bench: P10 a_ns 50'
}

# flight_of FOLDER PICTURE: what a flight of one picture leaves
flight_of()
{
	local at='{"pages": 3}'

	mkdir -p "$1"
	cat >"$1/flight.json" <<-END
	{"driver": "none", "size": 1073741824, "budget": 8388608, "tiles": 16384, "make_ns": 5000000,
	 "empty": $at, "made": $at, "reclaimed": $at,
	 "frames": [{"loads": 2, "evictions": 1, "binds": 3, "call_ns": 6000, "before": $at, "queued": $at}]}
	END
	printf '{"looks": [], "stats": null}' >"$1/gpu.json"
	printf '{"points": [{"result": "pass", "name": "flight: c", "detail": ""}]}' >"$1/points.json"
	printf '%s' "$2" >"$1/frame-000.ppm"
}

# run_report ALLOCATIONS [PICTURE]: of a run in which all else is well; with a picture, of
# two, whose first flight saw another one
run_report()
{
	local what how kernels=("upstream=$scratch/run")

	flight_of "$scratch/run/flight" "${2:-hill}"
	printf '{"points": [{"result": "pass", "name": "a: b", "detail": ""}], "pages": []}' |
		tee "$scratch/run/vmbind.json" >"$scratch/run/huge.json"
	printf '{"looks": [], "stats": null}' >"$scratch/run/gpu.json"
	{
		for what in tile alone rebind batch active; do
			for how in sync async; do
				echo "bench: P7 ${how}_${what}_instrs 1000"
			done
		done
		printf 'bench: P8 jobs 3\nbench: P8 allocations_preparing 5\n'
		printf 'bench: P8 allocations_signalling %s\n' "$1"
	} >"$scratch/run/costs.console"
	if [ -n "${2:-}" ]; then
		rm -rf "$scratch/first"
		cp -r "$scratch/run" "$scratch/first"
		flight_of "$scratch/first/flight" hill
		kernels=("upstream=$scratch/first" "reserve=$scratch/run")
	fi
	python3 "$ROOT/tests/vmbind/report.py" "$scratch/run.json" "${kernels[@]}" >"$scratch/sum"
}

test_run_fails_on_another_picture()
{
	run_report 0 hill
	grep -q 'microseconds of vkQueueBindSparse.* 2\.0 ' "$scratch/sum"
	not run_report 0 lake
	grep -q 'FAIL  flight: the pictures are those of upstream (0 of 1)' "$scratch/sum"
}

test_run_fails_on_an_allocation()
{
	run_report 0
	not run_report 1
	grep -q 'FAIL  costs: none in the fence-signalling' "$scratch/sum"
	not run_report ''
}

# program_of NAME RC TEXT: what a guest of "make programs" leaves
program_of()
{
	mkdir -p "$scratch/guest/program-$1"
	echo "0 12" >"$scratch/guest/program-$1/host"
	echo "$2" >"$scratch/guest/program-$1/rc"
	printf '%s\n' "$3" >"$scratch/guest/program-$1/said.txt"
}

test_programs_are_told_by_any_awk()
{
	rm -rf "$scratch/guest"
	program_of clinfo 0 'Mali-G610'
	program_of op-ADD 0 $'  ADD(type=f32): \e[1;32mOK\e[0m\n  ADD(type=q4): not supported [Vulkan0]'
	program_of cl-math 0 $'a.cl: one: pass\na.cl: pass\nb.cl: skip'
	OUT=$scratch "$ROOT/tests/programs/run.sh" -r >"$scratch/said"
	python3 - "$scratch/programs.json" <<-'EOF'
	import json, sys
	told = json.load(open(sys.argv[1]))["programs"]
	assert [p["name"] for p in told] == ["clinfo", "cl-math", "op-ADD"]
	assert [(p["ok"], p["fail"], p["not_supported"]) for p in told] == [(None,) * 3, (2, 0, 1), (1, 0, 1)]
	EOF
	# What is known to fail is counted apart, and told when it does not
	program_of cl-math 0 $'a.cl: pass\nx/builtin-float-cos-1.0.generated.cl: fail'
	OUT=$scratch "$ROOT/tests/programs/run.sh" -r >"$scratch/said" 2>&1
	grep -q '"ok": 1, "fail": 0, "known": 1' "$scratch/programs.json"
	not grep -q 'which tests/programs/known' "$scratch/said"
	program_of cl-math 0 'x/builtin-float-cos-1.0.generated.cl: pass'
	OUT=$scratch "$ROOT/tests/programs/run.sh" -r >"$scratch/said" 2>&1
	grep -q 'cos-1.0.generated.cl passes, which tests/programs/known' "$scratch/said"
	# What fails, crashes, says nothing or leaves no exit code has failed
	program_of cl-math 0 $'a.cl: pass\nb.cl: crash'
	not env OUT="$scratch" "$ROOT/tests/programs/run.sh" -r
	program_of cl-math 0 'a.cl: pass'
	program_of op-ADD 1 '  ADD(type=f32): OK'
	not env OUT="$scratch" "$ROOT/tests/programs/run.sh" -r
	program_of op-ADD 0 ''
	not env OUT="$scratch" "$ROOT/tests/programs/run.sh" -r
	rm -r "$scratch/guest"
	not env OUT="$scratch" "$ROOT/tests/programs/run.sh" -r
}

# race_of FUNCTION: what KCSAN says of a race of a driver with it
race_of()
{
	local at

	for at in 3.1 4.2; do
		cat <<-END
		[    $at] ==================================================================
		[    $at] BUG: KCSAN: data-race in $1 / some_reader
		[    $at]
		[    $at] write to 0xffff00000b2d5c28 of 4 bytes by task 210 on cpu 1:
		[    $at]  helper+0x70/0x198
		[    $at]  $1+0x70/0x198 $2
		[    $at]  caller_$at+0x1/0x2
		[    $at]
		[    $at] read to 0xffff00000b2d5c28 of 4 bytes by task 211 on cpu 0:
		[    $at]  some_reader+0x10/0x20
		[    $at]
		[    $at] value changed: 0x00000001 -> 0x00000002
		[    $at]
		[    $at] Reported by Kernel Concurrency Sanitizer on:
		[    $at] CPU: 0 UID: 0 PID: 211 Comm: campaign Not tainted 7.3.4 #1
		[    $at] ==================================================================
		[    $at] arm_lpae_later+0x1/0x2
		END
	done
}

# races: what the campaign takes them for
races()
{
	awk -f "$ROOT/tests/campaign/reports.awk" \
		<("$ROOT/scripts/guest/kernel-log.sh" -l "$scratch/races") "$scratch/races"
}

test_races_of_others_are_told_apart()
{
	{
		race_of ep_poll ''
		race_of group_schedule '[panthor]'
		race_of iopte_page_get ''
		race_of __arm_lpae_unmap ''
	} >"$scratch/races"
	races >"$scratch/said"
	# Once each, whatever called it
	[ "$(wc -l <"$scratch/said")" = 4 ]
	[ "$(grep -c 'KCSAN elsewhere: data-race in ep_poll / some_reader < helper < ep_poll' "$scratch/said")" = 1 ]
	[ "$(grep -c 'KCSAN: data-race in [_agi]' "$scratch/said")" = 3 ]
	[ "$(cut -f 2 "$scratch/said" | grep -cE "$(sed -n 's/^\*\t\([^\t]*\)\t.*/\1/p' "$ROOT/tests/campaign/known")")" = 1 ]
}

# With any awk: words keep their letters, and two reports of one mistake at two addresses
# are one
test_reports_lose_addresses_only()
{
	local at

	for at in ffff00000b2d5c28 ffff0000deadbeef; do
		printf '[    3.1] BUG: unable to handle page fault for an address: %s\n' "$at"
	done >"$scratch/races"
	races >"$scratch/said"
	[ "$(cut -f 2 "$scratch/said")" = 'BUG: unable to handle page fault for an address: N' ]
}

# For test_suite_that_never_ends, which runs this
[ -z "${RESULTS_STAYS:-}" ] || timeout "$RESULTS_STAYS" sleep "$RESULTS_STAYS" || exit 1
run_tests
