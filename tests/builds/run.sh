#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make builds: what the series touches, for other machines than the one that it
# was written on, without a warning; and KUnit of page tables there.
#
#   tests/builds/run.sh [NAME...]      only these; "-l" lists the names
#   tests/builds/run.sh --tree DIR NAME...    another tree of this kernel, which may
#                                      have a part of the series; no results are
#                                      written, the first that fails ends it
#
# Each build has W=1 and CONFIG_WERROR. Objects are those of drivers/iommu and of
# the drivers of Mali GPUs, with every format of page tables and whoever uses one
# (objects.config). Kernels are small and link (kunit.config); they run KUnit,
# natively or under QEMU, and the kernel says nothing else.
#
# Results go to out/results/builds.tsv, logs to build/log/builds-NAME.log and
# out/builds-NAME.log.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

HERE=$ROOT/tests/builds
TIMEOUT=${KUNIT_TIMEOUT:-900}

# NAME|ARCH|compiler's prefix|fragments|what is built|how it runs
TARGETS=(
	'arm64-4k-objects|arm64|aarch64-linux-gnu-|objects objects-64bit arm64 arm64-drivers|objects|'
	'arm64-16k-objects|arm64|aarch64-linux-gnu-|objects objects-64bit arm64 arm64-16k arm64-drivers|objects|'
	'arm64-64k-objects|arm64|aarch64-linux-gnu-|objects objects-64bit arm64 arm64-64k arm64-drivers|objects|'
	'arm-objects|arm|arm-linux-gnueabihf-|objects arm arm-drivers|objects|'
	'arm-lpae-objects|arm|arm-linux-gnueabihf-|objects arm arm-lpae arm-drivers|objects|'
	'x86_64-objects|x86_64||objects objects-64bit x86_64|objects|'
	'i386-objects|i386|i686-linux-gnu-|objects i386|objects|'
	'um-i386|um|i686-linux-gnu-|kunit um-i386|linux|run_um'
	'arm-lpae|arm|arm-linux-gnueabihf-|kunit arm arm-lpae qemu|zImage|run_arm'
	'arm64-16k|arm64|aarch64-linux-gnu-|kunit kunit-64bit arm64 arm64-16k qemu|Image|run_arm64'
	'arm64-64k|arm64|aarch64-linux-gnu-|kunit kunit-64bit arm64 arm64-64k qemu|Image|run_arm64'
)
OBJECTS=(drivers/iommu/ drivers/gpu/drm/panthor/ drivers/gpu/drm/panfrost/)
# Where there is an SMMU
MSM=drivers/gpu/drm/msm/

target_of()
{
	local t

	for t in "${TARGETS[@]}"; do
		if [ "${t%%|*}" = "$1" ]; then
			printf '%s\n' "$t"
			return
		fi
	done
	die "there is no build '$1'; 'tests/builds/run.sh -l' lists them"
}

packages()
{
	local need=(gcc make libc6-dev flex bison bc libelf-dev libssl-dev ccache python3)

	case $prefix in
	aarch64-*) [ "$(uname -m)" = aarch64 ] || need+=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross) ;;
	arm-*) need+=(gcc-arm-linux-gnueabihf) ;;
	i686-*) need+=(gcc-i686-linux-gnu libc6-dev-i386-cross) ;;
	esac
	need_packages "${need[@]}"
}

kmake()
{
	local args=("CROSS_COMPILE=$prefix")

	[ "$arch" != um ] || args+=(SUBARCH=i386)
	env -u MAKEFLAGS -u MFLAGS -u KBUILD_OUTPUT \
		CCACHE_DIR="$CACHE/ccache" CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 \
		CCACHE_MAXSIZE=5G \
		KBUILD_BUILD_TIMESTAMP='2026-01-01 00:00:00 UTC' KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_USER=panthor-reserve KBUILD_BUILD_HOST=localhost \
		make -C "$TREE" O="out-builds-$target" ARCH="$arch" "${args[@]}" \
		CC="ccache ${prefix}gcc" LOCALVERSION= -j"$JOBS" "$@"
}

# Kconfig drops what has an unmet dependency without a word.
check_config()
{
	local lost

	lost=$(grep -E '^CONFIG_' "$out/.wanted" | grep -vxFf "$out/.config" || :)
	[ -z "$lost" ] || _fail "Kconfig dropped these options, look for unmet dependencies: ${lost//$'\n'/, }"
}

