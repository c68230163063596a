#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build a kernel and say where it is.
#
#   scripts/kernel/kernel.sh build TREE CONFIG     build if anything changed
#   scripts/kernel/kernel.sh path TREE CONFIG      only print; fails if not built
#   scripts/kernel/kernel.sh make TREE CONFIG ARG...   make there, as the build does
#
# TREE:   base, reserve (base plus series), fixes (base plus the first steps of the
#         series, those that mend upstream's mistakes), mends (those plus the walk cache
#         of iommufd's selftests), walks (those plus the steps with faster walks for
#         everybody), or break-NAME: the base
#         kernel, or the reserve one for break-reserve-NAME, with a Panthor that is
#         broken on purpose by tests/break-it/break-NAME.patch, to prove that the tests
#         notice. Only that module is built; image and other modules are those of
#         the kernel that is not broken. Also step: the tree in which series.sh
#         goes from step to step.
# CONFIG: plain (arm64, what is measured), plain-16k and plain-64k (that with larger
#         pages), debug (arm64, KASAN, lockdep, fault injection), gcov (plain, and
#         Panthor and what has page tables for it count their lines), kunit (arm64, small, with lockdep, for KUnit),
#         kcsan (that with KCSAN in place of lockdep), guest-kcsan (plain with KCSAN),
#         arm64-iommufd (arm64, small, with
#         iommufd, its selftests' support, SMMUv3 and VFIO, for an initramfs),
#         arm64-iommufd-bench (that without what slows it down),
#         um (User Mode Linux, for KUnit),
#         um-smp (the same with several processors), um-debug (that with KASAN
#         and lockdep), um-iommufd and um-iommufd-debug (timings of iommufd, and
#         its selftests), um-bench and um-bench-smp (native timings; modules can
#         be loaded), x86-iommufd (x86-64, small, with VT-d, AMD's IOMMU, iommufd
#         and VFIO, for an initramfs).
#
# Progress goes to stderr; stdout has two lines for "eval":
#   image=PATH      arch/arm64/boot/Image, bzImage, or the UML executable
#   modules=DIR     all modules in one flat folder, with a file "load-order"
#                   that names them one a line, dependencies first; insmod in
#                   that order. Empty for um. Panthor is a module there, so that
#                   it probes only once its firmware is on a mounted root.
#
# The build folder is out-CONFIG inside the tree: then all paths that the
# compiler sees are relative, and ccache hits from one tree to the next.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

usage()
{
	die "usage: kernel.sh build|path|make base|fixes|mends|walks|reserve|break-NAME plain|plain-16k|plain-64k|debug|gcov|kunit|kcsan|guest-kcsan|arm64-iommufd|arm64-iommufd-bench|um|um-smp|um-debug|um-iommufd|um-iommufd-debug|um-bench|um-bench-smp|x86-iommufd [ARG...]"
}

tree_path()
{
	case $1 in
	base) printf '%s\n' "$BASE_TREE" ;;
	reserve | break-reserve-*) printf '%s\n' "$TREE" ;;
	break-*) printf '%s\n' "$BASE_TREE" ;;
	fixes | mends | walks | step | mutant) printf '%s\n' "$BUILD/linux-$1" ;;
	*) usage ;;
	esac
}

