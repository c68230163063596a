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
# Environment: VULKAN_KERNEL=base|reserve, the kernel tree (reserve).
#
# vulkaninfo's output is in out/guest/vulkan-NAME/vulkaninfo.txt.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/vmbind-lib.sh
. "$(dirname "$0")/vmbind-lib.sh"

KERNEL=${VULKAN_KERNEL:-reserve}

usage()
{
	sed -n '/^#   scripts/s/^# *//p' "$0" >&2
	exit 2
}

cmd_build()
{
	guest_compiler
	need_packages glslang-tools
	(
		locked vulkan
		guest_sysroot vulkan libvulkan1 libvulkan-dev
		guest_make vulkan vkqueue vulkan
	) || exit 1
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
	plain*) args=(--flavour plain --icount) ;;
	debug*) args=(--flavour debug) ;;
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
	[ $# -gt 0 ] || set -- plain plain-noncoherent debug debug-noncoherent
	guest_prepare "$KERNEL" "${@%-noncoherent}"
	cmd_build >/dev/null
	suite_run vulkan "$@"
}

suite_main "$@"
