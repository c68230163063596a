# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scripts around tests/vmbind share: building it for the guest and
# reading what it printed there. Sourced after lib.sh; only defines names.

# Makes the kernel's count of Panthor's page-table pages exact, see
# tests/vmbind/acct.h.
# shellcheck disable=SC2034 # used by those who source this
EXACT_COUNTS=slab_debug=F,panthor-mmu-pt

_vmbind_libdrm()
{
	local deb debs

	rm -rf "$BUILD/vmbind/sysroot"
	debs=$(suite_download forky arm64 libdrm2 libdrm-dev)
	for deb in $debs; do
		dpkg-deb -x "$deb" "$BUILD/vmbind/sysroot"
	done
}

# What "make headers_install" installs, without its need for rsync.
_vmbind_headers()
{
	make -C "$BUILD/linux-base" O="$BUILD/vmbind/headers" ARCH=arm64 \
		-j"$JOBS" headers
}

# vmbind_make_in NAME: make tests/NAME with what tests/vmbind is built with
vmbind_make_in()
{
	local cross=aarch64-linux-gnu-

	[ "$(uname -m)" != aarch64 ] || cross=
	make -C "$ROOT/tests/$1" O="$BUILD/$1/obj" CROSS_COMPILE=$cross \
		UAPI="$BUILD/vmbind/headers/usr" \
		SYSROOT="$BUILD/vmbind/sysroot" -j"$JOBS"
}

# vmbind_build: build the program, put it where the guest finds it, print its
# path.
vmbind_build()
{
	local bin=$BUILD/guest/share/bin key

	need_packages make gcc libc6-dev
	[ "$(uname -m)" = aarch64 ] ||
		need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	"$ROOT/scripts/kernel-tree.sh" >&2
	mkdir -p "$BUILD/vmbind/obj" "$bin"
	(
		locked vmbind
		if ! stamp_ok "$BUILD/vmbind/.sysroot" forky; then
			_vmbind_libdrm
			stamp_set "$BUILD/vmbind/.sysroot" forky
		fi
		key=$(hash_of "$BUILD/linux-base/include/uapi/drm")
		if ! stamp_ok "$BUILD/vmbind/.headers" "$key"; then
			step "vmbind headers" _vmbind_headers
			stamp_set "$BUILD/vmbind/.headers" "$key"
		fi
		REMEDY="if a header is missing remove $BUILD/vmbind and run again" \
			step "vmbind build" vmbind_make_in vmbind
		if ! cmp -s "$BUILD/vmbind/obj/vmbind" "$bin/vmbind"; then
			install -m 755 "$BUILD/vmbind/obj/vmbind" "$bin/vmbind.new"
			mv "$bin/vmbind.new" "$bin/vmbind"
		fi
	) || exit 1
	printf '%s\n' "$bin/vmbind"
}

# vmbind_prepare KERNEL FLAVOUR...: all that a run needs, built if it is not
vmbind_prepare()
{
	local kernel=$1 flavour

	shift
	"$ROOT/scripts/qemu.sh" build >/dev/null
	for flavour; do
		"$ROOT/scripts/kernel.sh" build "$kernel" "$flavour" >/dev/null
	done
	"$ROOT/scripts/guest.sh" image >/dev/null
	vmbind_build >/dev/null
}

# vmbind_points FILE: TAP to "pass|fail|skip<tab>name<tab>detail"
vmbind_points()
{
	awk '
		function flush() {
			if (name != "")
				printf "%s\t%s\t%s\n", result, name, detail
			name = detail = ""
		}
		/^(not )?ok [0-9]+ - / {
			flush()
			result = /^not/ ? "fail" : "pass"
			name = $0
			sub(/^(not )?ok [0-9]+ - /, "", name)
			if (match(name, / # SKIP /)) {
				result = "skip"
				detail = substr(name, RSTART + RLENGTH)
				name = substr(name, 1, RSTART - 1)
			}
			points++
			next
		}
		/^# / {
			if (name != "" && result == "fail" && detail == "")
				detail = substr($0, 3)
			next
		}
		/^1\.\.[0-9]+$/ { plan = substr($0, 4) }
		END {
			flush()
			if (plan == "" || plan + 0 != points)
				printf "fail\tthe program comes to its end\tplan %s, %d points\n",
					plan == "" ? "none" : plan, points
		}' "$1"
}

# vmbind_results NAME RC: the same for a run of guest.sh, with what the guest
# itself has to say about it.
vmbind_results()
{
	vmbind_points "$OUT/guest/$1/stdout"
	case $2 in
	0 | 1) printf 'pass\tthe kernel reports no mistake of its own\t\n' ;;
	97) printf 'fail\tthe kernel reports no mistake of its own\tsee out/log/guest-%s.log\n' "$1" ;;
	124) printf 'fail\tthe guest comes to its end\tout of time, see out/log/guest-%s.log\n' "$1" ;;
	*) printf 'fail\tthe guest comes to its end\texit code %s, see build/log/%s.log\n' "$2" "$1" ;;
	esac
}
