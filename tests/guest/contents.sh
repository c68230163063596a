#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the guest: what user space needs of the image is there and sees the
# GPU. TAP on stdout. Started by tests/guest/run.sh.

points=0
failures=0

# ok STATUS NAME: the status of the command just before
ok()
{
	points=$((points + 1))
	if [ "$1" = 0 ]; then
		echo "ok $points - $2"
	else
		echo "not ok $points - $2"
		failures=$((failures + 1))
	fi
}

[ -e /dev/dri/renderD128 ]
ok $? "the driver made a render node"

dmesg | grep -q "Mali-G610 id 0xa867"
ok $? "Panthor took the GPU for a Mali-G610"

ldconfig -p 2>/dev/null | grep -q libdrm.so.2 || ls /usr/lib/*/libdrm.so.2 >/dev/null 2>&1
ok $? "libdrm"

box64 -v 2>&1 | grep -qi '^box64'
ok $? "box64 runs"

for test in query gem vm group; do
	[ -x "/opt/amd64/usr/libexec/igt-gpu-tools/panthor/panthor_$test" ]
	ok $? "IGT's panthor_$test"
done

[ "$(cat <(echo word) 2>&1)" = word ]
ok $? "bash reads what a command prints"

summary=$(vulkaninfo --summary 2>&1)
grep -q 'deviceName *= Mali-G610' <<<"$summary"
ok $? "vulkaninfo shows a Mali-G610"
grep -q 'driverName *= panvk' <<<"$summary"
ok $? "its driver is panvk"
grep -q 'driverInfo *= Mesa 26\.1\.' <<<"$summary"
ok $? "of Mesa 26.1"
[ "$failures" = 0 ] || printf '# %s\n' "${summary//$'\n'/$'\n'# }"

echo "1..$points"
[ "$failures" = 0 ]