# An option that comes with a later step is none of this tree's.
options()
{
	local line

	if [ -z "$part" ]; then
		cat "${files[@]}"
		return
	fi
	cat "${files[@]}" | while read -r line; do
		[[ ! $line =~ ^CONFIG_([A-Z0-9_a-z]*)= ]] ||
			git -C "$TREE" grep -q -E "^(menu)?config ${BASH_REMATCH[1]}\$" HEAD -- '*Kconfig*' || continue
		printf '%s\n' "$line"
	done
}

compile()
{
	local log=$LOGS/.builds-$target paths=(drivers/iommu/)

	[ "$what" != objects ] || paths=("${OBJECTS[@]}")
	! grep -q '^CONFIG_DRM_MSM=' "${files[@]}" || paths+=("$MSM")
	mkdir -p "$out"
	kmake tinyconfig
	options >"$out/.wanted"
	cat "$out/.wanted" >>"$out/.config"
	kmake olddefconfig
	check_config
	kmake W=1 "${paths[@]}" 2>&1 | tee "$log"
	# Not every tool's warning is an error to make
	! grep -w 'warning' "$log" || _fail 'there are warnings'
	[ "$what" = objects ] || kmake "$what"
}

run_um()
{
	"$out/linux" mem=512M con=null con0=null,fd:1 console=tty0 kunit_shutdown=halt
}

run_qemu()
{
	local image=$1

	shift
	"$qemu" -nodefaults -no-user-config -display none -no-reboot -smp 2 -m 1G \
		-kernel "$image" -serial stdio \
		-append 'console=ttyAMA0 kunit_shutdown=poweroff' "$@"
}

# The processor has to know pages of 16K
run_arm64()
{
	run_qemu "$out/arch/arm64/boot/Image" -M virt,gic-version=3 -cpu max,lpa2=off
}

run_arm()
{
	run_qemu "$out/arch/arm/boot/zImage" -M virt -cpu cortex-a15
}

run_kunit()
{
	local log=$OUT/builds-$target.log qemu=

	[ "$how" = run_um ] || qemu=$("$ROOT/scripts/qemu/qemu.sh" build)
	export target out qemu
	# Not every 64-bit machine runs programs of 32 bits
	if [ "$how" = run_um ] && ! "$out/linux" --version >/dev/null 2>&1; then
		result builds skip "$target: KUnit" "this machine does not run programs for i386"
		return
	fi
	say "KUnit on $target:"
	timeout --kill-after=10 "$TIMEOUT" bash -c "$(declare -f run_um run_qemu run_arm64 run_arm); $how" \
		</dev/null 2>&1 | tr -d '\r' >"$log" || :
	python3 "$ROOT/scripts/lib/ktap.py" --prefix "$target: " --require "$HERE/suites" \
		<"$log" >>"$OUT/results/builds.tsv"
	if "$ROOT/scripts/guest/kernel-log.sh" "$log"; then
		result builds pass "$target: no kernel report"
	else
		result builds fail "$target: no kernel report" "see $log"
	fi
}

run_target()
{
	local target arch prefix fragments what how files=() f out

	IFS='|' read -r target arch prefix fragments what how <<<"$1"
	out=$TREE/out-builds-$target
	for f in $fragments; do
		files+=("$HERE/$f.config")
	done
	packages
	if [ -n "$part" ]; then
		step "builds $target" compile
		return
	fi
	if (step "builds $target" compile); then
		result builds pass "$target: no warning"
	else
		result builds fail "$target: no warning" "see $LOGS/builds-$target.log"
		return
	fi
	[ -z "$how" ] || run_kunit
}

main()
{
	local names t part=''

	if [ "${1:-}" = -l ]; then
		printf '%s\n' "${TARGETS[@]%%|*}"
		exit
	fi
	if [ "${1:-}" = --tree ]; then
		part=1
		TREE=${2:-}
		[ -e "$TREE/.git" ] || die "--tree wants a work tree of the kernel, not '$TREE'"
		shift 2
	fi
	names=("$@")
	[ $# != 0 ] || names=("${TARGETS[@]%%|*}")
	mkdir -p "$OUT" "$LOGS"
	[ -n "$part" ] || result_start builds
	"$ROOT/scripts/kernel/tree.sh"
	for t in "${names[@]}"; do
		run_target "$(target_of "$t")"
	done
	[ -n "$part" ] || "$ROOT/scripts/lib/results.sh" builds
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
