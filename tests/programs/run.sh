#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "make programs": what others wrote, on the virtual Mali: llama.cpp's test-backend-ops by
# Vulkan, each case compared with what the processor computes, VkFFT (tests/vkfft), and OpenCL
# by rusticl, piglit's tests of it among them.
#
#   tests/programs/run.sh [NAME...]    these of tests/programs/list, or all
#   tests/programs/run.sh -l           which there are
#   tests/programs/run.sh -r           the table of all that have run, on their own or together
#
# They are programs of Debian's, on a disk of their own (tests/programs/image.sh: 1 GB to
# download and unpack, once). Each has a guest of its own, one of them for each processor at a
# time, on the kernel with the series, plain. Prints a table, cases that passed, failed, and
# that the backend does not have; the same is in out/programs.json, results in
# out/results/programs.tsv, what a program said in out/guest/program-NAME/said.txt, where -r
# finds it. A program that loses the device or takes too long has failed; what is known to fail,
# and why, is in tests/programs/known.
#
# The time is that of instructions, 64 ns each, and a lane instruction of the GPU takes 10 ps.
# So a GPU is to its processor, for the driver's time-outs, what it would be on hardware, and
# neither waits for the other: ggml's processor spins while the GPU works, by instructions
# that QEMU is slow with.
#
# Environment: PROGRAMS_KERNEL=base|reserve (reserve)

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

HERE=$ROOT/tests/programs
KERNEL=${PROGRAMS_KERNEL:-reserve}
OPS="/usr/libexec/aarch64-linux-gnu/ggml/test-backend-ops test -b Vulkan0"
# Neither a number of five digits, but a fraction's, nor one of four beside one of three
SMALL="-p '^(?!.*([^.0-9][0-9]{5}|[0-9]{4},[0-9]{3}|[0-9]{3},[0-9]{4}))'"
PIGLIT=/usr/lib/aarch64-linux-gnu/piglit
MEM=3G
EXIT_KERNEL=97

names()
{
	grep -v '^#' "$HERE/list" | cut -f 1
}

# Sets SECONDS_MOST and COMMAND, of a name
line_of()
{
	local rest

	rest=$(grep "^$1"$'\t' "$HERE/list" | sed 's/^[^\t]*\t*//')
	SECONDS_MOST=${rest%%$'\t'*}
	COMMAND=${rest##*$'\t'}
	COMMAND=${COMMAND//\$OPS/$OPS}
	COMMAND=${COMMAND//\$SMALL/$SMALL}
	case $COMMAND in
	"\$PIGLIT "*) COMMAND="cd $PIGLIT; set -- ${COMMAND#* }"$'\n'$(cat "$HERE/piglit.sh") ;;
	esac
}

check_names()
{
	local name

	for name in "$@"; do
		names | grep -qxF -e "$name" ||
			die "there is no program '$name'; 'tests/programs/run.sh -l' lists them"
	done
}

# in_guest NAME: its guest, from start to end; what guest.sh says of it is kept
in_guest()
{
	local name=program-$1 rc=0 start=$SECONDS
	local disk="file=$IMAGE,format=raw,if=none,id=programs,readonly=on"

	line_of "$1"
	rm -rf "${OUT:?}/guest/$name"
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --flavour plain --shift 6 --smp 1 \
		--machine mali-lane-ps=10 --name "$name" --mem "$MEM" --timeout "$SECONDS_MOST" \
		--qemu-arg -drive --qemu-arg "$disk" \
		--qemu-arg -device --qemu-arg virtio-blk-pci,drive=programs \
		-- "set -- $(printf %q "$COMMAND")
		$(cat "$HERE/guest.sh")" >"$LOGS/$name.log" 2>&1 || rc=$?
	printf '%s %s\n' "$rc" $((SECONDS - start)) >"$OUT/guest/$name/host"
	say "  $1: $((SECONDS - start)) s"
}

# count FILE WHAT: cases of test-backend-ops that say so, without its colours
count()
{
	sed 's/\x1b\[[0-9;]*m//g' "$1" | grep -acE "^ .*\): .*$2" || :
}

# count_cl FILE WHAT: piglit's tests, and parts of them, that say so
count_cl()
{
	grep -acE "^[^#].*: ($2)$" "$1" || :
}

# known_cl FILE: those of piglit's that fail as tests/programs/known says
known_cl()
{
	local name how pattern patterns nr=0

	mapfile -t patterns < <(grep -v '^#' "$HERE/known" | cut -f 1)
	while IFS=$'\t' read -r name how; do
		for pattern in "${patterns[@]}"; do
			# shellcheck disable=SC2053 # a pattern it is
			[[ $name = $pattern ]] || continue
			[ "$how" != pass ] || say "  $name passes, which tests/programs/known says it does not" >&2
			[ "$how" = pass ] || nr=$((nr + 1))
			break
		done
	done < <(sed -nE 's/^([^#].*): (pass|fail|warn)$/\1\t\2/p' "$1")
	echo "$nr"
}

# Sets ok, bad, known and without, of what a program said that has cases
cases_of()
{
	case $1 in
	op-*)
		ok=$(count "$2" 'OK$') bad=$(count "$2" 'FAIL')
		without=$(count "$2" 'not supported')
		;;
	cl-*)
		ok=$(count_cl "$2" pass) known=$(known_cl "$2")
		bad=$(($(count_cl "$2" 'fail|crash|timeout|warn') - known))
		without=$(count_cl "$2" skip)
		;;
	vkfft)
		ok=$(grep -ac '^ok ' "$2" || :) bad=$(grep -ac '^not ok ' "$2" || :) without=0
		;;
	esac
}

