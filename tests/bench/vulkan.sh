#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What Vulkan's sparse binding costs an application, base kernel and reserve kernel, with
# the panvk of the guest's image and with that of the next Mesa (see
# scripts/guest/image.sh): scenarios V1 to V4 of tests/vksparse/costs.c.
#
#   tests/bench/vulkan.sh [--once]
#
# In instructions, of the application, its driver and the kernel, in the guest of
# scripts/guest/exact-lib.sh. Each run is made twice and must be the same twice; with --once
# there is one, which takes half the time.
#
# Adds its rows to out/bench.json, prints them, and fails where the reserve kernel misses
# what tests/bench/promises names.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/guest/exact-lib.sh
. "$ROOT/scripts/guest/exact-lib.sh"

WORK=$BUILD/bench/vulkan
LOG=$BUILD/bench/vulkan-log
LIB=usr/lib/aarch64-linux-gnu
NEXT=$BUILD/guest/share/mesa-next
# 512 buffers and 81,920 binds take minutes on a busy machine
export EXACT_TIMEOUT=${EXACT_TIMEOUT:-7200}

# All libraries of the image, out of which a run takes what it needs
image_libraries()
{
	rm -rf "$WORK/image"
	mkdir -p "$WORK/image"
	/sbin/debugfs -R "rdump /$LIB $WORK/image" "$BUILD/guest/root.img"
	[ -e "$WORK/image/aarch64-linux-gnu/libvulkan.so.1" ]
}

needed()
{
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# add_library DIR NAME: and what it needs
add_library()
{
	local name

	[ ! -e "$1/$2" ] || return 0
	cp -L "$WORK/image/aarch64-linux-gnu/$2" "$1/$2"
	for name in $(needed "$1/$2"); do
		add_library "$1" "$name"
	done
}

# Both drivers and what they need, to DIR/files/lib, and their names for VK_DRIVER_FILES
add_drivers()
{
	local files=$1/files name

	for name in libvulkan.so.1 libvulkan_panfrost.so $(needed "$files/bin/vksparse"); do
		add_library "$files/lib" "$name"
	done
	mkdir -p "$files/icd"
	printf '{ "file_format_version": "1.0.1", "ICD": { "api_version": "1.4.0", "library_path": "%s" } }\n' \
		/lib/libvulkan_panfrost.so >"$files/icd/image.json"
	[ -f "$NEXT/panfrost.json" ] || return 0
	cp "$NEXT/libvulkan_panfrost.so" "$files/icd/"
	for name in $(needed "$files/icd/libvulkan_panfrost.so"); do
		add_library "$files/lib" "$name"
	done
	sed 's|/lib/|/icd/|' "$files/icd/image.json" >"$files/icd/next.json"
}

# Runs in the guest: each Mesa that is there
# shellcheck disable=SC2016 # for the guest's shell
COMMAND='for icd in /icd/*.json; do VK_DRIVER_FILES=$icd vksparse --costs || exit; done'

measure()
{
	exact_twice "$WORK/$1" "$LOG/$1-costs" costs "($COMMAND)"
}

# What is promised with the Mesas that are here; of others it says so
promises_here()
{
	local mesa here

	# By any row: one that is missing is a promise that was not kept
	here=$(sed -n 's/.*bench: V[1-4] \(mesa_[0-9.]*\)_.*/\1/p' "$LOG"/* | sort -u)
	sed -n 's/^V1 \(mesa_[0-9.]*\)_instrs.*/\1/p' "$ROOT/tests/bench/promises" |
		while read -r mesa; do
			grep -qxF "$mesa" <<<"$here" ||
				say "  nothing was measured with $mesa, of which something is promised"
		done
	grep -F "$here" "$ROOT/tests/bench/promises"
}

case ${1:-} in
'') ;;
--once) export EXACT_ONCE=1 ;;
*) die "usage: tests/bench/vulkan.sh [--once]" ;;
esac
locked bench-vulkan
need_packages python3 binutils
for kernel in base reserve; do
	guest_prepare "$kernel" plain
done
"$ROOT/tests/vksparse/run.sh" build >/dev/null
rm -rf "$LOG"
mkdir -p "$LOG" "$OUT"
step "image libraries" image_libraries
for kernel in base reserve; do
	exact_prepare "$WORK/$kernel" "$kernel" vksparse
	step "add drivers $kernel" add_drivers "$WORK/$kernel"
	REMEDY="look at the end of that log"
	step "measure Vulkan $kernel" measure "$kernel"
done
[ -f "$NEXT/panfrost.json" ] ||
	say "  no figures with the next Mesa: $(cat "$NEXT/why")"
promises_here >"$WORK/promises"
python3 "$ROOT/tests/bench/report.py" "$WORK/promises" "$LOG" "$OUT/bench.json" V1 V2 V3 V4
