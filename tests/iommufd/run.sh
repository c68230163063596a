#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make iommufd: the kernel's own selftests of iommufd, on a kernel without the series and
# on the series, where every domain of the mock device has reservations and
# IOMMU_RESERVE_DEBUG looks at who uses them; how many pages tables have on both
# (tables.c), and who is charged for them (charged.c); areas, domains and accesses that come
# and go side by side (races.c); a map whose process is killed (killed.c); and where
# IOMMU_IOAS_MAP fails when any of its allocations does (inject.c, stacks.py). All that on
# two machines: natively on
# User Mode Linux ("um"), where there are memcgs, and on arm64 in QEMU ("arm64"), which has
# huge pages. The kernel without the series is the base kernel and the steps that mend the
# selftests' own support, or hardly any of them would pass on User Mode Linux.
#
#   tests/iommufd/run.sh [um|arm64]
#   tests/iommufd/run.sh bench [ROUNDS]	what mapping costs, a run of each kernel in turn
#   tests/iommufd/run.sh tree TREE	on User Mode Linux, of a tree like that of the
#					series, one with a mistake:
#					out/results/iommufd-TREE.tsv
#
# What can not pass on such a machine is named in the file "expected", with the reason.
# Results go to out/results/iommufd.tsv, what was said to
# out/iommufd-MACHINE-TREE-PROGRAM.log, times to out/iommufd-bench.json.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

HERE=$ROOT/tests/iommufd
PROGRAMS=(iommufd iommufd_fail_nth tables walks failing races killed inject charged)
TIMEOUT=${IOMMUFD_TIMEOUT:-600}
# For QEMU, where time is to be counted in instructions
EXACT=()
HUGE_PAGES="hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=160"

# Is this machine's compiler not the one for MACHINE?
foreign()
{
	[ "$1" = arm64 ] && [ "$(uname -m)" != aarch64 ]
}

packages()
{
	need_packages gcc libc6-dev libcap-dev python3
	[ "$1" != arm64 ] || need_packages qemu-system-arm
	! foreign "$1" || need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
}

# The selftests' library for arm64. Of this machine's suite, as the compiler's C library
# is: that is what it was linked with
foreign_libcap()
{
	local dir=$BUILD/iommufd/libcap suite deb

	# shellcheck source=/dev/null
	suite=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
	deb=$(suite_download "$suite" arm64 libcap-dev) || exit 1
	if ! stamp_ok "$dir/.stamp" "$deb"; then
		mkdir -p "$dir"
		dpkg-deb -x "$deb" "$dir"
		stamp_set "$dir/.stamp" "$deb"
	fi
}

