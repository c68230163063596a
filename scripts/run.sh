#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "make run": the VM_BIND demonstration on a virtual Mali, and its report.
#
#   scripts/run.sh [KERNEL...]     base reserve when none is given
#   scripts/run.sh --suite         reserve as a test suite, to out/results/run.tsv
#
# Builds what is missing. Each kernel is booted four times: for vmbind, with a
# look at the GPU's walker over QMP meanwhile; for binds so large that upstream's
# kernel warns; in the guest of scripts/guest/exact-lib.sh, for instructions and
# allocations; and for the flight of tests/stream, which the suite makes a shorter
# one. The report is the last thing on stdout; out/run.json holds the same, and
# out/report.html shows it (the suite's are run-suite.json and .html). Exits 0 only
# when every test point passed and no kernel reported a mistake of its own, but for
# that one warning of upstream's.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/guest/exact-lib.sh
. "$ROOT/scripts/guest/exact-lib.sh"

# What upstream says to an array of more than 4 MiB
KNOWN_WARNING='WARNING: mm/page_alloc\.c:[0-9]* at __alloc_frozen_pages_noprof'
EXIT_KERNEL=97

# result_of NAME FROM TO: what the guest NAME left, to the report
result_of()
{
	[ -s "$2" ] || {
		tail -n 20 "$LOGS/$1.log" | sed 's/^/    /' >&2
		die "vmbind left no result; see $LOGS/$1.log and $OUT/log/guest-$1.log"
	}
	cp "$2" "$3"
}

# Sets guest_rc: what guest.sh said.
run_kernel()
{
	local name=run-$1 dir=$OUT/guest/run-$1 to=$OUT/run/$1 watcher

	say "  vmbind in the guest, kernel $1"
	# The watcher must not find the run before.
	rm -rf "$dir"
	"$ROOT/tests/vmbind/watch.py" "$dir" "$to/gpu.json" 2>"$LOGS/watch-$1.log" &
	watcher=$!
	guest_rc=0
	"$ROOT/scripts/guest/guest.sh" run --kernel "$1" --name "$name" --append "$EXACT_COUNTS" \
		-- "vmbind --pause /out/go --json /out/vmbind.json" >"$LOGS/$name.log" 2>&1 || guest_rc=$?
	wait_for_watcher "$watcher"
	result_of "$name" "$dir/vmbind.json" "$to/vmbind.json"
	[ -s "$to/gpu.json" ] ||
		die "nothing was seen of the GPU over QMP; see $LOGS/watch-$1.log"
}

# Sets guest_rc. Where upstream warns, and only of that, the file "warned" is there.
run_huge()
{
	local name=run-$1-huge to=$OUT/run/$1

	say "  binds of 1 TiB and more, kernel $1"
	guest_rc=0
	"$ROOT/scripts/guest/guest.sh" run --kernel "$1" --name "$name" --append "$EXACT_COUNTS" \
		-- "vmbind --json /out/vmbind.json huge" >"$LOGS/$name.log" 2>&1 || guest_rc=$?
	result_of "$name" "$OUT/guest/$name/vmbind.json" "$to/huge.json"
	if [ "$1" = base ] && [ "$guest_rc" = $EXIT_KERNEL ] && only_known_warning "$OUT/guest/$name/dmesg"; then
		: >"$to/warned"
		guest_rc=0
	fi
}

# The kernel's log without that one warning has nothing to complain of.
only_known_warning()
{
	grep -q "$KNOWN_WARNING" "$1" || return 1
	sed -e "\\|$KNOWN_WARNING|d" -e '/-\[ cut here \]-/d' "$1" >"$LOGS/.other-warnings"
	[ "$(grep -c 'cut here' "$1")" = 1 ] &&
		"$ROOT/scripts/guest/kernel-log.sh" "$LOGS/.other-warnings"
}

# Sets guest_rc
run_costs()
{
	local dir=$BUILD/run/$1 to=$OUT/run/$1

	exact_prepare "$dir" "$1" bindcost
	say "  instructions and allocations, kernel $1"
	exact_initramfs "$dir" "bindcost --short"
	exact_run "$dir" "$to/costs" 0 || :
	guest_rc=$(exact_status "$to/costs")
	"$ROOT/scripts/guest/kernel-log.sh" "$to/costs.console" || guest_rc=$EXIT_KERNEL
	# It has no points: all or nothing
	[ "$guest_rc" != 1 ] || guest_rc=2
}

# Sets guest_rc
run_flight()
{
	guest_rc=0
	# shellcheck disable=SC2086 # words, or none
	"$ROOT/tests/stream/run.sh" ${RUN_FRAMES:+--frames $RUN_FRAMES} "$1" >"$LOGS/run-$1-flight.log" || guest_rc=$?
	cp -r "$OUT/stream/$1" "$OUT/run/$1/flight"
	[ -s "$OUT/run/$1/flight/flight.json" ] ||
		die "the flight left no result; see $LOGS/stream-$1.log"
}

# complain LOG: a guest that did more than fail a point of its own
complain()
{
	[ "$guest_rc" -gt 1 ] || return 0
	rc=1
	tail -n 12 "$1" >&2
}

main()
{
	local kernel sources=() rc=0

	locked suite-run
	need_packages python3
	for kernel; do
		vmbind_prepare "$kernel" plain
	done
	guest_program bindcost bindcost >/dev/null
	mkdir -p "$LOGS"
	for kernel; do
		rm -rf "$OUT/run/$kernel"
		mkdir -p "$OUT/run/$kernel"
		run_kernel "$kernel"
		complain "$LOGS/run-$kernel.log"
		run_huge "$kernel"
		complain "$LOGS/run-$kernel-huge.log"
		run_costs "$kernel"
		complain "$OUT/run/$kernel/costs.console"
		run_flight "$kernel"
		complain "$LOGS/stream-$kernel.log"
		sources+=("$(label "$kernel")=$OUT/run/$kernel")
	done
	"$ROOT/tests/vmbind/report.py" "${RUN_JSON:-$OUT/run.json}" "${sources[@]}" || rc=1
	"$ROOT/tests/report/page.py" "${RUN_JSON:-$OUT/run.json}" "${RUN_PAGE:-$OUT/report.html}" || rc=1
	say "The same with pictures: ${RUN_PAGE:-$OUT/report.html}"
	return $rc
}

# The report's points are the suite's, and what else went wrong is one more.
suite()
{
	local rc=0 json=$OUT/run-suite.json page=$OUT/run-suite.html

	rm -f "$json" "$page"
	RUN_JSON=$json RUN_PAGE=$page RUN_FRAMES=8 "$ROOT/scripts/run.sh" reserve || rc=$?
	result_start run
	[ ! -s "$json" ] || python3 - "$json" >"$OUT/results/run.tsv" <<-END
		import json, sys
		for run in json.load(open(sys.argv[1])):
		    for p in run["points"]:
		        print(p["result"], p["name"], p["detail"], sep="\t")
	END
	if [ $rc = 0 ] || grep -q '^fail' "$OUT/results/run.tsv"; then
		result run pass "the report is made"
	else
		result run fail "the report is made" "exit code $rc"
	fi
	"$ROOT/scripts/lib/results.sh" run
}

label()
{
	case $1 in
	base) echo upstream ;;
	*) echo "$1" ;;
	esac
}

if [ "${1:-}" = --suite ]; then
	suite
	exit
fi
[ $# -gt 0 ] || set -- base reserve
main "$@"
