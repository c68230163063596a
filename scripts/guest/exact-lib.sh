# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest that does the same each time, to the instruction: one processor, time
# that passes by instructions, and an initramfs with Panthor and a program or two
# in place of disks and shares, which would have it wait for the host. Sourced
# after lib.sh and vmbind-lib.sh; only defines names.

# exact_prepare DIR KERNEL PROGRAM...: make DIR/files, to which exact_initramfs adds
# a command. The programs are from the guest's share; they and the kernel must
# have been built (guest_prepare KERNEL plain). Sets IMAGE, the kernel's.
exact_prepare()
{
	local dir=$1 kernel=$2 modules

	shift 2
	need_packages cpio e2fsprogs
	eval "$("$ROOT/scripts/kernel/kernel.sh" path "$kernel" plain | sed 's/^image=/IMAGE=/; s/^modules=/modules=/')"
	guest_firmware
	mkdir -p "$dir"
	step "initramfs $kernel" _exact_root "$dir" "$modules" "$@"
}

# _from_image DIR PATH: out of the guest's root image
_from_image()
{
	local to=$1/files/$2

	mkdir -p "$(dirname "$to")"
	/sbin/debugfs -R "dump $2 $to" "$BUILD/guest/root.img" 2>/dev/null
	[ -s "$to" ] || die "there is no $2 in the guest's image"
	chmod 755 "$to"
}

# libdrm.so.2 is a link, and debugfs does not follow it
_libdrm_file()
{
	/sbin/debugfs -R "ls -p /usr/lib/aarch64-linux-gnu" "$BUILD/guest/root.img" 2>/dev/null |
		tr '/' '\n' | grep -m 1 '^libdrm\.so\.2\.'
}

_exact_root()
{
	local dir=$1 modules=$2 lib=/usr/lib/aarch64-linux-gnu firmware=arm/mali/arch10.8 program

	shift 2
	rm -rf "$dir/files"
	mkdir -p "$dir"/files/{bin,proc,sys,dev,tmp,lib,lib64}
	_from_image "$dir" /usr/bin/busybox
	_from_image "$dir" $lib/ld-linux-aarch64.so.1
	_from_image "$dir" $lib/libc.so.6
	_from_image "$dir" "$lib/$(_libdrm_file)"
	mv "$dir/files/usr/bin/busybox" "$dir/files/bin/"
	mv "$dir/files$lib"/* "$dir/files/lib/"
	ln -sf "$(_libdrm_file)" "$dir/files/lib/libdrm.so.2"
	cp -r "$modules" "$dir/files/modules"
	mkdir -p "$dir/files/lib/firmware/$firmware"
	cp "$BUILD/guest/share/firmware/$firmware/mali_csffw.bin" "$dir/files/lib/firmware/$firmware/"
	for program; do
		install -m 755 "$BUILD/guest/share/bin/$program" "$dir/files/bin/"
	done
	install -m 755 "$ROOT/tests/guest/init-exact" "$dir/files/init"
}

# exact_initramfs DIR COMMAND: DIR/initramfs, which runs COMMAND
exact_initramfs()
{
	local dir=$1

	printf '%s\n' "$2" >"$dir/files/cmd"
	# The same bytes each time: order, owner and time of the files are fixed
	find "$dir/files" -exec touch -h -d '2026-01-01 UTC' {} +
	(cd "$dir/files" && find . -print0 | sort -z |
		cpio --null --quiet --create --format=newc --owner=0:0 --reproducible) \
		>"$dir/initramfs"
}

# exact_quietly COMMAND: a command for exact_initramfs that runs COMMAND and then
# shows, when nobody else writes to the console any more, what it printed and what
# the kernel complained of; exact_output and exact_complaints read that.
exact_quietly()
{
	cat <<-END
		($1) >/tmp/stdout 2>&1
		rc=\$?
		\$bb dmesg -n 1
		echo "exact: output"
		\$bb cat /tmp/stdout
		echo "exact: complaints"
		\$bb dmesg -r | \$bb grep '^<[0-4]>'
		(exit \$rc)
	END
}

# exact_output NAME, exact_complaints NAME: of a run of such a command
exact_output()
{
	tr -d '\r' <"$1.console" | sed -n '/^exact: output$/,/^exact: complaints$/{ /^exact: /!p }'
}

exact_complaints()
{
	tr -d '\r' <"$1.console" | sed -n '/^exact: complaints$/,$p'
}

# exact_run DIR NAME SHIFT [APPEND [QEMU-ARG...]]: boot; the console goes to
# NAME.console, QEMU's messages to NAME.log. An instruction takes 2^SHIFT ns; one
# processor has no order to choose. The limit is for a guest that never ends: the
# guest's own time, by which its programs give up, does not pass while the host is
# busy.
exact_run()
{
	local dir=$1 name=$2 shift=$3 append=${4:-} args rc=0

	args=("${@:5}")
	timeout "${EXACT_TIMEOUT:-1800}" "$("$ROOT/scripts/qemu/qemu.sh" path)" \
		-nodefaults -no-user-config -display none -no-reboot \
		-M virt,gic-version=3,iommu=smmuv3,mali=on,dtb-randomness=off \
		-cpu cortex-a76 -smp 1 -m 1G \
		-icount "shift=$shift,sleep=off" -rtc base=2026-01-01,clock=vm \
		-kernel "$IMAGE" -initrd "$dir/initramfs" \
		-append "console=ttyAMA0 quiet panic=-1 oops=panic rdinit=/init${append:+ $append}" \
		-serial "file:$name.console" "${args[@]}" </dev/null >"$name.log" 2>&1 || rc=$?
	printf '%d\n' "$rc" >"$name.qemu"
	return "$rc"
}

# exact_twice DIR LOG WHAT COMMAND [APPEND]: boot and run COMMAND, which must do the same
# both times, to the character; the console to LOG. EXACT_ONCE=1: only once.
exact_twice()
{
	local dir=$1 log=$2 what=$3 n runs=(1 2)

	[ -z "${EXACT_ONCE:-}" ] || runs=(1)
	exact_initramfs "$dir" "$4"
	for n in "${runs[@]}"; do
		exact_run "$dir" "$dir/$what-$n" 0 "${5:-}" || :
		if [ "$(exact_status "$dir/$what-$n")" != 0 ]; then
			tail -n 20 "$dir/$what-$n.console" "$dir/$what-$n.log"
			die "'$4' failed, see $dir/$what-$n.console"
		fi
	done
	[ -n "${EXACT_ONCE:-}" ] || cmp "$dir/$what-1.console" "$dir/$what-2.console" ||
		die "'$4' does not do the same twice, see $dir/$what-[12].console"
	tr -d '\r' <"$dir/$what-1.console" >"$log"
}

# exact_status NAME: the exit code of the command, 98 when it did not end, or QEMU not well
exact_status()
{
	local status

	if [ "$(cat "$1.qemu" 2>/dev/null)" != 0 ]; then
		echo 98
		return
	fi
	status=$(tr -d '\r' <"$1.console" 2>/dev/null | sed -n 's/^exact: exit code \([0-9]*\)$/\1/p')
	printf '%s\n' "${status:-98}"
}
