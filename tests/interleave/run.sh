#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "make interleave": compile the kernel's page-table sources for user space, and
# run operations on them in every interleaving, with the kernel configured in
# four ways. Writes out/results/interleave.tsv.
#
#   tests/interleave/run.sh                       all of that
#   tests/interleave/run.sh FLAVOUR [OPTION...]   one program with its options;
#                                                 no results are written
#
# FLAVOUR is idle, debug, packed or generic, see the Makefile beside this; "idle --help"
# lists the options. TREE=/path takes a kernel tree as it is in place of
# build/linux, SEED=n other programs for the runs by chance.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

SUITE=interleave
SEED=${SEED:-1}

# run FLAVOUR CONFIG OPTION...: one program on one kind of page table; its log and its
# results to files of their own
run()
{
	local flavour=$1 config=$2 name=$OUT/.$SUITE-$1-$2 rc=0

	shift 2
	"$BUILD/interleave/interleave-$flavour" --seed "$SEED" --config "$config" "$@" \
		>"$name.log" || rc=$?
	"$ROOT/scripts/lib/tap-results.sh" $SUITE $rc <"$name.log" >"$name.tsv"
	say "  $flavour $config: $(grep -o '^# .* violations' "$name.log" | cut -c3-)"
}

declare -A queued

# queue FLAVOUR CONFIGS OPTION...: run them, as many at a time as there are processors
queue()
{
	local flavour=$1 configs=$2 config

	shift 2
	[ "$configs" != all ] || configs=$("$BUILD/interleave/interleave-$flavour" --list |
		sed -n 's/^config //p')
	queued[$flavour]=$configs
	for config in $configs; do
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
			wait -n
		done
		run "$flavour" "$config" "$@" &
	done
}

# same FLAVOUR CONFIG: what the setup of a run made is kept for the next ones, which must
# go as if each had its own
same()
{
	local flavour=$1 config=$2 how

	for how in '' --afresh; do
		"$BUILD/interleave/interleave-$flavour" --config "$config" --core $how |
			grep '^ok' >"$OUT/.$SUITE-$flavour-same$how" || true
	done
	if [ -s "$OUT/.$SUITE-$flavour-same" ] &&
	   cmp -s "$OUT/.$SUITE-$flavour-same" "$OUT/.$SUITE-$flavour-same--afresh"; then
		how=pass
	else
		how=fail
	fi
	printf '%s\t%s: %s: %s: runs go as if each had its own setup\t\n' $how $SUITE "$flavour" \
		"$config" >"$OUT/.$SUITE-$flavour-same.tsv"
}

# gather FLAVOUR: its logs in one, its results to the suite's; what left none ends this
gather()
{
	local log=$OUT/$SUITE-$1.log config

	: >"$log"
	for config in ${queued[$1]}; do
		cat "$OUT/.$SUITE-$1-$config.log" >>"$log"
		cat "$OUT/.$SUITE-$1-$config.tsv" >>"$OUT/results/$SUITE.tsv"
	done
	say "$1: $(awk '/^# [0-9]+ interleavings/ { runs += $2; walks += $4; bad += $6 }
		/were refused$/ { some += $2; all += $4 }
		END { printf "%d interleavings, %d walks, %d violations; %d of %d reserve() " \
			"without memory were refused\n", runs, walks, bad, some, all }' "$log")"
	! grep -q '^not ok' "$log" || say "  what it found is in $log"
}

need_packages gcc make binutils
[ -n "${TREE:-}" ] || "$ROOT/scripts/kernel/tree.sh" >/dev/null
step interleave-build make -C "$ROOT/tests/interleave" ${TREE:+TREE="$TREE"} BUILD="$BUILD/interleave"
if [ $# != 0 ]; then
	exec "$BUILD/interleave/interleave-$1" "${@:2}"
fi

mkdir -p "$OUT"
result_start $SUITE
say 'every interleaving of two operations, then many by chance'
rm -f "$OUT/.$SUITE"-*
# What takes longest first
queue generic all --random 10000
queue idle all --random 10000
queue debug all --core --random 3000
queue packed '4k-2m 4k-2m-nc 4k-2m-1g mali' --core --random 5000
same idle 4k-2m-1g-nc &
same generic vtd-4k-2m &
wait
for flavour in generic idle debug packed; do
	gather $flavour
done
cat "$OUT/.$SUITE-idle-same.tsv" "$OUT/.$SUITE-generic-same.tsv" >>"$OUT/results/$SUITE.tsv"
rm "$OUT/.$SUITE"-*
"$ROOT/scripts/lib/results.sh" $SUITE
