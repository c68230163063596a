#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the guest's root image, build/guest/root.img: an arm64 Debian with
# panvk, vulkan-tools and box64, and IGT's amd64 tests under /opt/amd64.
# Packages are unpacked, never configured, so that no arm64 code runs here.
# Called by "scripts/guest/guest.sh image"; firmware, kernel modules and our own
# test programs are not in it (see the share folder in scripts/guest/guest.sh).
#
# Beside it, in the share folder, is the panvk of the next Mesa, which runs on the
# image's libraries: share/mesa-next/panfrost.json for VK_DRIVER_FILES. Where that cannot
# be had, mesa-next/why says why, and what wants it does without.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

SUITE=forky
NEXT_SUITE=sid
ARM64_PACKAGES=(
	base-files bash box64 busybox-static coreutils grep gzip kmod libc6 mount
	procps sed util-linux
	libdrm2 libvulkan1 mesa-vulkan-drivers vulkan-tools
	# What box64 maps IGT's libraries to.
	libatomic1 libcairo2 libdrm-amdgpu1 libdrm-nouveau2 libglib2.0-0t64
	libkmod2 libpci3 libpciaccess0 libudev1
)
AMD64_PACKAGES=(igt-gpu-tools-tests)
# Of IGT's tests for any driver, those that one without a display can run
IGT_GENERIC=(core_debugfs core_getclient core_getstats core_getversion core_sysfs sw_sync
	syncobj_basic syncobj_eventfd syncobj_timeline syncobj_wait)

GUEST=$BUILD/guest
IMAGE=$GUEST/root.img
INIT=$ROOT/tests/guest/init

# root_tar ARCH PACKAGE...: print the path of an archive of these packages and
# all that they depend on.
root_tar()
{
	local tar

	tar=$CACHE/guest/$SUITE-$1-$(hash_of "$*").tar
	suite_tar "$SUITE" "$1" "$tar" "${*:2}"
	printf '%s\n' "$tar"
}

# Mesa's driver for the CPU, with which shaders are compared: not in the image, but in
# the share folder.
keep_lavapipe()
{
	local to=$GUEST/share/lavapipe

	rm -rf "$to"
	mkdir -p "$to"
	cp -a "$1"/usr/lib/aarch64-linux-gnu/{libvulkan_lvp.so,libLLVM*.so*,libz3*.so*} "$to"
	sed 's|"library_path".*"|"library_path": "/share/lavapipe/libvulkan_lvp.so"|' \
		"$1"/usr/share/vulkan/icd.d/lvp_icd*.json >"$to/lvp.json"
}

# Documentation, translations, and drivers for other hardware.
trim_arm64()
{
	local lib=$1/usr/lib/aarch64-linux-gnu

	rm -rf "$1"/usr/share/{doc,man,info,locale,bash-completion,fonts,perl5} \
		"$1"/usr/share/{lintian,common-licenses,misc,X11,zoneinfo} \
		"$1"/var/{cache,lib/apt,lib/dpkg} "$1"/usr/lib/udev \
		"$lib"/{gconv,perl-base,security,dri}
	find "$lib" -name 'libvulkan_*.so' ! -name libvulkan_panfrost.so -delete
	find "$lib" -name 'libVkLayer_*.so' -delete
	rm -rf "$1"/usr/share/vulkan/{explicit,implicit}_layer.d
	find "$1/usr/share/vulkan/icd.d" -type f ! -name 'panfrost*' -delete
	# Only those drivers wanted the compiler.
	rm -f "$lib"/{libLLVM,libclang,libz3}*.so*
}

# IGT's Panthor tests, a few of the others and the libraries; everything else stays out.
add_amd64()
{
	local to=$1/opt/amd64 tests=$2/usr/libexec/igt-gpu-tools

	mkdir -p "$to/usr/libexec/igt-gpu-tools" "$to/usr/lib/x86_64-linux-gnu"
	cp -a "$tests/panthor" "${IGT_GENERIC[@]/#/$tests/}" "$to/usr/libexec/igt-gpu-tools/"
	find "$2/usr/lib/x86_64-linux-gnu" -maxdepth 1 -name 'lib*.so*' \
		! -name 'libLLVM*' ! -name 'libz3*' ! -name 'libicu*' \
		-exec cp -a -t "$to/usr/lib/x86_64-linux-gnu" {} +
}

