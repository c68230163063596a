#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make vfio: devices that do DMA through the page tables of real drivers. Small guests,
# each with two of QEMU's "edu", or two of its "igb", behind another IOMMU, run one program,
# which opens the devices by VFIO and iommufd and looks at each byte that they move
# (vfio.c), on a kernel without the series and on the series, where IOMMU_RESERVE_DEBUG and
# lockdep look at it. What this QEMU does not have, as that of Debian 12 has no igb, is
# skipped, each with a line that says so.
#
#   tests/vfio/run.sh [MACHINE...]	only these; "-l" lists them
#   tests/vfio/run.sh --mutant [MACHINE...]	the kernel of tests/mutants in place of the
#						series', results in vfio-mutant.tsv
#
# VFIO_DEVICES="edu igb" are the devices. VFIO_QEMU_AARCH64 and VFIO_QEMU_X86 are other
# QEMUs than Debian's, as commands that need no more than their arguments.
#
# Results go to out/results/vfio.tsv, what a guest said to
# out/vfio-TREE-MACHINE-DEVICE.log.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

HERE=$ROOT/tests/vfio
WORK=$BUILD/vfio
TIMEOUT=${VFIO_TIMEOUT:-600}
SERIES=reserve
SUITE=vfio
DEVICES=${VFIO_DEVICES:-edu igb}
ARM=${VFIO_QEMU_AARCH64:-qemu-system-aarch64}
X86=${VFIO_QEMU_X86:-qemu-system-x86_64}

# NAME|configuration of the kernel|what QEMU has for IOMMU|more words for the kernel|
# property that a device of QEMU has to have for it.
# QEMU's model of AMD's IOMMU logs no event where it finds an entry that is zero.
MACHINES=(
	'smmuv3|arm64-iommufd|-M virt,gic-version=3,its=on,iommu=smmuv3 -cpu cortex-a57||'
	'smmuv3-stage2|arm64-iommufd|-M virt,gic-version=3,its=on,iommu=smmuv3 -cpu cortex-a57 -global arm-smmuv3.stage=2||arm-smmuv3 stage'
	'vtd|x86-iommufd|-M q35 -device intel-iommu,intremap=off|intel_iommu=on iommufd.allow_unsafe_interrupts=1|'
	'vtd-scalable|x86-iommufd|-M q35 -device intel-iommu,intremap=off,x-scalable-mode=on|intel_iommu=on,sm_on iommufd.allow_unsafe_interrupts=1|'
	'vtd-first|x86-iommufd|-M q35 -device intel-iommu,intremap=off,x-scalable-mode=on,x-flts=on|intel_iommu=on,sm_on iommufd.allow_unsafe_interrupts=1|intel-iommu x-flts'
	'amd|x86-iommufd|-M q35 -device amd-iommu,intremap=off|SILENT_FAULTS=1 iommufd.allow_unsafe_interrupts=1|'
)

machine_of()
{
	local m

	for m in "${MACHINES[@]}"; do
		if [ "${m%%|*}" = "$1" ]; then
			printf '%s\n' "$m"
			return
		fi
	done
	die "there is no machine '$1'; 'tests/vfio/run.sh -l' lists them"
}

log_of()
{
	printf '%s/vfio-%s-%s-%s.log\n' "$OUT" "$1" "$name" "$device"
}

qemu_of()
{
	case $1 in
	arm64-*) printf '%s\n' "$ARM" ;;
	*) printf '%s\n' "$X86" ;;
	esac
}

