#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Proof by exhaustion: spin looks at every interleaving of a model of the slot
# protocol, herd at every execution that the kernel's memory model allows of each
# pairing of barriers. See docs/proof.md.
#
#   tests/models/run.sh [--tree DIR]    DIR: a kernel tree in place of build/linux,
#                                       with the refs "base" and "reserve"
#
# A model without a fault must be free of errors in a complete search. With a
# fault, which takes one guard away, it must have one; so must each litmus test
# without its barrier. Writes out/results/models.tsv.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

SUITE=models
HERE=$ROOT/tests/models
O=$BUILD/models
HERD_SUITE=forky
WAIT=300

# Models without a fault: NAME|FLAGS
TWO='-DCLIENT0=0,KIND_BLOCK -DCLIENT1=0,KIND_PAGE'
THREE='-DLEVELS=3 -DNT=5 -DCLIENT0=0,KIND_BIG -DCLIENT1=1,KIND_PAGE -DNS=2'
SAME='-DLEVELS=3 -DNT=5 -DCLIENT0=1,KIND_PAGE -DCLIENT1=1,KIND_PAGE -DNS=2'
MODELS=(
	"2 levels, 2 clients|$TWO"
	"2 levels, 2 clients, format without idle tables|$TWO -DIDLES=0"
	"2 levels, 2 clients, reclaim|$TWO -DIDLE_MAX=1 -DTRIMMER"
	"2 levels, 2 clients, maps without a reservation|$TWO -DMISUSE=0"
	"2 levels, 2 clients, maps without a reservation, idle tables stay|$TWO -DIDLE_MAX=1 -DMISUSE=0"
	"2 levels, 3 clients|$TWO -DCLIENT2=0,KIND_PAGE"
	"3 levels, 2 clients in 1 slot|$SAME"
	"3 levels, 2 clients in 1 slot, reclaim|$SAME -DIDLE_MAX=1 -DTRIMMER"
	"3 levels, 2 clients in 2 slots, blocks of both sizes|$THREE -DIDLE_MAX=1"
	"3 levels, the same, format without idle tables|$THREE -DIDLES=0"
	"3 levels, reservations of different page sizes|-DLEVELS=3 -DNT=5 -DCLIENT0=0,KIND_BIG -DCLIENT1=1,KIND_UPPER -DNS=2"
	"3 levels, 2 clients, maps without a reservation|-DLEVELS=3 -DNT=5 $TWO -DMISUSE=0"
)

# The guards, and a model that needs them, which not all do: FAULT|FLAGS|what it is
FAULTS=(
	"NO_UNFLUSHED|$TWO|a table leaves an entry empty, not marked unflushed"
	"NO_FLUSH_ON_LINK|$TWO|who fills an unflushed entry does not flush"
	"CLEAN_BELOW|$SAME|a table in an unflushed entry has plain empty entries"
	"KILL_UNCHECKED|$TWO|a table dies without a look at its count"
	"GET_DEAD|$TWO|a dead table is counted on"
	"NO_SECOND_LOOK|$TWO|a table is put in a slot that was empty before the lock"
	"LINK_UNCOUNTED|$TWO -DIDLE_MAX=1 -DMISUSE=0|a map links what nobody reserved"
	"LINK_WITHOUT_LOCK|$TWO -DMISUSE=0|a map links without the lock"
	"SEEN_NOT_SET|$TWO|a linked table does not say that the hardware can have seen it"
	"NO_IDLE_MARK|$TWO -DIDLE_MAX=1 -DMISUSE=0|an idle table is not marked"
	"DROP_WITHOUT_LOCK|$TWO|the last count is dealt with without the lock"
	"PARENT_PUT_FIRST|$TWO|the parent is put before it is known that the table dies"
	"CHILD_NOT_COUNTED|$THREE|a table does not count on its parent"
	"FREE_BEFORE_FLUSH|$TWO|a table is freed, then the walk cache is flushed"
	"NO_GRACE_PERIOD|$TWO|a table is freed without a grace period"
	"NO_READ_SECTION|$TWO|lookups are not in an RCU read section"
	"BLOCK_NO_UNLINK|$TWO|a block is written over a table that is not taken out"
	"BLOCK_NO_FLUSH|$TWO|a block is written over a table without a flush"
	"BLOCK_ONE_ADDRESS|$THREE|one address is flushed for a block over a table of tables"
)

# spin_run FLAGS...: search all states of the model; the output is in $O/pan.log
spin_run()
{
	local rc=0

	rm -rf "$O/spin"
	mkdir -p "$O/spin"
	(
		cd "$O/spin"
		spin -a "$@" "$HERE/slot.pml"
		# What an optimizing compiler takes is more than it saves
		gcc -O0 -w -DSAFETY -DNOFAIR -DMEMLIM=3000 -o pan pan.c
	) >"$O/spin.log" 2>&1 || die "the model could not be compiled, see $O/spin.log"
	(cd "$O/spin" && timeout $WAIT ./pan -m2000000) >"$O/pan.log" 2>&1 || rc=$?
	return $rc
}

pan_states()
{
	sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$O/pan.log"
}

