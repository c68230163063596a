#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The suite "repeat": under QEMU's -icount a guest does the same twice, down to
# each register access, interrupt and message.
#
#   scripts/repeat.sh [base|reserve]
#
# The guest is an initramfs with Panthor and vmbind and nothing that waits for the
# host, neither disk nor share. Two runs; their traces of the GPU (QEMU's trace
# points mali_csf_*) and their consoles are compared. They stay in out/repeat/.
# Writes out/results/repeat.tsv.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

KERNEL=${1:-base}
DIR=$BUILD/repeat
TRACES=$OUT/repeat

# from_image PATH: out of the guest's root image, symbolic links followed
from_image()
{
	local path=$1 to=$DIR/root/$1

	mkdir -p "$(dirname "$to")"
	/sbin/debugfs -R "dump $path $to" "$BUILD/guest/root.img" 2>/dev/null
	[ -s "$to" ] || die "there is no $path in the guest's image"
	chmod 755 "$to"
}

make_initramfs()
{
	local lib=/usr/lib/aarch64-linux-gnu

	rm -rf "$DIR/root"
	mkdir -p "$DIR"/root/{bin,proc,sys,dev,tmp,lib,lib64}
	from_image /usr/bin/busybox
	from_image $lib/ld-linux-aarch64.so.1
	from_image $lib/libc.so.6
	from_image "$lib/$(libdrm_file)"
	mv "$DIR/root/usr/bin/busybox" "$DIR/root/bin/"
	mv "$DIR/root$lib"/* "$DIR/root/lib/"
	ln -sf "$(libdrm_file)" "$DIR/root/lib/libdrm.so.2"
	cp -r "$MODULES" "$DIR/root/modules"
	mkdir -p "$DIR/root/lib/firmware/arm/mali/arch10.8"
	cp "$BUILD/guest/share/firmware/arm/mali/arch10.8/mali_csffw.bin" \
		"$DIR/root/lib/firmware/arm/mali/arch10.8/"
	install -m 755 "$BUILD/guest/share/bin/vmbind" "$DIR/root/bin/"
	install -m 755 "$ROOT/tests/guest/init-repeat" "$DIR/root/init"
	# The same bytes each time: order, owner and time of the files are fixed
	find "$DIR/root" -exec touch -h -d '2026-01-01 UTC' {} +
	(cd "$DIR/root" && find . -print0 | sort -z |
		cpio --null --quiet --create --format=newc --owner=0:0 --reproducible) \
		>"$DIR/initramfs"
}

# libdrm.so.2 is a link, and debugfs does not follow it
libdrm_file()
{
	/sbin/debugfs -R "ls -p /usr/lib/aarch64-linux-gnu" "$BUILD/guest/root.img" 2>/dev/null |
		tr '/' '\n' | grep -m 1 '^libdrm\.so\.2\.'
}

# Time is a count of instructions, and one processor has no order to choose
run_once()
{
	timeout 300 "$QEMU" -nodefaults -no-user-config -display none -no-reboot \
		-M virt,gic-version=3,iommu=smmuv3,mali=on,dtb-randomness=off \
		-cpu cortex-a76 -smp 1 -m 1G \
		-icount shift=3,sleep=off -rtc base=2026-01-01,clock=vm \
		-kernel "$IMAGE" -initrd "$DIR/initramfs" \
		-append "console=ttyAMA0 quiet panic=-1 oops=panic rdinit=/init" \
		-serial "file:$1.console" -trace 'mali_csf_*' -D "$1.trace" \
		</dev/null >"$1.log" 2>&1
}

check()
{
	local lines

	lines=$(wc -l <"$TRACES/1.trace")
	if [ "$lines" -gt 10000 ]; then
		result repeat pass "the GPU was at work" "$lines lines of trace"
	else
		result repeat fail "the GPU was at work" "$lines lines of trace, see $TRACES/1.console"
	fi
	if grep -q '^repeat: exit code 0' "$TRACES/1.console"; then
		result repeat pass "vmbind passes under -icount"
	else
		result repeat fail "vmbind passes under -icount" "see $TRACES/1.console"
	fi
	if cmp -s "$TRACES/1.trace" "$TRACES/2.trace"; then
		result repeat pass "both runs have the same trace"
	else
		result repeat fail "both runs have the same trace" \
			"$(cmp "$TRACES/1.trace" "$TRACES/2.trace" 2>&1 | sed 's/.*differ: //')"
	fi
	if cmp -s "$TRACES/1.console" "$TRACES/2.console"; then
		result repeat pass "both runs print the same, times included"
	else
		result repeat fail "both runs print the same, times included" \
			"diff $TRACES/1.console $TRACES/2.console"
	fi
}

need_packages cpio e2fsprogs
"$ROOT/scripts/qemu.sh" build >/dev/null
"$ROOT/scripts/guest.sh" image >/dev/null
"$ROOT/scripts/vmbind.sh" build >/dev/null
eval "$("$ROOT/scripts/kernel.sh" build "$KERNEL" plain | sed 's/^image=/IMAGE=/; s/^modules=/MODULES=/')"
QEMU=$("$ROOT/scripts/qemu.sh" path)
locked repeat
# A boot puts the firmware in its place
[ -f "$BUILD/guest/share/firmware/arm/mali/arch10.8/mali_csffw.bin" ] ||
	"$ROOT/scripts/guest.sh" run --name repeat --boot-only >/dev/null
result_start repeat
mkdir -p "$TRACES"
rm -f "$TRACES"/*
step "initramfs" make_initramfs
for n in 1 2; do
	say "  run $n"
	run_once "$TRACES/$n" || say "  QEMU ended with $?, see $TRACES/$n.log"
done
check
"$ROOT/scripts/results.sh" repeat
