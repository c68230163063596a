#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "make torture SECONDS=n [SEED=n]": threads on two processors reserve, map,
# unmap and release in one page table, with failing allocations, and compare
# what they see with a model. First under KASAN and lockdep, then without, n
# seconds each (60 by default). Writes out/results/torture.tsv.
#
#   tests/torture/run.sh SECONDS SEED [CONFIG...]    only um-debug, um-smp or kcsan
#
# kcsan is the kernel's finder of data races, on arm64 in QEMU; only by its name, since
# it is slow.
#
# A finding stops the run and prints the seed and the last operations; the same
# SEED makes the threads try the same again.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

DURATION=${1:-60}
SEED=${2:-1}
CONFIGS=("${@:3}")
[ ${#CONFIGS[@]} != 0 ] || CONFIGS=(um-debug um-smp)

[[ $DURATION =~ ^[1-9][0-9]*$ && $SEED =~ ^[0-9]+$ ]] ||
	die "usage: tests/torture/run.sh SECONDS SEED, both numbers; or: make torture SECONDS=60 SEED=1"

# run_kernel CONFIG IMAGE: its console is the output. Start-up and the end of the run
# take their time under KASAN, and more on a busy host.
run_kernel()
{
	local limit=$((DURATION * 8 + 1200)) run=kunit_um
	local args=(kunit.filter_glob=io-pgtable-reserve-torture
		    io_pgtable_reserve_torture.seconds="$DURATION"
		    io_pgtable_reserve_torture.seed="$SEED")

	if [ "$1" = kcsan ]; then
		"$ROOT/scripts/qemu/qemu.sh" build >/dev/null
		run=kunit_arm64
	else
		args+=(seccomp=on ncpus=2)
	fi
	"$run" "$limit" "$2" "${args[@]}"
}

# torture CONFIG: one run; its result lines are appended
torture()
{
	local image log=$OUT/torture-$1.log

	image=$("$ROOT/scripts/kernel/kernel.sh" build reserve "$1")
	image=$(sed -n 's/^image=//p' <<<"$image")
	say "torture on $1, $DURATION s, seed $SEED"
	run_kernel "$1" "$image" >"$log" || :
	python3 "$ROOT/scripts/lib/ktap.py" --prefix "$1: " \
		--require <(echo io-pgtable-reserve-torture) <"$log" >>"$results"
	# With the time that the kernel puts before it
	sed -nE 's/.*# threads_reserve_and_map: ([0-9]+ operations.*)/  \1/p' "$log" >&2
	if ! "$ROOT/scripts/guest/kernel-log.sh" "$log"; then
		result torture fail "$1: no kernel report" "see $log"
	else
		result torture pass "$1: no kernel report"
	fi
	# Without it there would be nothing to report
	if [ "$1" = kcsan ] && ! grep -q 'kcsan: enabled' "$log"; then
		result torture fail "$1: KCSAN is enabled" "see $log"
	fi
}

need_packages python3
mkdir -p "$OUT"
result_start torture
results=$OUT/results/torture.tsv
for config in "${CONFIGS[@]}"; do
	torture "$config"
done
"$ROOT/scripts/lib/results.sh" torture
