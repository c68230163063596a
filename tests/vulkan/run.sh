#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mesa's panvk on the virtual Mali: vulkaninfo and tests/vulkan, as a suite.
#
#   tests/vulkan/run.sh build            build vkqueue for the guest, print its path
#   tests/vulkan/run.sh build-fft        the same of vkfft
#   tests/vulkan/run.sh [test NAME...]   run it, results to out/results/vulkan.tsv
#   tests/vulkan/run.sh --all            everything on each kernel, coherent and not
#
# A NAME is [base-]FLAVOUR[-noncoherent][-sample|-all|-next]:
#   base-               upstream's kernel, not the one with the series
#   plain, debug        its flavour
#   -noncoherent        a GPU that is not I/O coherent
#   -sample             without what a kernel makes no difference to, and transfers of
#                       few sizes
#   -all                transfers of every size to 256 bytes from and to every alignment,
#                       and of what is around powers of two, to 64 MiB
#   -next               images, sparse ones as well, with the Mesa beside the image's
# Another NAME is "text": panvk compiles 262 shaders, and our disassembler has to give for
# each instruction what Mesa's does (tests/shader/compare_mesa.c); "text-sample" has 100 of
# them. "lost" has shaders that cannot execute, and "stale" a GPU that answers UNLOCK and
# keeps its TLB, which shaders that read sparse buffers have to notice, and random binds of
# sparse images. "fast" has shader cores whose work takes next to nothing of the guest's time.
# "fft" has shaders that VkFFT writes (tests/vkfft).
# Without any, these, "plain" and "plain-next" run, and a sample on what else there is:
# base-plain-sample, plain-noncoherent-sample and debug-noncoherent-sample.
#
# vulkaninfo's output is in out/guest/vulkan-NAME/vulkaninfo.txt.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

# Guests of one processor each, whose time is their own
SIDE_BY_SIDE=$(nproc)

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

cmd_build()
{
	guest_compiler
	need_packages glslang-tools
	(
		locked vulkan
		guest_sysroot vulkan libvulkan1 libvulkan-dev
		guest_make vulkan vkqueue vulkan
	) || exit 1
}

build_fft()
{
	guest_compiler
	(
		locked vkfft
		guest_sysroot vkfft libvulkan1 libvulkan-dev libvkfft-dev:all glslang-dev \
			spirv-tools-dev libstdc++6 libgcc-s1 libc6
		guest_make vkfft vkfft vkfft
	) || exit 1
}

# gpu_results NAME: whether the GPU took all that panvk gave it. A fault that
# is recoverable loses no device, and Vulkan may say nothing about it.
gpu_results()
{
	unsaid 'the GPU reports no fault' "$OUT/guest/$1/dmesg" \
		'panthor .*(FAULT|FATAL|[Ff]ault|timeout|timed out|reset)'
	unsaid 'the model refuses no instruction' "$OUT/log/guest-$1.qemu.log" '^mali-csf: '
}

# unsaid WHAT FILE PATTERN: a point that the file is there and has no such line
unsaid()
{
	local found

	if [ ! -f "$2" ]; then
		printf 'fail\t%s\tthere is no %s\n' "$1" "${2##*/}"
	elif found=$(grep -m 1 -E "$3" "$2"); then
		printf 'fail\t%s\t%s\n' "$1" "$found"
	else
		printf 'pass\t%s\t\n' "$1"
	fi
}

# flavour_of NAME
flavour_of()
{
	case ${1#base-} in
	plain | plain-* | text | text-sample | lost | stale | fast | fft) echo plain ;;
	debug | debug-*) echo debug ;;
	*) usage ;;
	esac
}

