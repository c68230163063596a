#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make deb: Debian packages of an arm64 kernel with the series, for a board.
#
#   scripts/kernel/deb.sh            with Debian's own configuration of this kernel, and what
#                                    tests/kernel/deb.config adds: hours on a small machine
#   scripts/kernel/deb.sh --small    with the configuration of the guest's kernel: minutes; it
#                                    has no driver for a board, but shows that packages come
#                                    out, and that their kernel boots in QEMU
#   scripts/kernel/deb.sh --boot     install the package of --small by apt in a Debian of its own,
#                                    remove it there again, and boot what was installed with
#                                    the guest's image and Panthor from the package's modules
#   scripts/kernel/deb.sh --configure    the configuration of the first only, and how long it
#                                    would take
#
# Debian's configuration is that of the package linux-config-7.3 of trixie-backports, or
# of the version that LINUX= and KERNEL_SUITE= name.
# Whatever is cut short goes on where it was: make builds what is missing. The
# packages are in out/deb, or out/deb-small: linux-image-*.deb, linux-libc-dev; with
# headers for modules only on an arm64 machine, since they have programs in them.
# docs/board.md says how to install them, and how to go back.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

# What the kernel calls itself after its version, so that it stands beside others: upstream's,
# of a clone whose patches/series is empty, beside that of the series. With an empty one of
# your own, objects of "kernel.sh build reserve plain" fit as they are.
SUFFIX=-panthor-reserve
[ -n "$(series_steps "$SERIES_ROOT")" ] || SUFFIX=-panthor-base
SUFFIX=${DEB_SUFFIX-$SUFFIX}

# In which the package is installed
DEBIAN=trixie

# The configuration of the guest's kernel: its options that are on, where it was not
# made here yet
SMALL_CONFIG=$TREE/out-deb-small/.config
SMALL_OPTIONS=662

# configured_objects CONFIG: about how many objects it compiles, from how many options
# are on: the guest's kernel has 1,120 of them (docs/testing.md)
configured_objects()
{
	local on small

	on=$(grep -cE '^CONFIG_[A-Za-z0-9_]*=(y|m)$' "$1")
	small=$SMALL_OPTIONS
	[ ! -f "$SMALL_CONFIG" ] || small=$(grep -cE '^CONFIG_[A-Za-z0-9_]*=(y|m)$' "$SMALL_CONFIG")
	printf '%d\n' $((1120 * on / small))
}

# How many objects are there, in all or below the folder $1
compiled_objects()
{
	find "$out/${1:-}" -name '*.o' ! -name 'built-in*' 2>/dev/null | wc -l
}

