#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mesa's panvk on the virtual Mali: vulkaninfo and tests/vulkan, as a suite.
#
#   scripts/vulkan.sh build            build vkqueue for the guest, print its path
#   scripts/vulkan.sh [test NAME...]   run it, results to out/results/vulkan.tsv
#
# The guest is run as each NAME says, all of them when none is given:
#   plain, debug                          which kernel, a coherent GPU
#   plain-noncoherent, debug-noncoherent  the same, a GPU that is not
# Environment: VULKAN_KERNEL=base|reserve, the kernel tree (base).
#
# vulkaninfo's output is in out/guest/vulkan-NAME/vulkaninfo.txt.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/vmbind-lib.sh
. "$(dirname "$0")/vmbind-lib.sh"

KERNEL=${VULKAN_KERNEL:-base}

usage()
{
	sed -n '/^#   scripts/s/^# *//p' "$0" >&2
	exit 2
}

# The loader and headers of the suite that the guest is made of
vulkan_sysroot()
{
	local deb debs

	rm -rf "$BUILD/vulkan/sysroot"
	debs=$(suite_download forky arm64 libvulkan1 libvulkan-dev)
	for deb in $debs; do
		dpkg-deb -x "$deb" "$BUILD/vulkan/sysroot"
	done
}

vulkan_make()
{
	local cross=aarch64-linux-gnu-

	[ "$(uname -m)" != aarch64 ] || cross=
	make -C "$ROOT/tests/vulkan" O="$BUILD/vulkan/obj" CROSS_COMPILE=$cross \
		SYSROOT="$BUILD/vulkan/sysroot" -j"$JOBS"
}

cmd_build()
{
	local bin=$BUILD/guest/share/bin

	need_packages make gcc libc6-dev
	[ "$(uname -m)" = aarch64 ] ||
		need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	mkdir -p "$BUILD/vulkan/obj" "$bin"
	(
		locked vulkan
		if ! stamp_ok "$BUILD/vulkan/.sysroot" forky; then
			vulkan_sysroot
			stamp_set "$BUILD/vulkan/.sysroot" forky
		fi
		REMEDY="if a header is missing remove $BUILD/vulkan and run again" \
			step "vulkan build" vulkan_make
		if ! cmp -s "$BUILD/vulkan/obj/vkqueue" "$bin/vkqueue"; then
			install -m 755 "$BUILD/vulkan/obj/vkqueue" "$bin/vkqueue.new"
			mv "$bin/vkqueue.new" "$bin/vkqueue"
		fi
	) || exit 1
	printf '%s\n' "$bin/vkqueue"
}

# gpu_results NAME: whether the GPU took all that panvk gave it. A fault that
# is recoverable loses no device, and Vulkan may say nothing about it.
gpu_results()
{
	local what='the GPU reports no fault' found

	found=$(grep -hE 'panthor .*(FAULT|FATAL|[Ff]ault|timeout|timed out|reset)' \
		"$OUT/guest/$1/dmesg" | head -n 1) || :
	printf '%s\t%s\t%s\n' "$([ -z "$found" ] && echo pass || echo fail)" \
		"$what" "$found"
	what='the model refuses no instruction'
	found=$(grep -h '^mali-csf: ' "$OUT/log/guest-$1.qemu.log" | head -n 1) || :
	printf '%s\t%s\t%s\n' "$([ -z "$found" ] && echo pass || echo fail)" \
		"$what" "$found"
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	local name=vulkan-$1 rc=0 args=()

	case $1 in
	# The driver's time-outs are short: time is the guest's own, not the host's
	plain*) args=(--flavour plain --timeout 400 --icount) ;;
	debug*) args=(--flavour debug --timeout 900) ;;
	*) usage ;;
	esac
	case $1 in
	*-noncoherent) args+=(--machine mali-coherent=off) ;;
	esac
	say "  vulkaninfo and vkqueue on $KERNEL, $1"
	"$ROOT/scripts/guest.sh" run --kernel "$KERNEL" --name "$name" "${args[@]}" \
		-- "$(cat "$ROOT/tests/guest/vulkan.sh")" >"$LOGS/$name.log" 2>&1 || rc=$?
	{
		vmbind_points "$OUT/guest/$name/vulkaninfo.tap"
		vmbind_results "$name" "$rc"
		gpu_results "$name"
	} | sed "s/\t/\t$1: /"
}

cmd_test()
{
	local out=$OUT/results/vulkan.tsv config

	[ $# -gt 0 ] || set -- plain plain-noncoherent debug debug-noncoherent
	"$ROOT/scripts/qemu.sh" build >/dev/null
	for config; do
		"$ROOT/scripts/kernel.sh" build "$KERNEL" "${config%-noncoherent}" >/dev/null
	done
	"$ROOT/scripts/guest.sh" image >/dev/null
	cmd_build >/dev/null
	mkdir -p "$OUT/results" "$LOGS"
	for config; do
		run_config "$config"
	done >"$out.tmp"
	mv "$out.tmp" "$out"
	"$ROOT/scripts/results.sh" vulkan
}

cmd=${1:-test}
[ $# -eq 0 ] || shift
case $cmd in
build) cmd_build ;;
test) cmd_test "$@" ;;
*) usage ;;
esac
