# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scripts around the guest's programs (tests/vmbind and its like) share:
# building them for the guest, running them as a suite, and reading what they
# printed there. Sourced after lib.sh; only defines names.

# Makes the kernel's count of Panthor's page-table pages exact, see
# tests/vmbind/acct.h.
# shellcheck disable=SC2034 # used by those who source this
EXACT_COUNTS=slab_debug=F,panthor-mmu-pt

# kernel_of NAME [KERNEL]: of a guest that is named [base-]...
kernel_of()
{
	case $1 in
	base-*) echo base ;;
	*) echo "${2:-reserve}" ;;
	esac
}

# _unpack_sysroot DIR DEB...
_unpack_sysroot()
{
	local dir=$1 deb

	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	for deb; do
		dpkg-deb -x "$deb" "$dir"
	done
}

# guest_sysroot NAME PACKAGE...: libraries and headers for arm64, of the suite
# that the guest is made of, in build/NAME/sysroot. "PACKAGE:all" is for any machine.
guest_sysroot()
{
	local dir=$BUILD/$1 name=$1 p key debs

	shift
	debs=$(for p; do
		case $p in
		*:all) suite_download forky all "${p%:all}" ;;
		*) suite_download forky arm64 "$p" ;;
		esac || exit
	done) || exit 1
	# The paths carry the versions
	key=$(hash_of sysroot "$debs")
	stamp_ok "$dir/.sysroot" "$key" && return
	# What was there is no more from here on
	rm -f "$dir/.sysroot"
	# shellcheck disable=SC2086 # a list of paths
	step "$name sysroot" _unpack_sysroot "$dir/sysroot" $debs
	stamp_set "$dir/.sysroot" "$key"
}

guest_compiler()
{
	need_packages make gcc libc6-dev
	[ "$(uname -m)" = aarch64 ] ||
		need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
}

# What "make headers_install" installs, without its need for rsync.
_vmbind_headers()
{
	make -C "$BUILD/linux-base" O="$BUILD/vmbind/headers" ARCH=arm64 \
		-j"$JOBS" headers
}

# _guest_make NAME SYSROOT: make tests/NAME with what is in build/SYSROOT/sysroot
_guest_make()
{
	local cross=aarch64-linux-gnu-

	[ "$(uname -m)" != aarch64 ] || cross=
	make -C "$ROOT/tests/$1" O="$BUILD/$1/obj" CROSS_COMPILE=$cross \
		UAPI="$BUILD/vmbind/headers/usr" \
		SYSROOT="$BUILD/$2/sysroot" -j"$JOBS"
}

# guest_make NAME PROGRAM SYSROOT: build tests/NAME, put its program where the
# guest finds it, print its path
guest_make()
{
	local made=$BUILD/$1/obj/$2 bin=$BUILD/guest/share/bin

	mkdir -p "$BUILD/$1/obj" "$bin"
	REMEDY="if a header is missing remove $BUILD/$3 and run again" \
		step "$1 build" _guest_make "$1" "$3"
	guest_install "$made" "$bin/$2"
	printf '%s\n' "$bin/$2"
}

# guest_install FROM TO: whole, or not at all, whatever the caller looks at
guest_install()
{
	! cmp -s "$1" "$2" || return 0
	if ! install -m 755 "$1" "$2.new" || ! mv "$2.new" "$2"; then
		die "cannot write $2; check its owner and the free space"
	fi
}

# vmbind_build: the program tests/vmbind, and what it is built with
vmbind_build()
{
	local key

	guest_compiler
	"$ROOT/scripts/kernel/tree.sh" >&2 || exit
	(
		locked vmbind
		guest_sysroot vmbind libdrm2 libdrm-dev
		key=$(hash_of "$BUILD/linux-base/include/uapi/drm")
		if ! stamp_ok "$BUILD/vmbind/.headers" "$key"; then
			rm -f "$BUILD/vmbind/.headers"
			step "vmbind headers" _vmbind_headers
			stamp_set "$BUILD/vmbind/.headers" "$key"
		fi
		guest_make vmbind vmbind vmbind
	) || exit 1
}

# guest_program NAME PROGRAM: another one that is built with what vmbind is
guest_program()
{
	vmbind_build >/dev/null
	(
		locked "$1"
		guest_make "$1" "$2" vmbind
	) || exit 1
}

