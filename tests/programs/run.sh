#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "make programs": what others wrote, on the virtual Mali: llama.cpp's test-backend-ops by
# Vulkan, each case compared with what the processor computes, and OpenCL by rusticl.
#
#   tests/programs/run.sh [NAME...]    these of tests/programs/list, or all
#   tests/programs/run.sh -l           which there are
#
# They are programs of Debian's, on a disk of their own (tests/programs/image.sh: 1 GB to
# download and unpack, once). The kernel is the one with the series, plain, the time that of
# instructions. Prints a table, cases that passed, failed, and that the backend does not have;
# the same is in out/programs.json, results in out/results/programs.tsv, what a program said in
# out/guest/programs/NAME.txt. A program that loses the device or takes too long has failed.
#
# Environment: PROGRAMS_KERNEL=base|reserve (reserve)

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

HERE=$ROOT/tests/programs
SAID=$OUT/guest/programs
KERNEL=${PROGRAMS_KERNEL:-reserve}
OPS="/usr/libexec/aarch64-linux-gnu/ggml/test-backend-ops test -b Vulkan0"
# Of the guest: memory, and what all may take of the host's time
MEM=3G
TIMEOUT=7200

# lines [NAME...]: NAME SECONDS COMMAND
lines()
{
	local name rest

	grep -v '^#' "$HERE/list" | while read -r name rest; do
		[ $# = 0 ] || [[ " $* " = *" $name "* ]] || continue
		printf '%s %s\n' "$name" "${rest//\$OPS/$OPS}"
	done
}

names()
{
	lines | cut -d ' ' -f 1
}

check_names()
{
	local name

	for name in "$@"; do
		names | grep -qxF -e "$name" ||
			die "there is no program '$name'; 'tests/programs/run.sh -l' lists them"
	done
}

in_guest()
{
	local image=$1 words=() line
	shift

	mapfile -t words < <(lines "$@")
	line=$(printf ' %q' "${words[@]}")
	rm -rf "$SAID"
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --flavour plain --icount \
		--name programs --mem $MEM --timeout $TIMEOUT \
		--qemu-arg -drive --qemu-arg "file=$image,format=raw,if=none,id=programs,readonly=on" \
		--qemu-arg -device --qemu-arg virtio-blk-pci,drive=programs \
		-- "set --$line
		$(cat "$HERE/guest.sh")" >"$LOGS/programs.log" 2>&1
}

# count FILE WHAT: cases of test-backend-ops that say so, without its colours
count()
{
	sed 's/\x1b\[[0-9;]*m//g' "$1" | grep -acE "^ .*\): .*$2" || :
}

# judge NAME: a result line, and one of the table
judge()
{
	local name=$1 said=$SAID/$1.txt rc seconds ok='' bad='' without='' how=pass

	IFS=$'\t' read -r _ rc seconds < <(grep "^$name"$'\t' "$SAID/ended.tsv" 2>/dev/null) || :
	if [[ $name = op-* ]] && [ -f "$said" ]; then
		ok=$(count "$said" 'OK$') bad=$(count "$said" 'FAIL')
		without=$(count "$said" 'not supported')
		[ "$ok" -gt 0 ] || how=fail
	elif ! [ -s "$said" ]; then
		how=fail
	fi
	[ "$rc" = 0 ] || how=fail
	result programs $how "$name" "exit code ${rc:-none}; ${ok:+$ok OK, $bad FAIL, $without not supported}"
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "${rc:--}" "${seconds:--}" "${ok:--}" "${bad:--}" "${without:--}"
}

table()
{
	printf '%-14s %9s %8s %8s %8s %14s\n' program 'exit code' seconds OK FAIL 'not supported'
	awk -F '\t' '{ printf "%-14s %9s %8s %8s %8s %14s\n", $1, $2, $3, $4, $5, $6 }'
}

json()
{
	awk -F '\t' -v kernel="$KERNEL" '
		function number(x) { return x == "-" ? "null" : x }
		BEGIN { printf "{ \"kernel\": \"%s\", \"programs\": [", kernel }
		{
			printf "%s\n  { \"name\": \"%s\", \"exit\": %s, \"seconds\": %s, \"ok\": %s, \"fail\": %s, \"not_supported\": %s }",
				NR > 1 ? "," : "", $1, number($2), number($3), number($4), number($5), number($6)
		}
		END { print "\n] }" }'
}

main()
{
	local image name problem=0

	check_names "$@"
	mkdir -p "$LOGS" "$OUT"
	"$ROOT/scripts/qemu/qemu.sh" build >/dev/null
	"$ROOT/scripts/kernel/kernel.sh" build "$KERNEL" plain >/dev/null
	"$ROOT/scripts/guest/guest.sh" image >/dev/null
	image=$("$HERE/image.sh")
	say "  programs on $KERNEL, minutes each"
	result_start programs
	in_guest "$image" "$@" || problem=$?
	while read -r name _; do
		judge "$name"
	done < <(lines "$@") >"$BUILD/programs/table.tsv"
	[ "$problem" != 97 ] || result programs fail "the kernel's log" "see out/log/guest-programs.log"
	json <"$BUILD/programs/table.tsv" >"$OUT/programs.json"
	table <"$BUILD/programs/table.tsv"
	"$ROOT/scripts/lib/results.sh" programs
}

if [ "${1:-}" = -l ]; then
	names
	exit
fi
main "$@"
exit
