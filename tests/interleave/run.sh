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

# run FLAVOUR OPTION...: one program, its results to a file of its own
run()
{
	local flavour=$1 log=$OUT/$SUITE-$1.log rc=0

	shift
	"$BUILD/interleave/interleave-$flavour" --seed "$SEED" "$@" >"$log" || rc=$?
	"$ROOT/scripts/lib/tap-results.sh" $SUITE $rc <"$log" >"$OUT/.$SUITE-$flavour.tsv"
	# Its last comment has the numbers; what was found is step by step above
	say "  $flavour: $(grep '^# ' "$log" | tail -n 1 | cut -c3-)"
	[ $rc = 0 ] || say "  what it found is in $log"
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
# The first takes as long as the others together
run idle --random 10000 &
run debug --core --random 3000
run packed --core --config 4k-2m,4k-2m-nc,4k-2m-1g,mali --random 5000
run generic --random 10000
wait
for flavour in idle debug packed generic; do
	cat "$OUT/.$SUITE-$flavour.tsv" >>"$OUT/results/$SUITE.tsv"
	rm "$OUT/.$SUITE-$flavour.tsv"
done
"$ROOT/scripts/lib/results.sh" $SUITE
