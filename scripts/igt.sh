#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The suite "igt": all of IGT's own Panthor tests, in the guest.
#
#   scripts/igt.sh [TREE-FLAVOUR...]	base-plain reserve-plain reserve-debug
#					when none is given; base-debug is the fourth
#
# A subtest that is skipped, and a report of the kernel about itself, make the
# suite fail: with a GPU there is no reason for either.
# Writes out/results/igt.tsv; IGT's output is in out/guest/igt-TREE-FLAVOUR/.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# Subtests that IGT 2.5 has for Panthor. More is welcome, less is a broken run.
EXPECTED=23
TSV=$OUT/results/igt.tsv

result()
{
	printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}"
}

guest_problem()
{
	case $1 in
	0) ;;
	97) echo "the kernel reported a mistake of its own" ;;
	98) echo "the guest ended before the tests did" ;;
	124) echo "the guest did not end in time" ;;
	*) echo "exit code $1" ;;
	esac
}

# One boot; prints its result lines.
run_in_guest()
{
	local tree=$1 flavour=$2 name=igt-$1-$2 rc=0 lines passed

	lines=$("$ROOT/scripts/guest.sh" run --kernel "$tree" --name "$name" \
		--flavour "$flavour" -- \
		"$(cat "$ROOT/tests/guest/igt.sh")") || rc=$?
	# Only result lines, under the name of the configuration.
	sed -nE "s/^(pass|fail|skip)\t/\1\t$tree-$flavour: /p" <<<"$lines"
	passed=$(grep -c '^pass' <<<"$lines") || :
	if [ "$passed" -lt $EXPECTED ]; then
		result fail "$tree-$flavour: all subtests pass" \
			"$passed of $EXPECTED"
	else
		result pass "$tree-$flavour: all subtests pass" "$passed"
	fi
	if [ "$rc" != 0 ]; then
		result fail "$tree-$flavour: guest" \
			"$(guest_problem "$rc"), see out/log/guest-$name.log"
	else
		result pass "$tree-$flavour: no kernel report"
	fi
}

main()
{
	local kernel tree flavour

	[ $# -gt 0 ] || set -- base-plain reserve-plain reserve-debug
	mkdir -p "$OUT/results"
	rm -f "$TSV"
	"$ROOT/scripts/qemu.sh" build >/dev/null
	"$ROOT/scripts/guest.sh" image >/dev/null
	for kernel; do
		tree=${kernel%-*}
		flavour=${kernel##*-}
		"$ROOT/scripts/kernel.sh" build "$tree" "$flavour" >/dev/null
		say "IGT on $tree, $flavour"
		run_in_guest "$tree" "$flavour" | tee -a "$TSV.part"
	done
	mv "$TSV.part" "$TSV"
	! grep -qv '^pass' "$TSV"
}

rm -f "$TSV.part"
main "$@"