fragments()
{
	local dir=$ROOT/tests/kernel
	local tests=("$dir/reserve-tests.config" "$dir/reserve-pt.config")

	case $1 in
	plain) printf '%s\n' "$dir/arm64.config" ;;
	plain-16k | plain-64k)
		printf '%s\n' "$dir/arm64.config" "$dir/arm64-${1#plain-}.config" ;;
	debug) printf '%s\n' "$dir/arm64.config" "$dir/arm64-debug.config" ;;
	gcov) printf '%s\n' "$dir/arm64.config" "$dir/arm64-gcov.config" ;;
	kunit) printf '%s\n' "$dir/arm64-kunit.config" ;;
	kcsan) printf '%s\n' "$dir/arm64-kunit.config" "$dir/arm64-kcsan.config" ;;
	guest-kcsan)
		printf '%s\n' "$dir/arm64.config" "$dir/arm64-kcsan.config" "$dir/arm64-guest-kcsan.config" ;;
	arm64-iommufd) printf '%s\n' "$dir/arm64-iommufd.config" ;;
	arm64-iommufd-bench)
		printf '%s\n' "$dir/arm64-iommufd.config" "$dir/arm64-iommufd-bench.config" ;;
	um) printf '%s\n' "$dir/um.config" ;;
	um-smp) printf '%s\n' "$dir/um.config" "$dir/um-smp.config" ;;
	um-debug) printf '%s\n' "$dir/um.config" "$dir/um-smp.config" "$dir/um-debug.config" ;;
	um-iommufd) printf '%s\n' "$dir/um-iommufd.config" ;;
	um-iommufd-debug)
		printf '%s\n' "$dir/um-iommufd.config" "$dir/um-iommufd-debug.config" ;;
	um-bench) printf '%s\n' "$dir/um-bench.config" ;;
	um-bench-smp) printf '%s\n' "$dir/um-bench.config" "$dir/um-smp.config" ;;
	x86-iommufd) printf '%s\n' "$dir/x86-iommufd.config" ;;
	*) usage ;;
	esac
	# What only the whole series has: its own tests and checks.
	case $which-$1 in
	reserve-kunit)
		printf '%s\n' "${tests[@]}" "$dir/reserve-kunit-panthor.config" ;;
	reserve-kcsan) printf '%s\n' "${tests[@]}" ;;
	reserve-debug) printf '%s\n' "$dir/reserve-guest-debug.config" ;;
	reserve-arm64-iommufd | mutant-arm64-iommufd | reserve-x86-iommufd | mutant-x86-iommufd)
		printf '%s\n' "$dir/reserve-iommufd.config" ;;
	step-um)
		printf '%s\n' "$dir/um-step.config"
		# From the step on that has them
		[ ! -e "$tree/drivers/iommu/io-pgtable-reserve-torture.c" ] ||
			printf '%s\n' "$dir/reserve-tests.config" "$dir/um-reserve.config"
		[ ! -e "$tree/drivers/iommu/generic_pt/kunit_iommu_reserve.h" ] ||
			printf '%s\n' "$dir/reserve-pt.config"
		[ ! -e "$tree/drivers/gpu/drm/panthor/panthor_reserve_kunit.c" ] ||
			printf '%s\n' "$dir/um-reserve-panthor.config"
		[ ! -e "$tree/drivers/gpu/drm/msm/msm_iommu_kunit.h" ] ||
			printf '%s\n' "$dir/um-reserve-msm.config"
		[ ! -e "$tree/drivers/gpu/drm/tests/drm_gpuvm_reserve_test.c" ] ||
			printf '%s\n' "$dir/um-reserve-gpuvm.config"
		;;
	reserve-um-iommufd-debug | mutant-um-iommufd-debug)
		printf '%s\n' "$dir/um-reserve-debug.config" ;;
	reserve-um | reserve-um-smp | mutant-um)
		printf '%s\n' "${tests[@]}" "$dir/um-reserve.config" \
			"$dir/um-reserve-panthor.config" "$dir/um-reserve-msm.config" \
			"$dir/um-reserve-gpuvm.config" ;;
	reserve-um-debug | mutant-um-debug)
		printf '%s\n' "${tests[@]}" "$dir/um-reserve.config" \
			"$dir/um-reserve-panthor.config" "$dir/um-reserve-gpuvm.config" \
			"$dir/um-reserve-debug.config" ;;
	esac
}

image_path()
{
	case $config in
	um*) printf '%s\n' "$out/linux" ;;
	x86*) printf '%s\n' "$out/arch/x86/boot/bzImage" ;;
	*) printf '%s\n' "$out/arch/arm64/boot/Image" ;;
	esac
}

print_paths()
{
	printf 'image=%s\nmodules=%s\n' "$(image_path)" "$(modules_path)"
}

modules_path()
{
	case $which in
	break-*) printf '%s\n' "$BUILD/$which-$config/modules" ;;
	*) printf '%s\n' "$out/modules" ;;
	esac
}

# The kernel that a broken one is but for its Panthor
intact()
{
	case $which in
	break-reserve-*) echo reserve ;;
	*) echo base ;;
	esac
}

# Panthor with one deliberate mistake, as a module of the kernel that is built.
build_broken()
{
	local dir src patch=$ROOT/tests/break-it/$which.patch key panthor=drivers/gpu/drm/panthor

	dir=$(dirname "$(modules_path)")
	src=$dir/src
	[ -f "$patch" ] || _fail "there is no tests/break-it/$which.patch"
	! grep '^+++ ' "$patch" | grep -qv "^+++ b/$panthor/" ||
		_fail "tests/break-it/$which.patch changes more than Panthor, for which only modules are built anew"
	key=$(hash_of "$patch" "$tree/$panthor" "$ROOT/scripts/kernel/kernel.sh" \
		"$(cat "$out/.stamp" 2>/dev/null)")
	# Without a stamp there, an unfinished edit may have changed anything.
	if [ -f "$out/.stamp" ] && stamp_ok "$dir/.stamp" "$key"; then
		return
	fi
	rm -rf "$dir"
	mkdir -p "$src/$panthor"
	cp "$tree/$panthor"/{Makefile,*.[ch]} "$src/$panthor/"
	# Not as a part of the repository that build/ is in
	(cd "$src" && GIT_CEILING_DIRECTORIES=$dir git apply "$patch") ||
		_fail "tests/break-it/$which.patch does not apply to its kernel"
	kmake M="$src/$panthor" modules
	cp -r "$out/modules" "$dir/modules"
	cp "$src/$panthor/panthor.ko" "$dir/modules/"
	stamp_set "$dir/.stamp" "$key"
}

