#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the guest: a program of the second disk (tests/programs/image.sh), in its root.
# What it says goes to /out/said.txt, line by line, its exit code to /out/rc.
#
#   guest.sh COMMAND
#
# Started by tests/programs/run.sh.

P=/tmp/programs

mkdir -p $P
mount -t ext4 -o ro /dev/vdb $P || exit
for dir in dev proc sys share out; do
	mount --bind /$dir $P/$dir
done
for dir in tmp root run; do
	mount -t tmpfs tmpfs $P/$dir
done
mkdir -p /dev/shm

# One that loses the device says so again and again; the rest is the same
most=4000000

# A program that aborts keeps what it has not written yet: there must be no such thing
chroot $P stdbuf -oL /bin/bash -c "export MESA_SHADER_CACHE_DISABLE=1
	$1" 2>&1 | stdbuf -oL head -c $most >/out/said.txt
echo "${PIPESTATUS[0]}" >/out/rc