run_models()
{
	local m name flags start

	for m in "${MODELS[@]}"; do
		name=${m%%|*}
		start=$SECONDS
		read -ra flags <<<"${m#*|}"
		if spin_run "${flags[@]}" && grep -q 'errors: 0$' "$O/pan.log" &&
		   grep -q '^Full statespace search' "$O/pan.log" &&
		   ! grep -qE 'max search depth|out of memory|Search not completed' "$O/pan.log"; then
			result $SUITE pass "spin: $name" "$(pan_states) states, $((SECONDS - start)) s"
		else
			cp "$O/pan.log" "$O/failed.log"
			result $SUITE fail "spin: $name" "$(grep -m1 -E '^(pan|error)' "$O/pan.log"), see $O/failed.log"
		fi
	done
}

run_faults()
{
	local f name flags what

	for f in "${FAULTS[@]}"; do
		IFS='|' read -r name flags what <<<"$f"
		read -ra flags <<<"$flags"
		spin_run "${flags[@]}" "-DFAULT_$name" || :
		if grep -qE '^pan:1: (assertion violated|invalid end state)' "$O/pan.log"; then
			result $SUITE pass "spin, fault: $what" "an error in $(pan_states) states"
		else
			result $SUITE fail "spin, fault: $what" "$name is not found in $(pan_states) states"
		fi
	done
	# A fault that the model does not know is no fault
	while read -r f; do
		[[ " ${FAULTS[*]}" = *" ${f#FAULT_}|"* ]] ||
			result $SUITE fail "spin, fault: $f" "nothing runs it"
	done < <(grep -o 'FAULT_[A-Z_]*' "$HERE/slot.pml" | sort -u)
}

# herd7 of a newer Debian, with the C library that it was linked with
fetch_herd()
{
	local debs deb

	# shellcheck disable=SC2310 # a failure is an answer
	debs=$(suite_download $HERD_SUITE "$(dpkg --print-architecture)" \
		herdtools7 libc6 libgmp10) || return 1
	stamp_ok "$O/herd/.stamp" "$debs" && return
	rm -rf "$O/herd"
	mkdir -p "$O/herd"
	for deb in $debs; do
		dpkg-deb -x "$deb" "$O/herd"
	done
	stamp_set "$O/herd/.stamp" "$debs"
}

# herd TEST: in the kernel's memory model
herd()
{
	local ld

	ld=$(find "$O/herd" -name 'ld-linux*.so.*' -path '*-linux-gnu/*' | head -n 1)
	# The configuration names its parts without a folder
	env -C "$TREE/tools/memory-model" "$ld" --library-path "$(dirname "$ld")" \
		"$O/herd/usr/bin/herd7" -set-libdir "$O/herd/usr/share/herdtools7/herd" \
		-conf linux-kernel.cfg "$1" >"$O/herd.log" 2>&1
}

# judge NAME TEST never|sometimes
judge()
{
	local seen

	herd "$2" || :
	seen=$(sed -n 's/^Observation [^ ]* \([A-Za-z]*\) .*/\1/p' "$O/herd.log")
	if [ "${seen,,}" = "$3" ] && ! grep -q '^Warning' "$O/herd.log"; then
		result $SUITE pass "$1" "$3, $(sed -n 's/^States //p' "$O/herd.log") outcomes"
	else
		cp "$O/herd.log" "$O/failed-herd.log"
		result $SUITE fail "$1" "${seen:-no answer}, not $3; see $O/failed-herd.log"
	fi
}

run_litmus()
{
	local test name edit

	for test in "$HERE"/*.litmus; do
		name=$(basename "$test" .litmus)
		if [ -z "$HERD" ]; then
			result $SUITE skip "herd: $name" "herdtools7 could not be had from Debian $HERD_SUITE"
			continue
		fi
		judge "herd: $name" "$test" never
		grep -q '^ \* Without: ' "$test" ||
			result $SUITE fail "herd: $name" "it does not say what it would be without the barrier"
		while IFS= read -r edit; do
			sed -e '/^ \* /b' -e "$edit" "$test" >"$O/without.litmus"
			if cmp -s "$test" "$O/without.litmus"; then
				result $SUITE fail "herd: $name without its barrier" "nothing to change: $edit"
			else
				judge "herd: $name without its barrier: $edit" "$O/without.litmus" sometimes
			fi
		done < <(sed -n 's/^ \* Without: //p' "$test")
	done
}

# Every barrier that the series adds is one that a litmus test takes from the code, and
# is there
run_pairs()
{
	local said name="pairings: each barrier has a litmus test"

	if said=$(barrier_pairs "$TREE" reserve); then
		result $SUITE pass "$name" "$said barriers and comments"
	else
		result $SUITE fail "$name" "$(tr '\n' ';' <<<"${said:-pairs.py failed}")"
	fi
}

main()
{
	if [ "${1:-}" = --tree ]; then
		TREE=$(cd "$2" && pwd)
	else
		"$ROOT/scripts/kernel/tree.sh" >/dev/null
	fi
	result_start $SUITE
	mkdir -p "$O"
	need_packages spin gcc libc6-dev python3 git
	HERD=
	# shellcheck disable=SC2310
	if fetch_herd; then
		HERD=yes
	fi

	run_pairs
	run_litmus
	run_models
	run_faults
	awk -F '\t' '{ printf "%-4s  %s%s\n", $1, $2, $3 == "" ? "" : " (" $3 ")" }' "$OUT/results/$SUITE.tsv"
	"$ROOT/scripts/lib/results.sh" -q $SUITE
}

main "$@"
exit
