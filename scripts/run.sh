#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "make run": the VM_BIND demonstration on a virtual Mali, and its report.
#
#   scripts/run.sh [KERNEL...]     base when none is given
#
# Builds what is missing, boots the guest once for each kernel, runs vmbind in
# it, and looks at the GPU's walker over QMP meanwhile. The report is the last
# thing on stdout; out/run.json holds the same. Exits 0 only when every test
# point passed and no kernel reported a mistake of its own.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/vmbind-lib.sh
. "$(dirname "$0")/vmbind-lib.sh"

# Sets guest_rc: what guest.sh said.
run_kernel()
{
	local name=run-$1 dir=$OUT/guest/run-$1 watcher

	say "  vmbind in the guest, kernel $1"
	mkdir -p "$LOGS"
	# The watcher must not find the run before.
	rm -rf "$dir"
	"$ROOT/tests/vmbind/watch.py" "$dir" "$OUT/run-$1-gpu.json" 2>"$LOGS/watch-$1.log" &
	watcher=$!
	guest_rc=0
	"$ROOT/scripts/guest.sh" run --kernel "$1" --name "$name" --append "$EXACT_COUNTS" \
		-- "vmbind --pause /out/go --json /out/vmbind.json" >"$LOGS/$name.log" 2>&1 || guest_rc=$?
	wait_for_watcher "$watcher"
	[ -s "$dir/vmbind.json" ] || {
		tail -n 20 "$LOGS/$name.log" | sed 's/^/    /' >&2
		die "vmbind left no result; see $LOGS/$name.log and $OUT/log/guest-$name.log"
	}
	[ -s "$OUT/run-$1-gpu.json" ] ||
		die "nothing was seen of the GPU over QMP; see $LOGS/watch-$1.log"
}

# It ends with the guest; where the guest never came up, it has to be told.
wait_for_watcher()
{
	local end=$((SECONDS + 5))

	while [ $SECONDS -lt $end ]; do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.2
	done
	kill "$1" 2>/dev/null || :
}

main()
{
	local kernel sources=() rc=0

	need_packages python3
	for kernel; do
		vmbind_prepare "$kernel" plain
	done
	mkdir -p "$OUT"
	for kernel; do
		run_kernel "$kernel"
		[ "$guest_rc" -le 1 ] || {
			rc=1
			tail -n 12 "$LOGS/run-$kernel.log" >&2
		}
		sources+=("$(label "$kernel")=$OUT/guest/run-$kernel/vmbind.json:$OUT/run-$kernel-gpu.json")
	done
	"$ROOT/tests/vmbind/report.py" "$OUT/run.json" "${sources[@]}" || rc=1
	return $rc
}

label()
{
	case $1 in
	base) echo upstream ;;
	*) echo "$1" ;;
	esac
}

[ $# -gt 0 ] || set -- base
main "$@"