# What to expect: the files of one folder, compiled now, stand for all. Most of one
# file's time would be make's own. Who goes on has seen how long it takes.
tell_time()
{
	local objects start took compiled
	local sample=drivers/iommu

	objects=$(configured_objects "$out/.config")
	if [ "$(compiled_objects $sample)" -gt 0 ]; then
		say "  $(compiled_objects) of about $objects objects are there"
		return
	fi
	step "prepare to compile" kmake prepare modules_prepare
	start=${EPOCHREALTIME//[!0-9]/}
	CCACHE_RECACHE=1 step "compile $sample" kmake "$sample/"
	took=$((${EPOCHREALTIME//[!0-9]/} - start))
	compiled=$(compiled_objects $sample)
	say "  about $objects objects, of which $compiled took $((took / 1000000)) s just now, on $JOBS processors: some $((took * objects / compiled / 60000000)) minutes if the machine stays as busy, less if the compiler's cache knows them"
}

kmake()
{
	local cross=()

	[ "$(uname -m)" = aarch64 ] || cross=("CROSS_COMPILE=aarch64-linux-gnu-")
	env -u MAKEFLAGS -u MFLAGS -u KBUILD_OUTPUT \
		CCACHE_DIR="$CACHE/ccache" CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 CCACHE_MAXSIZE=5G \
		KBUILD_BUILD_TIMESTAMP='2026-01-01 00:00:00 UTC' KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_USER=panthor-reserve KBUILD_BUILD_HOST=localhost \
		KDEB_CHANGELOG_DIST=unstable KDEB_COMPRESS="${KDEB_COMPRESS:-zstd}" \
		KDEB_PKGVERSION="$version" DEB_BUILD_PROFILES="$profiles" DEB_BUILD_OPTIONS=terse \
		make -C "$TREE" O="$(basename "$out")" ARCH=arm64 "${cross[@]}" \
		CC="ccache ${cross:+aarch64-linux-gnu-}gcc" LOCALVERSION="$SUFFIX" -j"$JOBS" "$@"
}

debian_config()
{
	local deb name=config.arm64_none_arm64 linux

	linux=$(commit_version base)
	deb=$(suite_download "$KERNEL_SUITE" arm64 "linux-config-$linux") ||
		_fail "Debian's configuration of Linux $linux could not be fetched"
	dpkg-deb --fsys-tarfile "$deb" | tar -xOf - --wildcards "./usr/src/linux-config-$linux/$name.xz" | xz -dc
}

# What is asked for beside Debian's; the debug option is the series'
our_config()
{
	if [ -n "$(series_steps "$SERIES_ROOT")" ]; then
		cat "$ROOT/tests/kernel/deb.config"
	else
		grep -v '^CONFIG_IOMMU_RESERVE' "$ROOT/tests/kernel/deb.config"
	fi
}

# Debian has keys of its own, and describes types for tracing, which takes as long as
# compiling; deb.config takes that off, and adds what Panthor needs.
configure_debian()
{
	local lost

	debian_config >"$out/.config.new"
	grep -q '^CONFIG_ARCH_ROCKCHIP=y' "$out/.config.new" ||
		_fail "linux-config-$(commit_version base) does not hold a configuration for boards of Rockchip's"
	our_config >>"$out/.config.new"
	put_config
	lost=$(our_config | grep '^CONFIG_' | grep -vxFf "$out/.config" || :)
	lost+=$(sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/\1=y/p' "$ROOT/tests/kernel/deb.config" | grep -xFf "$out/.config" || :)
	[ -z "$lost" ] || _fail "Kconfig dropped these options, look for unmet dependencies: ${lost//$'\n'/, }"
}

# The same as of "kernel.sh build reserve plain": where that is built, its objects are a
# beginning, of which only what has the kernel's name in it is built anew.
configure_small()
{
	local from=$TREE/out-plain

	if [ ! -e "$out/.config" ] && [ -f "$from/.stamp" ]; then
		rm -rf "$out.tmp"
		cp -a "$from" "$out.tmp"
		rm -rf "$out" "$out.tmp/.stamp" "$out.tmp/modules"
		mv "$out.tmp" "$out"
	fi
	# In a folder of its own: the one to build in may have a configuration
	rm -rf "$out.tiny"
	mkdir -p "$out.tiny"
	out=$out.tiny kmake tinyconfig
	cat "$out.tiny/.config" "$ROOT/tests/kernel/arm64.config" >"$out/.config.new"
	rm -rf "$out.tiny"
	put_config
}

# An unchanged configuration keeps its time stamp, and make what it built
put_config()
{
	if ! cmp -s "$out/.config.new" "$out/.config.asked"; then
		rm -f "$out/.config.asked"
		cp "$out/.config.new" "$out/.config"
	fi
	kmake olddefconfig
	# Last, so that one that was cut short is asked for again
	cp "$out/.config.new" "$out/.config.asked"
}

compile()
{
	kmake Image.gz modules dtbs
}

# dpkg puts packages beside the build folder, which is in the kernel tree
package()
{
	local debs

	rm -f "$TREE"/linux-*.{deb,buildinfo,changes}
	kmake bindeb-pkg DPKG_FLAGS=-d
	debs=$(find "$TREE" -maxdepth 1 -name 'linux-image-*.deb')
	[ -n "$debs" ] || _fail "no package of a kernel came out"
	rm -rf "$dest"
	mkdir -p "$dest"
	mv "$TREE"/linux-*.deb "$dest/"
	rm -f "$TREE"/linux-*.{buildinfo,changes}
}

build()
{
	profiles=
	need_packages gcc make flex bison bc libelf-dev libdw-dev libssl-dev ccache kmod rsync debhelper dpkg-dev python3 xz-utils
	if [ "$(uname -m)" != aarch64 ]; then
		need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
		# Its programs would want an arm64 libssl to link with
		profiles='cross pkg.linux-upstream.nokernelheaders'
	fi
	"$ROOT/scripts/kernel/tree.sh"
	# Both kinds have their packages beside the tree
	locked deb
	version=$(wgit "$TREE" show HEAD:Makefile | awk '/^(VERSION|PATCHLEVEL|SUBLEVEL) = / { v = v s $3; s = "." } END { print v }')-1
	mkdir -p "$out"
	# What an earlier run has built is part of it
	space=$((space - $(du -sm "$out" | cut -f1)))
	need_space "$BUILD" $((space > 2000 ? space : 2000)) "the kernel build for packages"
	REMEDY="tests/kernel/deb.config may name what this kernel calls otherwise"
	step "configure $which kernel" "configure_$which"
	[ "$which" = small ] || tell_time
	[ -z "$only_configure" ] || return 0
	REMEDY="run again: what was built is kept"
	step "build $which kernel for packages" compile
	step "make packages of the $which kernel" package
	printf '%s\n' "$dest"/*.deb
}

# What apt says and does on a board: the package's hooks run, an initramfs is made, and
# nothing is left once it is purged. What was installed is then in $1/boot and $1/modules.
# No program of the package's is run, so that the Debian can be one of this machine's.
install_and_purge()
{
	local to=$1 image=$2 name machines

	name=$(dpkg-deb -f "$image" Package)
	machines=$(dpkg --print-architecture)
	[ "$machines" = arm64 ] || machines+=,arm64
	rm -rf "$to"
	mkdir -p "$to/boot" "$to/modules"
	# shellcheck disable=SC2016 # $1 is mmdebstrap's
	suite_root "$DEBIAN" "$machines" - kmod,initramfs-tools --variant=minbase --format=null \
		--customize-hook="copy-in $image /tmp" \
		--customize-hook="chroot \"\$1\" apt-get install -y /tmp/$(basename "$image")" \
		--customize-hook="sync-out /boot $to/boot" \
		--customize-hook="sync-out /usr/lib/modules $to/modules" \
		--customize-hook="chroot \"\$1\" apt-get purge -y $name" \
		--customize-hook='! find "$1/boot" "$1"/usr/lib/modules "$1"/usr/lib/linux-image-* -mindepth 1 2>/dev/null | grep .'
}

# Boot what apt installed, not what it was made of.
boot()
{
	local image root=$BUILD/deb-small/root release

	image=$(printf '%s\n' "$OUT"/deb-small/linux-image-*.deb)
	[ -f "$image" ] || die "there is no package in out/deb-small; run 'scripts/kernel/deb.sh --small'"
	need_packages mmdebstrap dpkg-dev kmod
	need_space "$BUILD" 1500 "a Debian to install the package in"
	step "install the package and purge it" install_and_purge "$root" "$image"
	release=$(basename "$(printf '%s\n' "$root"/modules/*)")
	[ -s "$root/boot/initrd.img-$release" ] || die "the package's hooks made no initramfs"
	rm -rf "$BUILD/deb-small/modules"
	mkdir -p "$BUILD/deb-small/modules"
	find "$root/modules/$release" -name '*.ko' -exec cp -t "$BUILD/deb-small/modules" {} +
	order "$BUILD/deb-small/modules"
	# The image of the package is compressed, as a boot loader takes it
	zcat "$root/boot/vmlinuz-$release" >"$BUILD/deb-small/Image"
	# shellcheck disable=SC2016 # of the guest's shell
	"$ROOT/scripts/guest/guest.sh" run --image "$BUILD/deb-small/Image" --modules "$BUILD/deb-small/modules" \
		--name deb --icount --timeout 300 -- \
		'set -e; uname -r; grep "^panthor " /proc/modules; ls /dev/dri/renderD128' |
		tee "$BUILD/deb-small/said"
	grep -qx "$release" "$BUILD/deb-small/said" || die "the guest runs another kernel than that of the package, $release"
	say "$(basename "$image") installs, boots, and goes again; Panthor of its modules has its GPU"
}

# A file "load-order" as kernel.sh makes it
order()
{
	local ko

	for ko in "$1"/*.ko; do
		printf '%s %s\n' "$(basename "$ko")" "$(basename "$ko")"
		/sbin/modinfo -F depends "$ko" | tr ',' '\n' | sed '/^$/d' |
			while read -r dep; do
				find "$1" -name "${dep//_/[-_]}.ko" -printf "%f $(basename "$ko")\n"
			done
	done | tsort >"$1/load-order"
}

main()
{
	which=debian
	only_configure=
	space=8000
	out=$TREE/out-deb
	dest=$OUT/deb
	case ${1:-} in
	'') ;;
	--configure) only_configure=1 ;;
	--small | --boot)
		which=small
		space=4000
		out=$TREE/out-deb-small
		dest=$OUT/deb-small
		;;
	*) die "usage: deb.sh [--small|--boot|--configure]" ;;
	esac
	if [ "${1:-}" = --boot ]; then
		boot
	else
		build
	fi
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
