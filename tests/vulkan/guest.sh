#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the guest: vulkaninfo's view of the device as TAP points on a file of
# its own, /out/vulkaninfo.tap, then vkqueue on stdout.
#
# Started by tests/vulkan/run.sh, which says in $vkqueue_args how much is tried.

info=/out/vulkaninfo.txt
points=0

exec 3>/out/vulkaninfo.tap

# has PATTERN NAME: a line of vulkaninfo's
has()
{
	points=$((points + 1))
	if grep -qE "$1" "$info"; then
		echo "ok $points - vulkaninfo: $2" >&3
	else
		echo "not ok $points - vulkaninfo: $2" >&3
		echo "# no line like '$1' in vulkaninfo.txt" >&3
	fi
}

vulkaninfo >"$info" 2>&1
rc=$?
points=$((points + 1))
[ $rc = 0 ] && echo "ok $points - vulkaninfo: runs" >&3 ||
	echo "not ok $points - vulkaninfo: runs, exit code $rc" >&3
has 'driverName += panvk' 'the driver is panvk'
has 'deviceName += Mali-G610' 'the device is a Mali-G610'
has 'driverInfo += Mesa 2[6-9]' 'Mesa 26 or later'
has 'apiVersion += 1\.[4-9]' 'Vulkan 1.4'
has 'QUEUE_GRAPHICS_BIT \| QUEUE_COMPUTE_BIT \| QUEUE_TRANSFER_BIT' 'a family that draws and computes'
has 'queueFlags += QUEUE_SPARSE_BINDING_BIT' 'a family that binds sparse memory'
has 'timestampValidBits += 64' 'timestamps of 64 bits'
has 'timestampPeriod += [1-9]' 'with a period'
has '^[[:space:]]+sparseBinding += true' 'sparse binding'
has '^[[:space:]]+sparseResidencyBuffer += true' 'sparse buffers'
has '^[[:space:]]+timelineSemaphore += true' 'timeline semaphores'
has '^[[:space:]]+synchronization2 += true' 'synchronization2'
has '^[[:space:]]+hostQueryReset += true' 'query resets from the host'
has 'MEMORY_HEAP_DEVICE_LOCAL_BIT' 'a memory heap'
echo "1..$points" >&3

# shellcheck disable=SC2086 # words
exec vkqueue ${vkqueue_args:-} "$@"
