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
#   tests/iommufd/run.sh tree TREE	the same of a tree like that of the series, one with
#					a mistake: out/results/iommufd-TREE.tsv
#
# What can not pass on such a machine is named in the file "expected", with the reason.
# Results go to out/results/iommufd.tsv, what was said to out/iommufd-TREE-PROGRAM.log,
# times to out/iommufd-bench.json.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=scripts/kernel-lib.sh
. "$ROOT/scripts/kernel-lib.sh"

HERE=$ROOT/tests/iommufd
PROGRAMS=(iommufd iommufd_fail_nth tables walks failing)
TIMEOUT=${IOMMUFD_TIMEOUT:-600}

# compile TREE OUT: the programs and a root folder for them, from the tree whose kernel,
# built in OUT, runs them
compile()
{
	local tree=$1 out=$2 src=${2%/*} root=$BUILD/iommufd/$1 program key
	local cc=(gcc -O2 -static -D_GNU_SOURCE= -isystem "$out/usr/include"
		-I "$src/drivers/iommu/iommufd")

	key=$(hash_of "$HERE" "$src/include/uapi/linux/iommufd.h" \
		"$src/drivers/iommu/iommufd/iommufd_test.h" "$src/tools/testing/selftests/iommu")
	! stamp_ok "$root/.stamp" "$key" || return 0
	"$ROOT/scripts/kernel.sh" make "$tree" "$CONFIG" headers
	mkdir -p "$root"/{proc,sys,dev,tmp}
	for program in iommufd iommufd_fail_nth; do
		"${cc[@]}" -I "$src/tools/testing/selftests" \
			-o "$root/$program" "$src/tools/testing/selftests/iommu/$program.c" -lcap
	done
	for program in tables walks failing bench; do
		"${cc[@]}" -std=gnu11 -Wall -Wextra -Werror -o "$root/$program" \
			"$HERE/$program.c"
	done
	gcc -O2 -static -std=gnu11 -Wall -Wextra -Werror -o "$root/init" "$HERE/init.c"
	stamp_set "$root/.stamp" "$key"
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

# judge_reports TREE SUITE: what the kernel said besides: nothing
judge_reports()
{
	local program log

	for program in "${PROGRAMS[@]}"; do
		log=$(log_of "$1" "$program")
		if grep -qE 'WARNING:|BUG:|Kernel panic|iommu reserve: ' "$log"; then
			result "$2" fail "$program: no kernel report" "see $log"
		else
			result "$2" pass "$program: no kernel report"
		fi
	done
}

# number_of TREE PROGRAM NAME: what a program counted
number_of()
{
	tr -d '\r' <"$(log_of "$1" "$2")" | sed -n "s/.*# $3 \(-\{0,1\}[0-9]*\)\$/\1/p" |
		head -n 1
}

# judge_tables TREE SUITE: the tables that are left when areas came and went, and those
# of some that stand
judge_tables()
{
	local base series name

	base=$(number_of mends tables left) series=$(number_of "$1" tables left)
	if [ "${series:-9999}" -le 1 ] && [ "${base:-0}" -gt 1000 ]; then
		result "$2" pass "tables: none are left of areas that went" \
			"base $base, series $series"
	else
		result "$2" fail "tables: none are left of areas that went" \
			"base ${base:-none}, series ${series:-none}"
	fi
	for name in standing-4K standing-2M standing-4M; do
		base=$(number_of mends tables "$name") series=$(number_of "$1" tables "$name")
		if [ -n "$base" ] && [ -n "$series" ] && [ "$series" -le "$base" ]; then
			result "$2" pass "tables: $name takes no more than before" \
				"base $base, series $series"
		else
			result "$2" fail "tables: $name takes no more than before" \
				"base ${base:-none}, series ${series:-none}"
		fi
	done
}

# judge_failures TREE SUITE: what failed half-way leaves no table
judge_failures()
{
	local name series

	for name in left domains-left; do
		series=$(number_of "$1" failing "$name")
		if [ "${series:-9999}" -le 0 ]; then
			result "$2" pass "failing: $name" "series $series"
		else
			result "$2" fail "failing: $name" "series ${series:-none}, and should be 0"
		fi
	done
}

# judge_tree TREE SUITE: all that the programs and the kernel said, beside the base
# kernel
judge_tree()
{
	local program

	result_start "$2"
	for program in "${PROGRAMS[@]}"; do
		python3 -B "$HERE/judge.py" "$program" "$HERE/expected" \
			"$(log_of mends "$program")" "$(log_of "$1" "$program")" \
			>>"$OUT/results/$2.tsv"
	done
	judge_reports "$1" "$2"
	judge_tables "$1" "$2"
	judge_failures "$1" "$2"
	"$ROOT/scripts/results.sh" "$2"
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
	local tree

	for tree in mends reserve; do
		run_tree "$tree"
	done
	judge_tree reserve iommufd
}

# The base kernel says the same each time, until the programs change
one_tree()
{
	local log

	log=$(log_of mends "${PROGRAMS[-1]}")
	if [ ! -s "$log" ] || [ -n "$(find "$HERE" -newer "$log")" ]; then
		run_tree mends
	fi
	run_tree "$1"
	judge_tree "$1" "iommufd-$1"
}

need_packages gcc libc6-dev libcap-dev python3
mkdir -p "$OUT"
case ${1:-} in
'')
	CONFIG=um-iommufd-debug
	main
	;;
bench)
	CONFIG=um-iommufd
	bench "${2:-5}"
	;;
tree)
	[ $# = 2 ] || die "usage: tests/iommufd/run.sh tree TREE"
	CONFIG=um-iommufd-debug
	one_tree "$2"
	;;
*)
	die "usage: tests/iommufd/run.sh [bench [ROUNDS] | tree TREE]"
	;;
esac
exit
