#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The suite "igt": tests of IGT's form in the guest. IGT's own for Panthor, those of its
# other ones that a driver without a display can run, and ours (igt/), test by test on each
# kernel.
#
#   tests/igt/run.sh build                  build igt/ for the guest, print its programs
#   tests/igt/run.sh [test [TREE-FLAVOUR...]]   all tests; on base-plain, base-debug,
#                                           reserve-plain and reserve-debug if none is given
#   tests/igt/run.sh quick                  what "make test" has time for: IGT's own on
#                                           all but base-debug, ours on the plain ones
#
# The kernel's log is looked at after each subtest: a report of the kernel about itself is
# the failure of the subtest that it came in. A skip that igt/expected does not list with
# a reason fails as well, and so does an entry there that is not so any more.
#
# Writes out/results/igt.tsv, out/igt.json, and out/igt.txt with a line a test; what the
# tests said is in out/guest/igt-TREE-FLAVOUR/, igt-generic-... and igt-ours-...

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

# What IGT 2.5 has for Panthor, and those of its other tests that do not skip
PANTHOR=(panthor_query panthor_gem panthor_vm panthor_group)
GENERIC=(core_debugfs core_getclient core_getstats core_getversion core_sysfs sw_sync
	syncobj_basic syncobj_eventfd syncobj_timeline syncobj_wait)
# How many results there are at least. More is welcome, less is a broken run.
PANTHOR_FLOOR=23
GENERIC_FLOOR=200
OURS_FLOOR=183
ALL=(base-plain base-debug reserve-plain reserve-debug)
RAW=$OUT/results/.igt

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

_igt_make()
{
	local cross=aarch64-linux-gnu-

	[ "$(uname -m)" != aarch64 ] || cross=
	make -C "$ROOT/igt" O="$BUILD/igt/obj" CROSS_COMPILE="$cross" \
		UAPI="$BUILD/vmbind/headers/usr" -j"$JOBS"
}

our_programs()
{
	make -s -C "$ROOT/igt" list
}

cmd_build()
{
	local bin=$BUILD/guest/share/bin program

	vmbind_build >/dev/null
	(
		locked igt
		mkdir -p "$BUILD/igt/obj" "$bin"
		step "igt build" _igt_make
		for program in $(our_programs); do
			guest_install "$BUILD/igt/obj/$program" "$bin/$program"
			printf '%s\n' "$bin/$program"
		done
	) || exit 1
}

guest_problem()
{
	case $1 in
	0) ;;
	98) echo "the guest ended before the tests did" ;;
	124) echo "the guest did not end in time" ;;
	*) echo "exit code $1" ;;
	esac
}

# split_log LOG DIR: a file for what the kernel said in each subtest, and "outside" for
# the rest. IGT and our harness tell the kernel's log where one starts.
split_log()
{
	rm -rf "$2"
	mkdir -p "$2"
	tr -d '\r' <"$1" | awk -v dir="$2" '
		BEGIN { file = dir "/outside" }
		match($0, /\[IGT\] [^:]*: starting subtest /) {
			name = substr($0, RSTART, RLENGTH)
			sub(/^\[IGT\] /, "", name)
			sub(/: starting subtest $/, "", name)
			file = dir "/" name "@" substr($0, RSTART + RLENGTH)
		}
		/\[IGT\] [^:]*: (exiting|executing)/ { file = dir "/outside" }
		{ print >file }'
}

# blame KERNEL LOG: "log" lines for the subtests in which the kernel complained
blame()
{
	local dir=$OUT/results/.igt-log-$1 part what

	split_log "$2" "$dir"
	for part in "$dir"/*; do
		! "$ROOT/scripts/guest/kernel-log.sh" -s "$part" >/dev/null 2>"$dir.what" || continue
		what=$(sed -n '2s/^ *//p' "$dir.what")
		printf '%s\tlog\t%s\t%s\n' "$1" "${part##*/}" "$what"
	done
	rm -rf "$dir" "$dir.what"
}

