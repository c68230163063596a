#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "make torture SECONDS=n [SEED=n]": threads on two processors reserve, map,
# unmap and release in one page table, with failing allocations, and compare
# what they see with a model. First under KASAN and lockdep, then without, n
# seconds each (60 by default). Writes out/results/torture.tsv.
#
#   scripts/torture.sh SECONDS SEED [CONFIG...]    only um-debug, um-smp or kcsan
#
# kcsan is the kernel's finder of data races, on arm64 in QEMU. Only by its name, since
# it is slow, and since it finds races of the whole kernel; one of page tables fails.
#
# A finding stops the run and prints the seed and the last operations; the same
# SEED makes the threads try the same again.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

DURATION=${1:-60}
SEED=${2:-1}
CONFIGS=("${@:3}")
[ ${#CONFIGS[@]} != 0 ] || CONFIGS=(um-debug um-smp)

[[ $DURATION =~ ^[1-9][0-9]*$ && $SEED =~ ^[0-9]+$ ]] ||
	die "usage: scripts/torture.sh SECONDS SEED, both numbers; or: make torture SECONDS=60 SEED=1"

# run_kernel CONFIG IMAGE: its console is the output. Start-up and the end of the run
# take their time under KASAN, and more on a busy host.
run_kernel()
{
	local limit=$((DURATION * 8 + 1200)) qemu
	local args=(kunit.filter_glob=io-pgtable-reserve-torture
		    io_pgtable_reserve_torture.seconds="$DURATION"
		    io_pgtable_reserve_torture.seed="$SEED")

	if [ "$1" = kcsan ]; then
		qemu=$("$ROOT/scripts/qemu.sh" build)
		timeout --kill-after=10 "$limit" "$qemu" -nodefaults -no-user-config \
			-display none -no-reboot -M virt,gic-version=3 -cpu cortex-a76 \
			-smp 2 -m 1G -kernel "$2" -serial stdio \
			-append "console=ttyAMA0 kunit_shutdown=poweroff ${args[*]}" |
			tr -d '\r'
	else
		timeout --kill-after=10 "$limit" "$2" mem=1G seccomp=on ncpus=2 con=null \
			con0=null,fd:1 console=tty0 kunit_shutdown=halt "${args[@]}"
	fi
}

# judge_races LOG: races in page tables, and how many there are of others
judge_races()
{
	local ours='io_pgtable|iopt|iopte|arm_lpae|lpae_|dart_|v7s|rsv_|iommu_pages' all mine

	all=$(sed -n 's/.*BUG: KCSAN: //p' "$1" | sort | uniq -c)
	mine=$(grep -E "$ours" <<<"$all" | head -n 3 | paste -sd';') || :
	if [ -n "$mine" ]; then
		result torture fail "kcsan: no data race in page tables" "$mine, see $1"
	elif ! grep -q 'kcsan: enabled' "$1"; then
		result torture fail "kcsan: no data race in page tables" "KCSAN is not enabled, see $1"
	else
		result torture pass "kcsan: no data race in page tables" \
			"$(grep -c . <<<"$all") kinds elsewhere"
	fi
}

# torture CONFIG: one run; its result lines are appended
torture()
{
	local image log=$OUT/torture-$1.log

	image=$("$ROOT/scripts/kernel.sh" build reserve "$1")
	image=$(sed -n 's/^image=//p' <<<"$image")
	say "torture on $1, $DURATION s, seed $SEED"
	run_kernel "$1" "$image" </dev/null >"$log" 2>&1 || :
	python3 "$ROOT/scripts/ktap.py" --prefix "$1: " \
		--require <(echo io-pgtable-reserve-torture) <"$log" >>"$results"
	# With the time that the kernel puts before it
	sed -nE 's/.*# threads_reserve_and_map: ([0-9]+ operations.*)/  \1/p' "$log" >&2
	if [ "$1" = kcsan ]; then
		judge_races "$log"
	elif ! "$ROOT/scripts/guest-kernel-log.sh" "$log"; then
		result torture fail "$1: no kernel report" "see $log"
	else
		result torture pass "$1: no kernel report"
	fi
}

need_packages python3
mkdir -p "$OUT"
result_start torture
results=$OUT/results/torture.tsv
for config in "${CONFIGS[@]}"; do
	torture "$config"
done
"$ROOT/scripts/results.sh" torture