# A library that a kept one needs must not have been trimmed away.
check_closure()
{
	local dir=$1 file lib missing=0

	while read -r file; do
		for lib in $(readelf -d "$file" 2>/dev/null |
			     sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
			# The amd64 loader is box64 itself.
			if [ ! -e "$dir/$lib" ] && [ "$lib" != ld-linux-x86-64.so.2 ]; then
				echo "$file needs $lib, which is not in the image"
				missing=1
			fi
		done
	done
	return $missing
}

check_root()
{
	local lib=$1/usr/lib/aarch64-linux-gnu amd=$1/opt/amd64/usr

	printf '%s\n' "$lib/libvulkan_panfrost.so" "$lib/libvulkan.so.1" \
		"$1"/usr/bin/{bash,vulkaninfo,box64,kmod} |
		check_closure "$lib"
	printf '%s\n' "$amd"/libexec/igt-gpu-tools/panthor/panthor_* \
		"$amd"/lib/x86_64-linux-gnu/libigt.so.0 |
		check_closure "$amd/lib/x86_64-linux-gnu"
}

# The libraries that it needs must be in the image
check_next()
{
	local dir=$1 file lib

	file=$dir/libvulkan_panfrost.so
	for lib in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
		debugfs -R "stat /usr/lib/aarch64-linux-gnu/$lib" "$IMAGE" 2>&1 | grep -q '^Inode' || {
			echo "it needs $lib, which is not in the image"
			return 1
		}
	done
}

unpack_next()
{
	local deb=$1 dir=$2

	rm -rf "$dir" "$dir.root"
	mkdir -p "$dir" "$dir.root"
	dpkg-deb -x "$deb" "$dir.root"
	cp "$dir.root/usr/lib/aarch64-linux-gnu/libvulkan_panfrost.so" "$dir/"
	sed 's|"library_path".*"|"library_path": "/share/mesa-next/libvulkan_panfrost.so"|' \
		"$dir.root"/usr/share/vulkan/icd.d/panfrost*.json >"$dir/panfrost.json"
	rm -rf "$dir.root"
}

no_next()
{
	rm -rf "$GUEST/share/mesa-next"
	mkdir -p "$GUEST/share/mesa-next"
	printf '%s\n' "$1" >"$GUEST/share/mesa-next/why"
	say "  the next Mesa is left out: $1"
}

# The path of a package carries its version: a newer one takes the place of an older
make_next()
{
	local dir=$GUEST/share/mesa-next deb key why

	if ! deb=$(suite_download "$NEXT_SUITE" arm64 mesa-vulkan-drivers); then
		no_next "$NEXT_SUITE's mesa-vulkan-drivers for arm64 cannot be fetched"
		return
	fi
	key=$(hash_of "$deb" "$ROOT/scripts/guest/image.sh" "$(cat "$GUEST/.root")")
	if [ -f "$dir/panfrost.json" ] && stamp_ok "$GUEST/.next" "$key"; then
		return
	fi
	mkdir -p "$GUEST/share"
	REMEDY="remove $CACHE/downloads/$NEXT_SUITE and run again" \
		step "guest next mesa" unpack_next "$deb" "$dir"
	if ! why=$(check_next "$dir"); then
		no_next "$why"
		return
	fi
	stamp_set "$GUEST/.next" "$key"
}

# Runs as root or under fakeroot, so that the image's files belong to root.
assemble()
{
	local arm64=$1 amd64=$2 image=$3 dir=$3.dir size

	rm -rf "$dir" "$image"
	mkdir -p "$dir/arm64" "$dir/amd64"
	tar -xf "$arm64" -C "$dir/arm64" --exclude './dev/*'
	tar -xf "$amd64" -C "$dir/amd64" --exclude './dev/*'
	keep_lavapipe "$dir/arm64"
	trim_arm64 "$dir/arm64"
	add_amd64 "$dir/arm64" "$dir/amd64"
	check_root "$dir/arm64"
	mkdir -p "$dir/arm64"/{dev,proc,sys,run,tmp,root,share,modules,out}
	install -m 0755 "$INIT" "$dir/arm64/init"
	# No journal: the guest always writes to a snapshot that is thrown away.
	size=$(du -sm "$dir/arm64" | cut -f1)
	truncate -s $((size + size / 5 + 64))M "$image"
	mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -m 0 -L guest \
		-E lazy_itable_init=0 -d "$dir/arm64" "$image"
	rm -rf "$dir"
}

make_image()
{
	local arm64 amd64 key
	local as_root=()

	need_packages mmdebstrap e2fsprogs binutils
	if [ "$(id -u)" != 0 ]; then
		need_packages fakeroot uidmap
		as_root=(fakeroot)
	fi
	arm64=$(root_tar arm64 "${ARM64_PACKAGES[@]}")
	amd64=$(root_tar amd64 "${AMD64_PACKAGES[@]}")
	key=$(hash_of "$arm64-$(stat -c %s-%Y "$arm64")" \
		"$amd64-$(stat -c %s-%Y "$amd64")" \
		"$ROOT/scripts/guest/image.sh" "$INIT")
	if [ -f "$IMAGE" ] && stamp_ok "$GUEST/.root" "$key"; then
		return
	fi
	mkdir -p "$GUEST"
	need_space "$GUEST" 1500 "the guest image"
	rm -f "$GUEST/.root"
	REMEDY="if an archive is damaged, remove $CACHE/guest and run again" \
		step "guest image" "${as_root[@]}" "$0" assemble "$arm64" "$amd64" "$IMAGE.new"
	mv "$IMAGE.new" "$IMAGE"
	stamp_set "$GUEST/.root" "$key"
}

case "${1:-}" in
assemble)
	assemble "$2" "$3" "$4"
	;;
"")
	locked guest-image
	make_image
	make_next
	printf '%s\n' "$IMAGE"
	;;
*)
	die "usage: scripts/guest/image.sh"
	;;
esac