# Shaders as Mesa's disassembler prints them, against ours
run_text()
{
	local name=vulkan-$1 rc=0 c=0 vkqueue_args='' enough=200

	[ "$1" = text ] || { vkqueue_args=--sample; enough=80; }
	say "  panvk compiles shaders on reserve, plain"
	"$ROOT/scripts/guest/guest.sh" run --kernel reserve --flavour plain --icount --name "$name" \
		-- "vkqueue_args=$vkqueue_args
		$(cat "$ROOT/tests/vulkan/guest-compile.sh")" >"$LOGS/$name.log" 2>&1 || rc=$?
	{
		"$BUILD/host/shader/opt/compare_mesa" "$OUT/guest/$name/stdout" $enough || c=$?
		# 1: a point failed, and says so itself
		[ $c -le 1 ] || printf 'fail\tcompare_mesa comes to its end\texit code %s\n' $c
		[ $rc = 0 ] || printf 'fail\tthe guest comes to its end\texit code %s, see %s\n' \
			$rc "$LOGS/$name.log"
	} | sed "s/\t/\t$1: /"
}

# plain_guest NAME COMMAND [ARG...]: on the series' plain kernel
plain_guest()
{
	say "  vkqueue on reserve, ${1#vulkan-}"
	"$ROOT/scripts/guest/guest.sh" run --kernel reserve --flavour plain --icount --name "$1" \
		"${@:3}" -- "$2" >"$LOGS/$1.log" 2>&1
}

# found PATTERN NAME: a line of the kernel's log
found()
{
	if grep -qE "$1" "$OUT/guest/vulkan-lost/dmesg"; then
		printf 'pass\t%s\t\n' "$2"
	else
		printf "fail\\t%s\\tno '%s' in the kernel's log\\n" "$2" "$1"
	fi
}

# Faults of shaders, by what Vulkan says, and by what the driver says
run_lost()
{
	local rc=0

	plain_guest vulkan-lost "vkqueue lost" || rc=$?
	{
		vmbind_results vulkan-lost "$rc"
		found 'FAULT.*0x51 .INSTR_INVALID_ENC' 'no instruction: INSTR_INVALID_ENC'
		found 'FAULT.*0x50 .INSTR_INVALID_PC' 'a misaligned program: INSTR_INVALID_PC'
		found 'FAULT.*0x58 .DATA_INVALID_FAULT' 'a bad descriptor: DATA_INVALID_FAULT'
		found 'type 0x..: PERM_FAULT' 'no execute permission: PERM_FAULT'
		found 'type 0x..: TRANSLATION_FAULT' 'nothing bound: TRANSLATION_FAULT'
	} | sed 's/\t/\tlost: /'
}

# A GPU that keeps stale translations: a shader's reads must show them, and those of images
# that are bound at random, which tell what was done last
run_stale()
{
	local out=$OUT/guest/vulkan-stale/stdout
	local buffers='a shader reads the memory that is bound now'
	local images='random binds in .*: loads and stores are where they belong'

	plain_guest vulkan-stale "vkqueue rebind; vkqueue sparserandom" --machine mali-ignore=1 || :
	{
		stale_point 'by a shader' "$(grep -A 1 "^not ok .*$buffers" "$out")"
		stale_point 'by random binds of images' "$(grep -A 2 "^not ok .*$images" "$out" |
			grep -A 1 'should be' | grep 'seed [0-9]*; the last operations:')"
	} | sed 's/\t/\tstale: /'
}

# stale_point BY TEXT: TEXT is what has noticed it
stale_point()
{
	local what="an UNLOCK that drops nothing is noticed $1"

	if [ -n "$2" ]; then
		printf 'pass\t%s\t\n' "$what"
	else
		printf 'fail\t%s\tsee %s\n' "$what" "$LOGS/vulkan-stale.log"
	fi
}

# Shader cores that are faster than the host makes them: the guest's time is the model's
run_fast()
{
	local rc=0

	plain_guest vulkan-fast "vkqueue clock" --no-sleep --machine mali-lane-ps=1 || rc=$?
	vmbind_results vulkan-fast "$rc" | sed 's/\t/\tfast: /'
}

