#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What binding memory costs in the page tables of the base kernel, of the one with
# faster walks and of the reserve kernel: scenarios P1 to P5, P9 to P11, P13 and P14
# of tests/bench/iopt-bench.c.
#
#   tests/bench/iopt.sh [ROUNDS]      11 by default
#
# The kernels run natively, as User Mode Linux, in turn: base, walks, reserve, base
# ... so that a machine that gets slower does so for all. A figure is the best of the
# rounds, each of which is a median: what else the machine does only adds to it, now
# half and then nothing. What compares two of one run, such as two processors with one,
# is the median. The same in instructions is P16 of guest.sh. Scenarios of two
# processors run in kernels of their own, since SMP makes all else slower: there,
# to let interrupts come again is a system call of the host. Who may do so runs them
# with a real-time priority, so that what else the machine does shows less.
#
# Adds its rows to out/bench.json, prints them as tables, and fails where the
# reserve kernel misses what tests/bench/promises names.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

ROUNDS=${1:-11}
WORK=$BUILD/bench
# A run takes 10 s at most on an idle machine.
TIMEOUT=300

# The module and the program that loads it, in a folder that becomes the root.
prepare()
{
	local tree=$1 config=$2 dir=$WORK/$1-$2

	"$ROOT/scripts/kernel/kernel.sh" build "$tree" "$config" >"$WORK/$tree-$config.paths"
	mkdir -p "$dir/ko" "$dir/files"
	REMEDY="look for what the kernel of $tree lacks in tests/bench/iopt-bench.c"
	step "build bench module $tree $config" "$ROOT/scripts/kernel/kernel.sh" make "$tree" "$config" \
		M="$ROOT/tests/bench" MO="$dir/ko" modules
	cp "$dir/ko/iopt-bench.ko" "$dir/files/"
	gcc -static -O2 -Wall -Wextra -Werror -o "$dir/files/init" "$ROOT/tests/bench/init.c"
}

# run TREE CONFIG ROUND SCENARIOS: one machine, measures and ends.
run()
{
	local dir=$WORK/$1-$2 log=$WORK/log/$1-$2-$3 image cpus=() how=()

	image=$(sed -n 's/^image=//p' "$WORK/$1-$2.paths")
	! chrt -f 1 true 2>/dev/null || how=(chrt -f 1)
	if [[ $2 = *-smp ]]; then
		cpus=(seccomp=on ncpus=2)
	else
		how+=(taskset -c "$(($(nproc) - 1))")
	fi
	"${how[@]}" timeout --kill-after=10 $TIMEOUT "$image" mem=512M "${cpus[@]}" con=null con0=null,fd:1 \
		console=tty0 panic=-1 root=/dev/root rootfstype=hostfs rootflags="$dir/files" ro \
		init=/init "BENCH=only=$4" </dev/null >"$log" 2>&1 || :
	grep -q 'bench: done' "$log" || {
		tail -n 20 "$log"
		_fail "the $1 $2 kernel did not finish; its log is $log"
	}
}

rounds()
{
	local i tree

	for ((i = 1; i <= ROUNDS; i++)); do
		for tree in base walks reserve; do
			run "$tree" um-bench $i P1,P2,P3,P4,P5,P9,P11,P14
			printf 'round %d of %d, %s kernel\n' $i "$ROUNDS" "$tree"
		done
		run reserve um-bench-smp $i P10,P13
	done
}

[[ $ROUNDS =~ ^[1-9][0-9]*$ ]] || die "usage: tests/bench/iopt.sh [ROUNDS], a number"
need_packages gcc libc6-dev python3 util-linux
rm -rf "$WORK/log"
mkdir -p "$WORK/log" "$OUT"
prepare base um-bench
prepare walks um-bench
prepare reserve um-bench
prepare reserve um-bench-smp
REMEDY="look at the end of that log"
step "measure page tables" rounds
python3 "$ROOT/tests/bench/report.py" "$ROOT/tests/bench/promises" "$WORK/log" "$OUT/bench.json" \
	P1 P2 P3 P4 P5 P9 P10 P11 P13 P14
