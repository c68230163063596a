#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes build/programs/programs.img, a second disk of the guest with what others wrote and
# we run: llama.cpp's test-backend-ops with its Vulkan backend, OpenCL by rusticl with
# clinfo, clpeak and piglit's OpenCL tests, and the libraries that they need, Mesa among
# them. It is an arm64 Debian by itself, of sid; a program is run in it by chroot, so the
# guest's own image stays as it is.
#
#   tests/programs/image.sh      make it if it is not up to date, print its path
#
# Packages are unpacked, never configured, so that no arm64 code runs here. What was
# downloaded is kept in the cache as one archive, under a name that has a hash of the
# packages' names; it is written beside and renamed. Remove it to get newer versions.
# An image that was cut short has no stamp, and is made again.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

SUITE=sid
PACKAGES=(
	bash coreutils libc6 gzip
	libvulkan1 mesa-vulkan-drivers vulkan-tools
	libggml0 libggml0-backend-vulkan llama.cpp-tests
	ocl-icd-libopencl1 mesa-opencl-icd clinfo clpeak piglit
)
PROGRAMS=$BUILD/programs
IMAGE=$PROGRAMS/programs.img
LIB=usr/lib/aarch64-linux-gnu

# A hook of mmdebstrap's, in the new root: what is for other hardware, OpenGL's tests,
# documentation. 2.9 GB become 0.5.
# shellcheck disable=SC2016 # $1 is mmdebstrap's
TRIM='set -e; cd "$1"
rm -rf usr/share/doc usr/share/man usr/share/info usr/share/locale usr/share/fonts \
	usr/share/X11 usr/share/zoneinfo usr/share/xkeyboard-config-2 usr/share/perl5 \
	usr/lib/python3* usr/share/python3* usr/bin/python3* usr/bin/perl* usr/bin/qemu* \
	var/cache var/lib/apt/lists
lib='$LIB'
rm -rf $lib/dri $lib/gconv $lib/perl* $lib/gbm $lib/libgallium-*.so
find $lib -name "libvulkan_*.so" ! -name libvulkan_panfrost.so -delete
find usr/share/vulkan/icd.d -type f ! -name "panfrost*" -delete
rm -rf usr/share/vulkan/explicit_layer.d usr/share/vulkan/implicit_layer.d
find usr/lib/clc/ -name "*.bc" -delete
cd $lib/piglit
find generated_tests tests -mindepth 1 -maxdepth 1 ! -name cl -exec rm -rf {} +
find bin -type f ! -name "cl-*" -delete'

# Runs as root or under fakeroot, so that the image's files belong to root
assemble()
{
	local tar=$1 image=$2 dir=$2.dir size file

	rm -rf "$dir" "$image"
	mkdir -p "$dir"
	tar -xf "$tar" -C "$dir" --exclude './dev/*'
	for file in "$LIB"/{libvulkan_panfrost.so,libRusticlOpenCL.so.1,ggml/backends0/libggml-vulkan.so} \
		usr/bin/{clinfo,clpeak} usr/libexec/aarch64-linux-gnu/ggml/test-backend-ops \
		"$LIB"/piglit/bin/cl-program-tester; do
		[ -e "$dir/$file" ] || { echo "the packages have no $file"; return 1; }
	done
	mkdir -p "$dir"/{dev,proc,sys,run,tmp,root,share,out,host}
	size=$(du -sm "$dir" | cut -f1)
	truncate -s $((size + size / 5 + 64))M "$image"
	mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -m 0 -L programs \
		-E lazy_itable_init=0 -d "$dir" "$image"
	rm -rf "$dir"
}

make_image()
{
	local tar key as_root=()

	need_packages mmdebstrap e2fsprogs
	if [ "$(id -u)" != 0 ]; then
		need_packages fakeroot uidmap
		as_root=(fakeroot)
	fi
	tar=$CACHE/guest/programs-$SUITE-arm64-$(hash_of "${PACKAGES[*]} $TRIM").tar
	[ -f "$tar" ] || need_space "${TMPDIR:-/tmp}" 3500 "unpacking the packages of programs"
	suite_tar "$SUITE" arm64 "$tar" "${PACKAGES[*]}" --extract-hook="$TRIM"
	key=$(hash_of "${tar##*/}-$(stat -c %s-%Y "$tar")" "$ROOT/tests/programs/image.sh")
	if [ -f "$IMAGE" ] && stamp_ok "$PROGRAMS/.image" "$key"; then
		return
	fi
	mkdir -p "$PROGRAMS"
	need_space "$PROGRAMS" 1500 "the image of programs"
	rm -f "$PROGRAMS/.image"
	REMEDY="if a package no longer has a file, look for its new name; else remove $tar and run again" \
		step "programs image" "${as_root[@]}" "$0" assemble "$tar" "$IMAGE.new"
	mv "$IMAGE.new" "$IMAGE"
	stamp_set "$PROGRAMS/.image" "$key"
}

case "${1:-}" in
assemble)
	assemble "$2" "$3"
	;;
"")
	locked programs-image
	make_image
	printf '%s\n' "$IMAGE"
	;;
*)
	die "usage: tests/programs/image.sh"
	;;
esac