# part_of_series NAME [^]: the series up to the last step that has NAME in its name, or up
# to the step before that, as a work tree of its own
part_of_series()
{
	local name=$1 before=${2:-} commit step last=

	for commit in $(kgit rev-list --reverse base..reserve); do
		step=$(kgit notes --ref=step show "$commit")
		[[ $step != *"$name"* ]] || last=$commit
	done
	[ -n "$last" ] || _fail "no step of patches/series has $name in its name"
	last=$(kgit rev-parse "$last$before")
	worktree "$tree" base
	[ "$(wgit "$tree" rev-parse HEAD)" = "$last" ] || wgit "$tree" checkout -q -f --detach "$last"
}

# One at a time, whatever the configuration that it is for
write_part()
{
	(
		locked "tree-$which"
		step "write tree $which" part_of_series "$@"
	)
}

# What a build leaves, and a program that was ended may have removed
is_there()
{
	[ -e "$(image_path)" ] && [ -e "$out/modules/load-order" ]
}

# What begins the names of the compiler's tools, where they are not this machine's own
tools_prefix()
{
	local machine

	case $config in
	um*) machine=$(uname -m) ;;
	x86*) machine=x86_64 ;;
	*) machine=aarch64 ;;
	esac
	[ "$machine" = "$(uname -m)" ] || printf '%s-linux-gnu-\n' "$machine"
}