# Images with the Mesa beside the image's
run_next()
{
	local name=vulkan-$1 why=$BUILD/guest/share/mesa-next/why rc=0

	if [ -f "$why" ]; then
		printf 'skip\t%s: images\t%s\n' "$1" "$(cat "$why")"
		return
	fi
	say "  vkqueue on $(kernel_of "$1"), $1"
	guest_of "$1" "VK_DRIVER_FILES=/share/mesa-next/panfrost.json \
		vkqueue images stores sparseimg sparseformats sparselevels sparsealias sparserandom" || rc=$?
	{
		vmbind_results "$name" "$rc"
		gpu_results "$name"
	} | sed "s/\t/\t$1: /"
}

# Transforms by VkFFT. Mesa 26.1's compiler breaks one shader unless it leaves the order of
# instructions alone (docs/vulkan.md)
run_fft()
{
	local name=vulkan-fft rc=0

	plain_guest $name "BIFROST_MESA_DEBUG=nopsched vkfft short >/out/short.tap
		vkfft" || rc=$?
	{
		vmbind_points "$OUT/guest/$name/short.tap"
		vmbind_results $name "$rc"
		gpu_results $name
	} | sed 's/\t/\tfft: /'
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	case $1 in
	text | text-sample) run_text "$1" ;;
	lost) run_lost ;;
	stale) run_stale ;;
	fast) run_fast ;;
	fft) run_fft ;;
	*-next) run_next "$1" ;;
	*) run_scenarios "$1" ;;
	esac
}

# guest_of NAME COMMAND: in a guest as NAME says
guest_of()
{
	local name=vulkan-$1 kernel flavour args=()

	kernel=$(kernel_of "$1")
	flavour=$(flavour_of "$1") || exit
	case $1 in
	*-noncoherent*) args+=(--machine mali-coherent=off) ;;
	esac
	# A copy of 64 MiB by bytes is as much as a job may take of the driver's five seconds, which
	# are not to be the host's while the guest waits for it
	case $1 in
	*-all) args+=(--no-sleep --machine mali-lane-ps=500) ;;
	esac
	# The driver's time-outs are short: time is the guest's own, not the host's
	"$ROOT/scripts/guest/guest.sh" run --kernel "$kernel" --flavour "$flavour" --icount \
		--name "$name" "${args[@]}" -- "$2" >"$LOGS/$name.log" 2>&1
}

run_scenarios()
{
	local name=vulkan-$1 rc=0 vkqueue_args=''

	case $1 in
	*-sample) vkqueue_args=--sample ;;
	*-all) vkqueue_args=--all ;;
	esac
	say "  vulkaninfo and vkqueue on $(kernel_of "$1"), $1"
	guest_of "$1" "vkqueue_args=$vkqueue_args
		$(cat "$ROOT/tests/vulkan/guest.sh")" || rc=$?
	{
		vmbind_points "$OUT/guest/$name/vulkaninfo.tap"
		vmbind_results "$name" "$rc"
		gpu_results "$name"
	} | sed "s/\t/\t$1: /"
}

cmd_test()
{
	local name

	# What takes longest is first
	[ $# -gt 0 ] || set -- plain debug-noncoherent-sample text-sample \
		plain-noncoherent-sample base-plain-sample fft lost stale fast plain-next
	guest_prepare reserve
	for name; do
		[[ "$name" != text* ]] || step "compare_mesa" \
			make -C "$ROOT/tests/shader" compare
		"$ROOT/scripts/kernel/kernel.sh" build "$(kernel_of "$name")" \
			"$(flavour_of "$name")" >/dev/null
	done
	cmd_build >/dev/null
	[[ " $* " != *" fft "* ]] || build_fft >/dev/null
	suite_run vulkan "$@"
}

if [ "${1:-}" = --all ]; then
	set -- test text lost stale fast fft {,base-}{debug,plain}{,-noncoherent}-{all,next}
fi
if [ "${1:-}" = build-fft ]; then
	build_fft
	exit
fi
suite_main "$@"
