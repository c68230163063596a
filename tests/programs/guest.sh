#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the guest: programs of the second disk (tests/programs/image.sh), in its root.
#
#   guest.sh LINE...
#
# A LINE is "NAME SECONDS COMMAND", of tests/programs/list. What a program says goes to
# /out/NAME.txt, "NAME <TAB> exit code <TAB> seconds" to /out/ended.tsv, after each.
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

for line in "$@"; do
	read -r name seconds command <<<"$line"
	start=$SECONDS
	timeout -k 10 "$seconds" chroot $P /bin/bash -c "export MESA_SHADER_CACHE_DISABLE=1
		$command" 2>&1 | head -c $most >/out/"$name".txt
	printf '%s\t%s\t%s\n' "$name" "${PIPESTATUS[0]}" $((SECONDS - start)) >>/out/ended.tsv
done
