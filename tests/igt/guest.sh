#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs tests of IGT's form in the guest. IGT's own are amd64 programs, which box64
# translates; their ioctls reach the arm64 kernel unchanged, since both are
# 64-bit and little-endian. Those of igt/ are arm64, and in PATH.
#
#   guest.sh [PROGRAM...]		IGT's, those for Panthor by default
#   guest.sh --ours [--upstream] [--first] PROGRAM...	ours, each subtest in a process of its own;
#					the kernel has the mistakes of upstream's;
#					what comes after the first that fails is not run
#
# Prints a line "pass|fail|skip TAB test@subtest TAB detail" for each subtest
# that the programs list, and one for a program without subtests. What they said is kept as
# /out/igt-PROGRAM.log.

# Where logs go; the tests of this script have another place
logs=${IGT_LOGS:-/out}
AMD64=/opt/amd64
TESTS=$AMD64/usr/libexec/igt-gpu-tools

export BOX64_LD_LIBRARY_PATH=$AMD64/usr/lib/x86_64-linux-gnu
export BOX64_NOBANNER=1 BOX64_LOG=0
# Libraries of which box64 is not to use the guest's own: IGT needs symbols
# that its wrappers do not have. The rest (libc, glib ...) is the guest's.
emulated=(
	libbrotlidec.so.1 libcairo.so.2 libcrypto.so.3 libdrm.so.2
	libdrm_amdgpu.so.1 libdrm_nouveau.so.2 libexpat.so.1 libfontconfig.so.1
	libfreetype.so.6 liblzma.so.5 libpciaccess.so.0 libpixman-1.so.0
	libpng16.so.16 libssl.so.3 libudev.so.1 libX11.so.6 libxcb-render.so.0
	libxcb-shm.so.0 libxcb.so.1 libXext.so.6 libXrender.so.1 libz.so.1
	libzstd.so.1
)
BOX64_EMULATED_LIBS=$(IFS=: && echo "${emulated[*]}")
export BOX64_EMULATED_LIBS

# igt PROGRAM ARG...: it, where it is
igt()
{
	local program=$1

	shift
	if [ -n "$ours" ]; then
		timeout -k 5 600 "$program" "$@"
	elif [ -x "$TESTS/panthor/$program" ]; then
		timeout -k 5 600 box64 "$TESTS/panthor/$program" "$@"
	else
		timeout -k 5 600 box64 "$TESTS/$program" "$@"
	fi
}

# The line of IGT's result for subtest $2 in log $1, as one of ours.
result()
{
	local line

	line=$(grep -aE "^Subtest $2: (SUCCESS|FAIL|SKIP|CRASH|TIMEOUT)" "$1" | tail -n 1)
	case $line in
	*": SUCCESS"*) printf 'pass\t%s@%s\t%s\n' "$3" "$2" "${line##*SUCCESS }" ;;
	*": SKIP"*) printf 'skip\t%s@%s\t%s\n' "$3" "$2" "$(reason "$1" SKIP)" ;;
	*": "*) printf 'fail\t%s@%s\t%s\n' "$3" "$2" "$(reason "$1" FAIL)" ;;
	*) return 1 ;;
	esac
}

# What IGT says about the first failure or skip in a log.
reason()
{
	case $2 in
	SKIP) grep -aE -m 1 -A 1 'Test requirement|No known gpu' "$1" ;;
	FAIL) grep -aE -m 1 -A 1 'Failed assertion|Received signal' "$1" ;;
	esac | tr '\t\n' '  '
}

# Upstream's kernel may blame a VM for a fault of the one that had its address space before
# (docs/panthor-findings.md). Then the first fault that the log has of subtest $1 is at the
# address of the last one before it.
stale_fault()
{
	local line began='' first='' last='' before=''

	while read -r line; do
		case $line in
		*'starting subtest'*) began=${line##* } before=$last first='' ;;
		*) last=${line##* } first=${first:-$last} ;;
		esac
	done < <(dmesg | grep -E 'starting subtest|Unhandled Page fault')
	[ "$began" = "$1" ] && [ -n "$first" ] && [ "$first" = "$before" ]
}

# A subtest of which a run of the whole program said nothing (it crashed
# before), or which failed there, alone. What comes after it may fail as well.
run_alone()
{
	local log=$logs/igt-$1-$2.log rc line again

	for again in "$upstream" ''; do
		rc=0
		igt "$1" --run-subtest "$2" >"$log" 2>&1 || rc=$?
		line=$(result "$log" "$2" "$1")
		if [[ $line != fail* || -z $again ]] || ! stale_fault "$2"; then
			break
		fi
	done
	case $line:$rc in
	pass*:0 | skip*:0 | skip*:77 | fail*) printf '%s\n' "$line" ;;
	:*) printf 'fail\t%s@%s\tno result, exit code %s: %s\n' "$1" "$2" \
		"$rc" "$(tail -n 1 "$log" | tr '\t' ' ')" ;;
	*) printf 'fail\t%s@%s\texit code %s after it: %s\n' "$1" "$2" \
		"$rc" "$(reason "$log" FAIL)" ;;
	esac
}

# A program that lists nothing: it is one test, or wants the device first.
run_simple()
{
	local log=$logs/igt-$1.log rc=0

	igt "$1" >"$log" 2>&1 || rc=$?
	case $rc in
	0) printf 'pass\t%s\n' "$1" ;;
	77) printf 'skip\t%s\t%s\n' "$1" "$(reason "$log" SKIP)" ;;
	*) printf 'fail\t%s\texit code %s: %s\n' "$1" "$rc" "$(reason "$log" FAIL)" ;;
	esac
}

# A closing fixture that fails, or a crash at the end, belongs to no subtest
ends_badly()
{
	printf 'fail\t%s@ends-well\texit code %s: %s\n' "$1" "$2" "$(tail -n 1 "$logs/igt-$1.log" | tr '\t' ' ')"
}

run_program()
{
	local log=$logs/igt-$1.log subtests subtest line rc=0

	subtests=$(igt "$1" --list-subtests 2>"$logs/igt-$1.list")
	if [ -z "$subtests" ]; then
		run_simple "$1"
		return
	fi
	: >"$log"
	[ -n "$ours" ] || igt "$1" >"$log" 2>&1 || rc=$?
	for subtest in $subtests; do
		line=$(result "$log" "$subtest" "$1" || run_alone "$1" "$subtest")
		printf '%s\n' "$line"
		[[ -z $first || $line != fail* ]] || exit 0
	done
	# Failures and deaths of subtests are theirs; that the last one passes is no end
	case $rc in
	0 | 77) ;;
	98) grep -qaE '^Subtest .*: (FAIL|CRASH|TIMEOUT)' "$log" || ends_badly "$1" $rc ;;
	*) grep -qaE '^Subtest .*: (FAIL|CRASH|TIMEOUT)|^Received signal|Failed assertion' "$log" || ends_badly "$1" $rc ;;
	esac
}

ours=
upstream=
first=
while [[ ${1:-} = --* ]]; do
	case $1 in
	--ours) ours=1 ;;
	--upstream) upstream=1 ;;
	--first) first=1 ;;
	esac
	shift
done
[ $# -gt 0 ] || set -- panthor_query panthor_gem panthor_vm panthor_group
for program; do
	run_program "$program"
done