# The program is the guest's first process and its only file.
compile()
{
	local config=$1 image=$2 root=$WORK/$1 cc=gcc

	"$ROOT/scripts/kernel/kernel.sh" make "$SERIES" "$config" headers
	case $config-$(uname -m) in
	arm64-*-x86_64) cc=aarch64-linux-gnu-gcc ;;
	x86-*-aarch64) cc=x86_64-linux-gnu-gcc ;;
	esac
	mkdir -p "$root"
	"$cc" -O2 -static -pthread -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror \
		-isystem "${image%/arch/*}/usr/include" -I "$ROOT/tests/iommufd" \
		-o "$root/init" "$HERE"/*.c
	echo "file /init $root/init 755 0 0" >"$root.list"
	"${image%/arch/*}/usr/gen_init_cpio" "$root.list" >"$root.cpio"
}

# build CONFIG: both kernels, and the program for them
build()
{
	local config=$1 tree paths

	[ -z "${images[$SERIES-$config]:-}" ] || return 0
	for tree in mends "$SERIES"; do
		paths=$("$ROOT/scripts/kernel/kernel.sh" build "$tree" "$config")
		images[$tree-$config]=$(sed -n 's/^image=//p' <<<"$paths")
	done
	REMEDY="the program has to compile with the kernel's headers" \
		step "build the devices' test $config" compile "$config" \
		"${images[$SERIES-$config]}"
}

# Two of a kind, as QEMU's arguments. The slots that an igb's virtual functions would have
# must be free. It is not behind a port, as QEMU's AMD IOMMU takes what is for bus 0.
devices()
{
	local i

	for i in 4 8; do
		case $device in
		edu) printf '%s\n' -device edu,dma_mask=0xffffffffffffffff ;;
		igb) printf '%s\n' -device "igb,addr=$i,romfile=" ;;
		esac
	done
}

# boot TREE: the machine that is in name, config, iommu and words, with two of device
boot()
{
	local qemu console=ttyS0 args

	qemu=$(qemu_of "$config")
	[[ $config != arm64-* ]] || console=ttyAMA0
	mapfile -t args < <(devices)
	# shellcheck disable=SC2086 # several arguments
	timeout --kill-after=10 "$TIMEOUT" "$qemu" -nodefaults -no-user-config -display none \
		-no-reboot -smp 2 -m 512M $iommu -kernel "${images[$1-$config]}" \
		-initrd "$WORK/$config.cpio" -serial stdio "${args[@]}" \
		-append "console=$console panic=-1 quiet loglevel=6 printk.devkmsg=on DEVICE=$device $words" \
		</dev/null 2>&1 | tr -d '\r' >"$(log_of "$1")"
}

# What the program said, without the kernel's prefix
said()
{
	sed -nE 's/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? ((not )?ok |# |1\.\.)/\2/p' \
		"$(log_of "$1")"
}

# number_of TREE NAME: what the program counted
number_of()
{
	said "$1" | sed -n "s/^# $2 \(-\{0,1\}[0-9]*\)\$/\1/p"
}

judge_reports()
{
	if [ -s "$(log_of "$SERIES")" ] &&
		"$ROOT/scripts/guest/kernel-log.sh" -s "$(log_of "$SERIES")"; then
		result $SUITE pass "$name, $device: no kernel report"
	else
		result $SUITE fail "$name, $device: no kernel report" "see $(log_of "$SERIES")"
	fi
}

# Without the series there has to be something to free, or this says nothing.
judge_tables()
{
	local verdict=fail base series

	base=$(number_of mends reclaimed) series=$(number_of "$SERIES" reclaimed)
	if [ "${series:-9999}" -le 1 ] && [ "${base:-0}" -ge 1000 ]; then
		verdict=pass
	fi
	result $SUITE $verdict "$name, $device: no tables are left of 1,000 areas" \
		"pages: base ${base:-none}, series ${series:-none}; before reclaim $(number_of mends left) and $(number_of "$SERIES" left)"
}

# has DEVICE [PROPERTY]: does this machine's QEMU have it?
has()
{
	local said

	if [ -z "${2:-}" ]; then
		said=$("$qemu" -M none -device help </dev/null 2>/dev/null) || :
		grep -q "^name \"$1\"" <<<"$said"
	else
		said=$("$qemu" -M none -device "$1,help" </dev/null 2>/dev/null) || :
		grep -q "^  *$2=" <<<"$said"
	fi
}

skip()
{
	result $SUITE skip "$1" "$("$qemu" --version | sed -n '1s/.*version \([^ ]*\).*/QEMU \1/p') has no $2"
	say "$1 is skipped: $(tail -n 1 "$OUT/results/$SUITE.tsv" | cut -f3)"
}

run_device()
{
	local device=$1 base series base_rc=0 series_rc=0

	say "$device behind $name:"
	boot mends &
	base=$!
	boot "$SERIES" &
	series=$!
	wait "$base" || base_rc=$?
	wait "$series" || series_rc=$?
	said mends | "$ROOT/scripts/lib/tap-results.sh" "$name, $device, base" "$base_rc" \
		>>"$OUT/results/$SUITE.tsv"
	said "$SERIES" | "$ROOT/scripts/lib/tap-results.sh" "$name, $device" "$series_rc" \
		>>"$OUT/results/$SUITE.tsv"
	judge_reports
	judge_tables
}

run_machine()
{
	local name config iommu words needs device qemu

	IFS='|' read -r name config iommu words needs <<<"$1"
	qemu=$(qemu_of "$config")
	# shellcheck disable=SC2086 # a device and its property
	if [ -n "$needs" ] && ! has $needs; then
		skip "$name" "property ${needs#* } of ${needs% *}"
		return
	fi
	build "$config"
	for device in $DEVICES; do
		if has "$device"; then
			run_device "$device"
		else
			skip "$name, $device" "$device"
		fi
	done
}

main()
{
	local names m

	case ${1:-} in
	-l)
		printf '%s\n' "${MACHINES[@]%%|*}"
		exit
		;;
	--mutant)
		SERIES=mutant
		SUITE=vfio-mutant
		shift
		;;
	esac
	names=("$@")
	[ $# != 0 ] || names=("${MACHINES[@]%%|*}")
	for m in "${names[@]}"; do
		machine_of "$m" >/dev/null
	done
	need_packages gcc libc6-dev
	[ "$X86" != qemu-system-x86_64 ] || need_packages qemu-system-x86
	[ "$ARM" != qemu-system-aarch64 ] || need_packages qemu-system-arm
	mkdir -p "$OUT" "$WORK"
	result_start $SUITE
	for m in "${names[@]}"; do
		run_machine "$(machine_of "$m")"
	done
	"$ROOT/scripts/lib/results.sh" $SUITE
}

# Read whole before it runs: an edit of this script must not reach a run.
declare -A images
main "$@"
exit