# guest_firmware: what the driver loads. It goes with the model, not with the image
guest_firmware()
{
	local tool=$BUILD/host/mkfw key
	local to=$BUILD/guest/share/firmware/arm/mali/arch10.8/mali_csffw.bin

	key=$(hash_of "$ROOT"/model/csf/mkfw.c "$ROOT"/model/csf/fw_iface.h)
	if [ -f "$to" ] && stamp_ok "$BUILD/guest/.firmware" "$key"; then
		return
	fi
	need_packages gcc libc6-dev
	mkdir -p "$(dirname "$tool")" "$(dirname "$to")"
	cc -O2 -Wall -Wextra -o "$tool.tmp$$" "$ROOT/model/csf/mkfw.c"
	mv "$tool.tmp$$" "$tool"
	"$tool" "$to.tmp$$"
	mv "$to.tmp$$" "$to"
	stamp_set "$BUILD/guest/.firmware" "$key"
}

# guest_prepare KERNEL FLAVOUR...: all that a guest needs, built if it is not. It stops
# where something fails, also where the caller looks at that
guest_prepare()
{
	local kernel=$1 flavour

	shift
	"$ROOT/scripts/qemu/qemu.sh" build >/dev/null || return
	for flavour; do
		"$ROOT/scripts/kernel/kernel.sh" build "$kernel" "$flavour" >/dev/null || return
	done
	"$ROOT/scripts/guest/guest.sh" image >/dev/null
}

# vmbind_prepare KERNEL FLAVOUR...: and vmbind
vmbind_prepare()
{
	guest_prepare "$@" || return
	vmbind_build >/dev/null
}

# suite_flavours NAME...: the flavours of kernel for these, where "debug" alone is
# the debug one, and a page size one with such pages
suite_flavours()
{
	local config

	for config; do
		case $config in
		debug | looked-at) echo debug ;;
		16k | 64k) echo "plain-$config" ;;
		*) echo plain ;;
		esac
	done | sort -u
}

_suite_config()
{
	run_config "$1" >"$suite_out.$1"
}

# suite_run SUITE NAME...: the caller's run_config for each NAME, its lines to the
# suite's results. One after another, or SIDE_BY_SIDE at a time.
suite_run()
{
	local suite=$1 suite_out=$OUT/results/$1.tsv configs=("${@:2}") config

	result_start "$suite"
	mkdir -p "$LOGS"
	side_by_side "${SIDE_BY_SIDE:-1}" _suite_config "${configs[@]}"
	for config in "${configs[@]}"; do
		[ -s "$suite_out.$config" ] || printf 'fail\t%s: has results\tnone\n' "$config"
		cat "$suite_out.$config"
		rm "$suite_out.$config"
	done >"$suite_out.tmp"
	mv "$suite_out.tmp" "$suite_out"
	"$ROOT/scripts/lib/results.sh" "$suite"
}

# suite_main [build|test [NAME...]]: the caller's cmd_build, cmd_test or usage
suite_main()
{
	local cmd=${1:-test}

	[ $# -eq 0 ] || shift
	case $cmd in
	build) cmd_build ;;
	test) cmd_test "$@" ;;
	*) usage ;;
	esac
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
			# What failed is not skipped, whatever it says
			if (match(name, / # SKIP /) && result == "pass") {
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
	local points

	points=$(vmbind_points "$OUT/guest/$1/stdout")
	[ -z "$points" ] || printf '%s\n' "$points"
	case $2 in
	1)
		grep -q '^fail' <<<"$points" ||
			printf 'fail\tthe program ends well\texit code 1, though no point failed\n'
		;;
	0) printf 'pass\tthe kernel reports no mistake of its own\t\n' ;;
	97) printf 'fail\tthe kernel reports no mistake of its own\tsee out/log/guest-%s.log\n' "$1" ;;
	124) printf 'fail\tthe guest comes to its end\tout of time, see out/log/guest-%s.log\n' "$1" ;;
	*) printf 'fail\tthe guest comes to its end\texit code %s, see build/log/%s.log\n' "$2" "$1" ;;
	esac
}

# wait_for_watcher PID: tests/vmbind/watch.py ends with the guest; where the guest never
# came up, it has to be told
wait_for_watcher()
{
	local end=$((SECONDS + 5))

	while [ $SECONDS -lt $end ]; do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.2
	done
	kill "$1" 2>/dev/null || :
}