# in_guest KERNEL SET FLOOR COMMAND [OPTION...]: one boot, its raw lines on stdout; the SET
# is "ours", "generic", or none: IGT's for Panthor
in_guest()
{
	local kernel=$1 set=$2 floor=$3 command=$4 name rc=0 lines n blamed

	name=igt-${set:+$set-}$1
	set=${set:-IGT\'s for Panthor}
	shift 4
	lines=$("$ROOT/scripts/guest/guest.sh" run --kernel "${kernel%-*}" --flavour "${kernel##*-}" \
		--name "$name" "$@" -- "$command" 2>"$LOGS/$name.log") || rc=$?
	sed -nE "s/^(pass|fail|skip)\t/$kernel\t\1\t/p" <<<"$lines"
	n=$(grep -cE '^(pass|fail|skip)' <<<"$lines") || :
	if [ "$n" -lt "$floor" ]; then
		printf '%s\tfail\tno test of %s is missing\t%s of %s\n' "$kernel" "$set" "$n" "$floor"
	fi
	case $rc in
	0) ;;
	97)
		blamed=$(blame "$kernel" "$OUT/log/guest-$name.log")
		# Until there is user space the console is quiet
		[ -n "$blamed" ] || blamed=$(printf '%s\tfail\tthe guest of %s\t%s' "$kernel" "$set" \
			"a report that belongs to no subtest, see build/log/$name.log")
		printf '%s\n' "$blamed"
		;;
	*) printf '%s\tfail\tthe guest of %s\t%s, see build/log/%s.log\n' "$kernel" "$set" \
		"$(guest_problem $rc)" "$name" ;;
	esac
}

# A script, and the arguments that follow it in the guest
guest_script()
{
	printf 'set -- %s\n%s\n' "${*}" "$(cat "$ROOT/tests/igt/guest.sh")"
}

igts_own()
{
	say "IGT on $1"
	in_guest "$1" '' $PANTHOR_FLOOR "$(guest_script "${PANTHOR[@]}")"
}

# Time is the guest's own here and in ours(): what these tests give a wait, and jobs, is
# short, and hosts are busy
generic()
{
	say "IGT's generic tests on $1"
	in_guest "$1" generic $GENERIC_FLOOR "$(guest_script "${GENERIC[@]}")" --icount
}

ours()
{
	local programs options=(--ours)

	[[ $1 != base-* ]] || options+=(--upstream)
	mapfile -t programs < <(our_programs)
	say "ours on $1"
	in_guest "$1" ours $OURS_FLOOR "$(guest_script "${options[@]}" "${programs[@]}")" \
		--icount --inject
}

ours_to_file()
{
	ours "$1" >"$RAW-$1"
}

prepare()
{
	local kernel

	locked suite-igt
	mkdir -p "$OUT/results" "$LOGS"
	cmd_build >/dev/null
	for kernel; do
		guest_prepare "${kernel%-*}" "${kernel##*-}"
	done
}

report()
{
	python3 -B "$ROOT/tests/igt/report.py" "$RAW" "$ROOT/igt/expected" "$OUT"
}

cmd_test()
{
	local kernel

	[ $# -gt 0 ] || set -- "${ALL[@]}"
	prepare "$@"
	for kernel; do
		igts_own "$kernel"
		generic "$kernel"
		ours "$kernel"
	done >"$RAW"
	report
}

cmd_quick()
{
	local kernel

	prepare base-plain reserve-plain reserve-debug
	for kernel in base-plain reserve-plain reserve-debug; do
		igts_own "$kernel"
	done >"$RAW"
	side_by_side "$(nproc)" ours_to_file base-plain reserve-plain
	cat "$RAW-base-plain" "$RAW-reserve-plain" >>"$RAW"
	rm "$RAW-base-plain" "$RAW-reserve-plain"
	report
}

case ${1:-test} in
build) cmd_build ;;
quick) cmd_quick ;;
test) cmd_test "${@:2}" ;;
*) usage ;;
esac
exit