# judge NAME: a result line, and one of the table
judge()
{
	local name=$1 dir=$OUT/guest/program-$1 guest seconds rc='' ok='' bad='' known='' without='' how=pass

	read -r guest seconds <"$dir/host"
	[ ! -f "$dir/rc" ] || rc=$(cat "$dir/rc")
	[ ! -f "$dir/said.txt" ] || cases_of "$name" "$dir/said.txt"
	if [ -n "$ok" ]; then
		[ "$ok" -gt 0 ] && [ "$bad" = 0 ] || how=fail
	elif ! grep -qs Mali "$dir/said.txt"; then
		# Without a device there is a text, too
		how=fail
	fi
	[ "$rc" = 0 ] || how=fail
	result programs $how "$name" "exit code ${rc:-none}; ${ok:+$ok OK, $bad FAIL, ${known:-0} known, $without not supported}"
	[ "$guest" != $EXIT_KERNEL ] ||
		result programs fail "$name: the kernel's log" "see out/log/guest-program-$name.log"
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "${rc:--}" "$seconds" "${ok:--}" "${bad:--}" \
		"${known:--}" "${without:--}"
}

table()
{
	printf '%-14s %9s %8s %8s %8s %8s %14s\n' program 'exit code' seconds OK FAIL known 'not supported'
	awk -F '\t' '{ printf "%-14s %9s %8s %8s %8s %8s %14s\n", $1, $2, $3, $4, $5, $6, $7 }'
}

json()
{
	awk -F '\t' -v kernel="$KERNEL" '
		function number(x) { return x == "-" ? "null" : x }
		BEGIN { printf "{ \"kernel\": \"%s\", \"programs\": [", kernel }
		{
			printf "%s\n  { \"name\": \"%s\", \"exit\": %s, \"seconds\": %s, \"ok\": %s, \"fail\": %s, \"known\": %s, \"not_supported\": %s }",
				(NR > 1 ? "," : ""), $1, number($2), number($3), number($4), number($5), number($6), number($7)
		}
		END { print "\n] }" }'
}

# Names whose guest has ended
have_run()
{
	local name

	for name in $(names); do
		[ ! -f "$OUT/guest/program-$name/host" ] || echo "$name"
	done
}

# tell NAME...: what became of them
tell()
{
	local name

	mkdir -p "$BUILD/programs"
	for name in "$@"; do
		judge "$name"
	done >"$BUILD/programs/table.tsv"
	json <"$BUILD/programs/table.tsv" >"$OUT/programs.json"
	table <"$BUILD/programs/table.tsv"
	"$ROOT/scripts/lib/results.sh" programs
}

main()
{
	local names=("$@")

	check_names "$@"
	[ $# -gt 0 ] || mapfile -t names < <(names)
	mkdir -p "$LOGS" "$OUT"
	"$ROOT/scripts/qemu/qemu.sh" build >/dev/null
	"$ROOT/scripts/kernel/kernel.sh" build "$KERNEL" plain >/dev/null
	"$ROOT/scripts/guest/guest.sh" image >/dev/null
	IMAGE=$("$HERE/image.sh")
	[[ " ${names[*]} " != *" vkfft "* ]] || "$ROOT/tests/vulkan/run.sh" build-fft >/dev/null
	say "  programs on $KERNEL, an hour or more"
	result_start programs
	side_by_side "$(nproc)" in_guest "${names[@]}"
	tell "${names[@]}"
}

report()
{
	local names

	mapfile -t names < <(have_run)
	[ ${#names[@]} -gt 0 ] || die "no program has run; 'tests/programs/run.sh NAME...' runs them"
	result_start programs
	tell "${names[@]}"
}

case ${1:-} in
-l) names ;;
-r) report ;;
*) main "$@" ;;
esac
exit