# make with everything that could differ between two machines or days fixed.
kmake()
{
	local prefix cross=() arch=arm64 file

	if [ "$config" = gcov ]; then
		for file in "$tree"/drivers/gpu/drm/{panthor/*,drm_gpuvm_reserve}.c \
			"$tree"/drivers/iommu/{io-pgtable-{arm,re*},iommu-reserve*,iopte-page}.c; do
			cross+=("GCOV_PROFILE_$(basename "$file" .c).o=y")
		done
	fi
	# A loop of a few instructions takes a third more where it crosses a line of the cache,
	# and where it lies depends on what is before it in the file.
	case $config in
	um-bench*) cross+=("CFLAGS_io-pgtable-arm.o=-falign-loops=64 -falign-jumps=64") ;;
	esac
	case $config in
	um*) arch=um ;;
	x86*) arch=x86_64 ;;
	esac
	prefix=$(tools_prefix)
	[ -z "$prefix" ] || cross+=("CROSS_COMPILE=$prefix")
	env -u MAKEFLAGS -u MFLAGS -u KBUILD_OUTPUT \
		CCACHE_DIR="$CACHE/ccache" CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 \
		CCACHE_MAXSIZE=5G \
		KBUILD_BUILD_TIMESTAMP='2026-01-01 00:00:00 UTC' KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_USER=panthor-reserve KBUILD_BUILD_HOST=localhost \
		make -C "$tree" O="out-$config" ARCH=$arch "${cross[@]}" CC="ccache ${prefix}gcc" \
		LOCALVERSION= -j"$JOBS" "$@"
}

# The base kernel's objects are a beginning, since most of a kernel is the same: what
# differs is made newer than they are, and make builds that. Files of a tree that was
# written after they were built are newer anyway.
seed()
{
	local from=$BASE_TREE/out-$config file

	locked "kernel-base-$config"
	[ -f "$from/.stamp" ] || return 0
	rm -rf "$out.tmp"
	cp -a "$from" "$out.tmp"
	rm -rf "$out.tmp/.stamp" "$out.tmp/modules"
	wgit "$tree" diff -z --name-only base | while IFS= read -r -d '' file; do
		[ ! -e "$tree/$file" ] || touch "$tree/$file"
	done
	mv "$out.tmp" "$out"
}

# Every line of the fragments must have survived: Kconfig drops what has an
# unmet dependency without a word.
check_config()
{
	local files lost

	mapfile -t files < <(fragments "$config")
	# A later fragment may change what an earlier one says.
	lost=$(cat "${files[@]}" | sed -n -e 's/^\(CONFIG_[A-Z0-9_a-z]*\)=.*/\1 &/p' \
		-e 's/^# \(CONFIG_[A-Z0-9_a-z]*\) is not set$/\1 &/p' |
		awk -v dotconfig="$out/.config" '
			{ key = $1; sub(/^[^ ]* /, ""); want[key] = $0 }
			END {
				while ((getline line < dotconfig) > 0)
					have[line] = 1
				for (key in want) {
					ok = want[key] in have
					# An option that does not exist is not set either.
					if (want[key] ~ /^#/)
						ok = !((key "=y") in have) && !((key "=m") in have)
					if (!ok)
						print want[key]
				}
			}' | sort)
	[ -z "$lost" ] || _fail "Kconfig dropped these options, look for unmet dependencies: ${lost//$'\n'/, }"
}

configure()
{
	local files

	mapfile -t files < <(fragments "$config")
	mkdir -p "$out"
	kmake tinyconfig
	cat "${files[@]}" >>"$out/.config"
	kmake olddefconfig
	check_config
}

# The modules in one folder, and the order in which insmod takes them.
collect_modules()
{
	local tmp=$out/modules.tmp ko

	rm -rf "$tmp"
	mkdir "$tmp"
	if [ -s "$out/modules.order" ]; then
		sed -e 's/\.o$/.ko/' -e "s|^|$out/|" "$out/modules.order" | xargs cp -t "$tmp"
	fi
	for ko in "$tmp"/*.ko; do
		[ -e "$ko" ] || continue
		# tsort wants pairs; a module without dependencies is its own.
		printf '%s %s\n' "$(basename "$ko")" "$(basename "$ko")"
		/sbin/modinfo -F depends "$ko" | tr ',' '\n' | sed '/^$/d' |
			while read -r dep; do
				# modinfo names modules with _ where files have -.
				find "$tmp" -name "${dep//_/[-_]}.ko" -printf "%f $(basename "$ko")\n"
			done
	done | tsort >"$tmp/load-order"
	rm -rf "$out/modules"
	mv "$tmp" "$out/modules"
}

compile()
{
	case $config in
	# Modules of ours, built apart, need the symbols
	um-bench*) kmake linux modules ;;
	um*) kmake linux ;;
	x86*) kmake bzImage ;;
	*) kmake Image modules ;;
	esac
	collect_modules
}

# What the kernel depends on. Empty, so never up to date, while the tree has
# uncommitted changes: make finds out what those touch.
build_key()
{
	[ -z "$(wgit "$tree" status --porcelain --untracked-files=normal)" ] || return 0
	mapfile -t files < <(fragments "$config")
	hash_of "$(wgit "$tree" rev-parse 'HEAD^{tree}')" "${files[@]}" \
		"$ROOT/scripts/kernel/kernel.sh" "$("$(compiler)" --version | head -n 1)"
}

compiler()
{
	printf '%sgcc\n' "$(tools_prefix)"
}

build()
{
	local key

	if [[ $which = break-* ]]; then
		"$0" build "$(intact)" "$config" >/dev/null
		locked "kernel-$which-$config"
		REMEDY="the patch may have to follow a change of Panthor's" \
			step "build $which $config modules" build_broken
		return
	fi
	need_packages gcc make libc6-dev flex bison bc libelf-dev libssl-dev ccache kmod
	case $(tools_prefix) in
	aarch64-*) need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
	x86_64-*) need_packages gcc-x86-64-linux-gnu libc6-dev-amd64-cross ;;
	esac
	"$ROOT/scripts/kernel/tree.sh"
	locked "kernel-$which-$config"
	case $which in
	walks) write_part look-up-how-far-an-entry-goes ;;
	mends) write_part model-a-walk-cache ;;
	fixes) write_part model-a-walk-cache ^ ;;
	esac
	key=$(build_key)
	if [ -n "$key" ] && stamp_ok "$out/.stamp" "$key" && is_there; then
		return
	fi
	need_space "$BUILD" 3000 "the kernel build"
	mkdir -p "$CACHE/ccache"
	# In a shell of its own, which keeps the lock no longer
	[ "$which" = base ] || [ -e "$out" ] || (seed)
	# What was built before is no more from here on, whatever becomes of this
	rm -f "$out/.stamp"
	REMEDY="if build/linux has unfinished edits, finish them; after a compiler change remove $out"
	step "configure $which $config kernel" configure
	REMEDY="if build/linux has unfinished edits, finish them; after a compiler change remove $out"
	step "build $which $config kernel" compile
	# Not of a tree that somebody changed meanwhile
	[ -n "$key" ] || return 0
	[ "$(build_key)" = "$key" ] ||
		die "the tree of the $which kernel changed while it was built; run again"
	stamp_set "$out/.stamp" "$key"
}

main()
{
	[ $# -ge 3 ] || usage
	which=$2
	config=$3
	tree=$(tree_path "$which")
	fragments "$config" >/dev/null
	out=$tree/out-$config

	case $1 in
	build) build ;;
	path) [[ -e $(image_path) && -e $(modules_path) ]] || die "the $which $config kernel is not built; run: scripts/kernel/kernel.sh build $which $config" ;;
	make)
		[ -e "$out/.config" ] || die "the $which $config kernel is not configured; run: scripts/kernel/kernel.sh build $which $config"
		shift 3
		kmake "$@"
		exit
		;;
	*) usage ;;
	esac
	print_paths
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
