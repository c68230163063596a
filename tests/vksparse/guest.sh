#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the guest: vksparse with each Mesa that is there. For each there are, in /out,
# sparse-VERSION.tap, what it says, and sparse-VERSION.points, a result line a point about
# what else can be seen: faults of the GPU, and allocations where queued binds may not.
#
#   guest.sh WHICH HOW COUNT [VKSPARSE-OPTION...]
#
# WHICH: image, the Mesa of the image; next, the one beside it; both
# HOW: all, all scenarios and then those which fault; random, only that one
# COUNT: count, allocations of the kernel's workers are counted; no, they are not
#
# Started by tests/vksparse/run.sh.

which=$1 how=$2 count=$3
shift 3
[ "$count" != count ] || mount -t tracefs tracefs /sys/kernel/tracing

point()
{
	printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}"
}

faults()
{
	dmesg | grep -cE 'panthor .*(FAULT|FATAL|[Ff]ault|timeout|timed out|reset)'
}

# run ARGUMENT...: vksparse; RC is its exit code
run()
{
	rc=0
	if [ "$count" = count ]; then
		bindcost --during vksparse "$@" || rc=$?
	else
		vksparse "$@" || rc=$?
	fi
}

# What bindcost says of the run in $1
allocations()
{
	local what='queued binds allocate nothing where they signal' told

	told=$(grep -E '^# [0-9]+ bind jobs ran' "$1" | head -n 1)
	lost=$(grep -E '^# and .* events lost' "$1" | head -n 1)
	if [ $rc != 3 ] && [ -n "$told" ]; then
		point pass "$what" "${told#\# }"
	else
		point fail "$what" "exit code $rc; ${told#\# }; ${lost#\# }"
	fi
}

# mesa: with the driver that VK_DRIVER_FILES names, or the image's
mesa()
{
	local version file before

	version=$(vulkaninfo --summary 2>/dev/null |
		sed -n 's/.*driverInfo *= Mesa \([0-9.]*\).*/\1/p' | head -n 1)
	file=/out/sparse-${version:-unknown}
	# Both can be of one version
	[ ! -e "$file.points" ] || file=$file-next
	before=$(faults)
	if [ "$how" = random ]; then
		run "$@" random >"$file.tap" 2>&1
	else
		run "$@" >"$file.tap" 2>&1
	fi
	{
		[ "$count" != count ] || allocations "$file.tap"
		if [ "$(faults)" = "$before" ]; then
			point pass 'the GPU reports no fault'
		else
			point fail 'the GPU reports no fault' "$(dmesg | grep -E 'panthor .*[Ff]ault' | tail -n 1)"
		fi
	} >"$file.points"
	[ "$how" = all ] || return 0
	before=$(faults)
	vksparse fault >"$file-fault.tap" 2>&1
	if [ "$(faults)" -gt "$before" ]; then
		point pass 'an unbound block without residency is a fault of the GPU'
	else
		point fail 'an unbound block without residency is a fault of the GPU'
	fi >"$file-fault.points"
}

[ "$which" = next ] || mesa "$@"
[ "$which" != image ] || exit 0
if [ -f /share/mesa-next/panfrost.json ]; then
	export VK_DRIVER_FILES=/share/mesa-next/panfrost.json
	mesa "$@"
else
	point skip vksparse "$(cat /share/mesa-next/why)" >/out/sparse-next.points
fi
