#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make iommufd: the kernel's own selftests of iommufd on User Mode Linux, on a kernel
# without the series and on the series, where every domain of the mock device has
# reservations and IOMMU_RESERVE_DEBUG looks at who uses them; and how many pages tables
# have on both. The one without is the base kernel and the steps that mend the selftests'
# own support, or hardly any of them would pass on User Mode Linux.
#
#   tests/iommufd/run.sh
#   tests/iommufd/run.sh bench [ROUNDS]	what mapping costs on both, a run each in turn
#
# What can not pass on such a machine is named in the file "expected", with the reason.
# Results go to out/results/iommufd.tsv, what was said to out/iommufd-TREE-PROGRAM.log,
# times to out/iommufd-bench.json.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=scripts/kernel-lib.sh
. "$ROOT/scripts/kernel-lib.sh"

HERE=$ROOT/tests/iommufd
PROGRAMS=(iommufd iommufd_fail_nth tables walks)
TIMEOUT=${IOMMUFD_TIMEOUT:-600}

# compile TREE OUT: the programs and a root folder for them, from the tree whose kernel,
# built in OUT, runs them
compile()
{
	local tree=$1 out=$2 src=${2%/*} root=$BUILD/iommufd/$1 program
	local cc=(gcc -O2 -static -D_GNU_SOURCE= -isystem "$out/usr/include"
		-I "$src/drivers/iommu/iommufd")

	"$ROOT/scripts/kernel.sh" make "$tree" "$CONFIG" headers
	mkdir -p "$root"/{proc,sys,dev,tmp}
	for program in iommufd iommufd_fail_nth; do
		"${cc[@]}" -I "$src/tools/testing/selftests" \
			-o "$root/$program" "$src/tools/testing/selftests/iommu/$program.c" -lcap
	done
	for program in tables walks bench; do
		"${cc[@]}" -std=gnu11 -Wall -Wextra -Werror -o "$root/$program" \
			"$HERE/$program.c"
	done
	gcc -O2 -static -std=gnu11 -Wall -Wextra -Werror -o "$root/init" "$HERE/init.c"
}

log_of()
{
	printf '%s/iommufd-%s-%s.log\n' "$OUT" "$1" "$2"
}

# run TREE IMAGE PROGRAM
run()
{
	timeout --kill-after=10 "$TIMEOUT" "$2" mem=1G con=null con0=null,fd:1 \
		console=tty0 panic=-1 root=/dev/root rootfstype=hostfs \
		rootflags="$BUILD/iommufd/$1" ro init=/init "TEST=$3" \
		</dev/null >"$(log_of "$1" "$3")" 2>&1 || :
}

# Build what TREE needs, and print the image
build()
{
	local tree=$1 image

	image=$("$ROOT/scripts/kernel.sh" build "$tree" "$CONFIG")
	image=$(sed -n 's/^image=//p' <<<"$image")
	REMEDY="the selftests have to compile with this machine's headers" \
		step "build the selftests of the $tree kernel" compile "$tree" "${image%/*}"
	printf '%s\n' "$image"
}

run_tree()
{
	local tree=$1 image program

	image=$(build "$tree")
	say "iommufd's selftests on the $tree kernel:"
	for program in "${PROGRAMS[@]}"; do
		run "$tree" "$image" "$program" &
	done
	wait
}

# What the series' kernel said besides: nothing
judge_reports()
{
	local program log

	for program in "${PROGRAMS[@]}"; do
		log=$(log_of reserve "$program")
		if grep -qE 'WARNING:|BUG:|Kernel panic|iommu reserve: ' "$log"; then
			result iommufd fail "$program: no kernel report" "see $log"
		else
			result iommufd pass "$program: no kernel report"
		fi
	done
}

# number_of TREE NAME: what "tables" counted
number_of()
{
	tr -d '\r' <"$(log_of "$1" tables)" | sed -n "s/.*# $2 \(-\{0,1\}[0-9]*\)\$/\1/p" |
		head -n 1
}

# The tables that are left when areas came and went, and those of some that stand
judge_tables()
{
	local base series name

	base=$(number_of mends left) series=$(number_of reserve left)
	if [ "${series:-9999}" -le 1 ] && [ "${base:-0}" -gt 1000 ]; then
		result iommufd pass "tables: none are left of areas that went" \
			"base $base, series $series"
	else
		result iommufd fail "tables: none are left of areas that went" \
			"base ${base:-none}, series ${series:-none}"
	fi
	for name in standing-4K standing-2M standing-4M; do
		base=$(number_of mends "$name") series=$(number_of reserve "$name")
		if [ -n "$base" ] && [ -n "$series" ] && [ "$series" -le "$base" ]; then
			result iommufd pass "tables: $name takes no more than before" \
				"base $base, series $series"
		else
			result iommufd fail "tables: $name takes no more than before" \
				"base ${base:-none}, series ${series:-none}"
		fi
	done
}

# One run after the other, so that what else the machine does is the same for both
bench()
{
	local rounds=$1 tree image round times=$BUILD/iommufd/times
	local -A images

	for tree in mends reserve; do
		image=$(build "$tree")
		images[$tree]=$image
	done
	: >"$times"
	for ((round = 0; round < rounds; round++)); do
		for tree in mends reserve; do
			run "$tree" "${images[$tree]}" bench
			tr -d '\r' <"$(log_of "$tree" bench)" |
				sed -n "s/.*# time /$tree /p" >>"$times"
		done
	done
	python3 -B "$HERE/report.py" "$OUT/iommufd-bench.json" <"$times"
}

main()
{
	local tree program

	need_packages gcc libc6-dev libcap-dev python3
	mkdir -p "$OUT"
	result_start iommufd
	for tree in mends reserve; do
		run_tree "$tree"
	done
	for program in "${PROGRAMS[@]}"; do
		python3 -B "$HERE/judge.py" "$program" "$HERE/expected" "$(log_of mends "$program")" \
			"$(log_of reserve "$program")" >>"$OUT/results/iommufd.tsv"
	done
	judge_reports
	judge_tables
	"$ROOT/scripts/results.sh" iommufd
}

case ${1:-} in
'')
	CONFIG=um-iommufd-debug
	main
	;;
bench)
	CONFIG=um-iommufd
	need_packages gcc libc6-dev libcap-dev python3
	mkdir -p "$OUT"
	bench "${2:-5}"
	;;
*)
	die "usage: tests/iommufd/run.sh [bench [ROUNDS]]"
	;;
esac
exit