# compile MACHINE TREE OUT: the programs, from the tree whose kernel, built in OUT, runs
# them, and the root that they have
compile()
{
	local machine=$1 tree=$2 out=$3 src=${3%/*} root=$BUILD/iommufd/$1-$2 program key
	local libcap=$BUILD/iommufd/libcap/usr cc=(gcc) lib=(-lcap)

	if foreign "$machine"; then
		cc=(aarch64-linux-gnu-gcc -idirafter "$libcap/include")
		lib=(-L "$libcap/lib/aarch64-linux-gnu" -lcap)
	fi
	cc+=(-O2 -static -D_GNU_SOURCE= -isystem "$out/usr/include"
		-I "$src/drivers/iommu/iommufd")
	key=$(hash_of "$HERE" "$src/include/uapi/linux/iommufd.h" \
		"$src/drivers/iommu/iommufd/iommufd_test.h" "$src/tools/testing/selftests/iommu")
	! stamp_ok "$root/.stamp" "$key" || return 0
	"$ROOT/scripts/kernel/kernel.sh" make "$tree" "$CONFIG" headers
	mkdir -p "$root"/{proc,sys,dev,tmp}
	for program in iommufd iommufd_fail_nth; do
		"${cc[@]}" -I "$src/tools/testing/selftests" -o "$root/$program" \
			"$src/tools/testing/selftests/iommu/$program.c" "${lib[@]}"
	done
	for program in tables walks failing races killed inject charged bench init; do
		"${cc[@]}" -std=gnu11 -Wall -Wextra -Werror -o "$root/$program" \
			"$HERE/$program.c"
	done
	[ "$machine" != arm64 ] || initramfs "$root" "$out"
	stamp_set "$root/.stamp" "$key"
}

# initramfs ROOT OUT: all of ROOT in one file, made by the kernel's own tool
initramfs()
{
	local root=$1 name

	{
		for name in proc sys dev tmp; do
			printf 'dir /%s 755 0 0\n' "$name"
		done
		printf 'nod /dev/console 600 0 0 c 5 1\n'
		for name in init bench "${PROGRAMS[@]}"; do
			printf 'file /%s %s 755 0 0\n' "$name" "$root/$name"
		done
	} >"$root.list"
	"$2/usr/gen_init_cpio" "$root.list" >"$root.cpio"
}

# log_of MACHINE TREE PROGRAM
log_of()
{
	printf '%s/iommufd-%s-%s-%s.log\n' "$OUT" "$1" "$2" "$3"
}

# Both kernels are told this: what programs say is in their log, as much as it may be
ARGS=(panic=-1 printk.devkmsg=on)

# run_um TREE IMAGE PROGRAM
run_um()
{
	timeout --kill-after=10 "$TIMEOUT" "$2" mem=1G con=null con0=null,fd:1 \
		console=tty0 root=/dev/root rootfstype=hostfs \
		rootflags="$BUILD/iommufd/um-$1" ro init=/init "${ARGS[@]}" "TEST=$3"
}

# run_arm64 TREE IMAGE PROGRAM: with the huge pages that the programs want
run_arm64()
{
	timeout --kill-after=10 "$TIMEOUT" qemu-system-aarch64 -nodefaults \
		-no-user-config -display none -no-reboot -M virt,gic-version=3 \
		-cpu cortex-a76 -m 4G "${EXACT[@]}" -kernel "$2" \
		-initrd "$BUILD/iommufd/arm64-$1.cpio" -serial stdio \
		-append "console=ttyAMA0 $HUGE_PAGES ${ARGS[*]} TEST=$3"
}

# run MACHINE TREE IMAGE PROGRAM. Through a file: User Mode Linux drops what a pipe does
# not take at once
run()
{
	local log

	log=$(log_of "$1" "$2" "$4")
	"run_$1" "${@:2}" </dev/null >"$log.raw" 2>&1 || :
	tr -d '\r' <"$log.raw" >"$log"
	rm "$log.raw"
}

# build MACHINE TREE: what is needed, and print the image
build()
{
	local machine=$1 tree=$2 image out

	image=$("$ROOT/scripts/kernel/kernel.sh" build "$tree" "$CONFIG")
	image=$(sed -n 's/^image=//p' <<<"$image")
	out=${image%/arch/*}
	[ "$machine" = arm64 ] || out=${image%/*}
	! foreign "$machine" || foreign_libcap
	REMEDY="the selftests have to compile with this machine's headers" \
		step "build the selftests of the $tree kernel on $machine" \
		compile "$machine" "$tree" "$out"
	printf '%s\n' "$image"
}

run_tree()
{
	local machine=$1 tree=$2 image program start=$SECONDS

	image=$(build "$machine" "$tree")
	say "iommufd's selftests on the $tree kernel, $machine:"
	for program in "${PROGRAMS[@]}"; do
		run "$machine" "$tree" "$image" "$program" &
	done
	wait
	say "  $((SECONDS - start)) s"
}

# judge_reports: what the kernel said besides: nothing. As all that judges, this is for
# test_machine(), whose machine, tree and suite it reads
judge_reports()
{
	local program log

	for program in "${PROGRAMS[@]}"; do
		log=$(log_of "$machine" "$tree" "$program")
		if [ -s "$log" ] && "$ROOT/scripts/guest/kernel-log.sh" -s "$log"; then
			result "$suite" pass "$machine $program: no kernel report"
		else
			result "$suite" fail "$machine $program: no kernel report" "see $log"
		fi
	done
}

# number_of TREE PROGRAM NAME: what a program counted
number_of()
{
	sed -n "s/.*# $3 \(-\{0,1\}[0-9]*\)\$/\1/p" "$(log_of "$machine" "$1" "$2")" |
		head -n 1
}

# Tables that are left when areas came and went, and those of some that stand
judge_tables()
{
	local base series name standing=(4K 2M 4M)

	[ "$machine" != arm64 ] || standing+=(1G)
	base=$(number_of mends tables left) series=$(number_of "$tree" tables left)
	if [ "${series:-9999}" -le 1 ] && [ "${base:-0}" -gt 1000 ]; then
		result "$suite" pass "$machine tables: none are left of areas that went" \
			"base $base, series $series"
	else
		result "$suite" fail "$machine tables: none are left of areas that went" \
			"base ${base:-none}, series ${series:-none}"
	fi
	for name in "${standing[@]}"; do
		base=$(number_of mends tables "standing-$name")
		series=$(number_of "$tree" tables "standing-$name")
		if [ -n "$base" ] && [ -n "$series" ] && [ "$series" -le "$base" ]; then
			result "$suite" pass "$machine tables: standing-$name takes no more than before" \
				"base $base, series $series"
		else
			result "$suite" fail "$machine tables: standing-$name takes no more than before" \
				"base ${base:-none}, series ${series:-none}"
		fi
	done
}

# What failed half-way, or came and went beside others, leaves no table
judge_failures()
{
	local program name series

	while read -r program name; do
		series=$(number_of "$tree" "$program" "$name")
		if [ "${series:-9999}" -le 0 ]; then
			result "$suite" pass "$machine $program: $name" "series $series"
		else
			result "$suite" fail "$machine $program: $name" \
				"series ${series:-none}, and should be 0"
		fi
	done <<-end
		failing left
		failing domains-left
		races races-left
		killed killed-left
	end
}

# No allocation fails in mapping
judge_inject()
{
	local kinds=('scattered pages')

	[ "$machine" != arm64 ] || kinds+=('huge pages')
	python3 -B "$HERE/stacks.py" "$machine inject" "$(log_of "$machine" mends inject)" \
		"$(log_of "$machine" "$tree" inject)" "${kinds[@]}" >>"$OUT/results/$suite.tsv"
}

# time_of MACHINE TREE: what it said is appended to $times
time_of()
{
	sed -n "s/.*# time /$1 $2 /p" "$(log_of "$1" "$2" bench)" >>"$times"
}

# Instructions, which do not depend on the machine
bench_arm64()
{
	local tree image

	packages arm64
	CONFIG=arm64-iommufd-bench
	EXACT=(-icount "shift=0,sleep=off")
	HUGE_PAGES="hugepagesz=2M hugepages=512"
	for tree in mends walks reserve; do
		image=$(build arm64 "$tree")
		step "count instructions on the $tree kernel" run arm64 "$tree" "$image" bench
		time_of arm64 "$tree"
	done
}

# bench_um ROUNDS: one run after the other, so that what else the machine does is the
# same for all
bench_um()
{
	local rounds=$1 tree image round
	local -A images

	packages um
	CONFIG=um-iommufd
	for tree in mends walks reserve; do
		image=$(build um "$tree")
		images[$tree]=$image
	done
	for ((round = 0; round < rounds; round++)); do
		for tree in mends walks reserve; do
			run um "$tree" "${images[$tree]}" bench
			time_of um "$tree"
		done
	done
}

bench()
{
	local times=$BUILD/iommufd/times

	mkdir -p "$OUT" "$BUILD/iommufd"
	: >"$times"
	bench_arm64
	bench_um "$1"
	python3 -B "$HERE/report.py" "$OUT/iommufd-bench.json" <"$times"
}

# test_machine MACHINE TREE SUITE: all that the programs and the kernel say on TREE,
# beside the base kernel
test_machine()
{
	local machine=$1 tree=$2 suite=$3 program

	packages "$machine"
	base_is_known "$machine" || run_tree "$machine" mends
	run_tree "$machine" "$tree"
	for program in "${PROGRAMS[@]}"; do
		python3 -B "$HERE/judge.py" "$machine $program" "$HERE/expected" \
			"$(log_of "$machine" mends "$program")" \
			"$(log_of "$machine" "$tree" "$program")" >>"$OUT/results/$suite.tsv"
	done
	judge_reports
	judge_tables
	judge_failures
	judge_inject
}

# For mutants: the base kernel says the same each time, until the programs change
base_is_known()
{
	local log program

	[ -n "$KEEP_BASE" ] || return 1
	for program in "${PROGRAMS[@]}"; do
		log=$(log_of "$1" mends "$program")
		grep -qs '# exit code' "$log" && [ -z "$(find "$HERE" -newer "$log")" ] || return 1
	done
}

# main TREE SUITE MACHINE...
main()
{
	local tree=$1 suite=$2 machine

	mkdir -p "$OUT"
	result_start "$suite"
	for machine in "${@:3}"; do
		CONFIG=um-iommufd-debug
		[ "$machine" = um ] || CONFIG=$machine-iommufd
		test_machine "$machine" "$tree" "$suite"
	done
	"$ROOT/scripts/lib/results.sh" "$suite"
}

KEEP_BASE=
case ${1:-} in
'')
	main reserve iommufd um arm64
	;;
um | arm64)
	main reserve iommufd "$1"
	;;
bench)
	bench "${2:-5}"
	;;
tree)
	[ $# = 2 ] || die "usage: tests/iommufd/run.sh tree TREE"
	KEEP_BASE=1
	main "$2" "iommufd-$2" um
	;;
*)
	die "usage: tests/iommufd/run.sh [um|arm64|bench [ROUNDS]|tree TREE]"
	;;
esac
exit
