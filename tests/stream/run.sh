#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The flight over a land of 85 GiB, in the guest.
#
#   tests/stream/run.sh build                    build it, print its path
#   tests/stream/run.sh [--frames N] [KERNEL...] fly; reserve when none is given
#
# out/stream/KERNEL has what is left of it: frame-NNN.ppm, the pictures; flight.json, what
# was measured; points.json, the test points; gpu.json, the page tables as the GPU's
# walker saw them meanwhile. Exits 0 only when no point failed, 97 when the kernel
# reported a mistake of its own.
#
# panvk is that of Debian's sid: the one in the guest's image (26.1) maps a sparse buffer
# in pieces of 2 MiB, one after the other, which works and takes some 16 s of a processor more.
# STREAM_PANVK=image takes that one; it is also taken where sid's does not start.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

PANVK=$BUILD/guest/share/panvk
DRIVER=usr/lib/aarch64-linux-gnu/libvulkan_panfrost.so

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

unpack_panvk()
{
	local tmp=$BUILD/stream/panvk

	rm -rf "$tmp" "$PANVK"
	mkdir -p "$tmp" "$PANVK"
	dpkg-deb -x "$1" "$tmp"
	cp "$tmp/$DRIVER" "$PANVK/"
	sed 's|"library_path".*"|"library_path": "/share/panvk/libvulkan_panfrost.so"|' \
		"$tmp"/usr/share/vulkan/icd.d/panfrost*.json >"$PANVK/panvk.json"
	rm -rf "$tmp"
}

# Sid's panvk in the share folder, if it can be had
get_panvk()
{
	local deb key

	if [ "${STREAM_PANVK:-sid}" = image ]; then
		rm -rf "$PANVK" "$BUILD/stream/.panvk"
		return
	fi
	deb=$(suite_download sid arm64 mesa-vulkan-drivers) || {
		say "  there is no mesa-vulkan-drivers of sid: that of the guest's image is taken"
		return
	}
	key=$(hash_of panvk "$deb")
	stamp_ok "$BUILD/stream/.panvk" "$key" && [ -s "$PANVK/panvk.json" ] && return
	step "stream panvk" unpack_panvk "$deb"
	stamp_set "$BUILD/stream/.panvk" "$key"
}

build()
{
	guest_compiler
	need_packages glslang-tools
	(
		locked vulkan
		guest_sysroot vulkan libvulkan1 libvulkan-dev
	) || exit 1
	(
		locked stream
		get_panvk
		guest_make stream stream vulkan
	) || exit 1
}

# What the guest runs: a driver that does not start is not taken
guest_command()
{
	cat <<-END
		export VK_DRIVER_FILES=/share/panvk/panvk.json
		vulkaninfo --summary >/out/vulkaninfo.txt 2>&1 || unset VK_DRIVER_FILES
		exec stream --out /out --json /out/points.json --pause /out/go $frames
	END
}

# fly KERNEL: sets rc where something is wrong
fly()
{
	local kernel=$1 name=stream-$1 dir=$OUT/guest/stream-$1 to=$OUT/stream/$1 watcher one=0

	say "  a flight over 85 GiB, kernel $kernel"
	rm -rf "$dir" "$to"
	mkdir -p "$to" "$LOGS"
	"$ROOT/tests/vmbind/watch.py" "$dir" "$to/gpu.json" 2>"$LOGS/watch-$name.log" &
	watcher=$!
	# The driver's time-outs are short: time is the guest's own, not the host's
	"$ROOT/scripts/guest/guest.sh" run --kernel "$kernel" --name "$name" --icount \
		--append "$EXACT_COUNTS" -- "$(guest_command)" >"$LOGS/$name.log" 2>&1 || one=$?
	wait_for_watcher "$watcher"
	if ! mv "$dir"/{flight,points}.json "$dir"/frame-*.ppm "$to/" 2>>"$LOGS/$name.log"; then
		tail -n 20 "$LOGS/$name.log" | sed 's/^/    /' >&2
		say "the flight came to no end; see $LOGS/$name.log and $OUT/log/guest-$name.log"
		one=$((one ? one : 1))
	fi
	[ "$one" -le "$rc" ] || rc=$one
}

main()
{
	local frames='' rc=0 kernel

	case "${1:-}" in
	build)
		build
		return
		;;
	--frames)
		[ $# -ge 2 ] || usage
		frames="--frames $2"
		shift 2
		;;
	-*) usage ;;
	esac
	[ $# -gt 0 ] || set -- reserve
	locked suite-stream
	for kernel; do
		guest_prepare "$kernel" plain
	done
	build >/dev/null
	for kernel; do
		fly "$kernel"
		grep -E '^(ok|not ok|#)' "$LOGS/stream-$kernel.log" || :
	done
	return $rc
}

main "$@"
