#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The suite "guest": the guest is in user space within five seconds of QEMU's
# start, and everything that its user needs is in it. Writes
# out/results/guest.tsv.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

BOOT_LIMIT=5
results=$OUT/results/guest.tsv

# The quickest of three boots: what else the host does is not the guest's fault.
best_boot()
{
	local try

	for try in 1 2 3; do
		"$ROOT/scripts/guest.sh" run --name "guest-boot$try" --timeout 120 \
			--boot-only >/dev/null || return 1
		cat "$OUT/guest/guest-boot$try/boot-seconds"
	done | sort -n | head -n 1
}

check_boot()
{
	local best

	if ! best=$(best_boot) || [ -z "$best" ]; then
		printf 'fail\tthe guest boots\tsee out/log/guest-guest-boot*.log\n'
	elif awk "BEGIN { exit !($best <= $BOOT_LIMIT) }"; then
		printf 'pass\tuser space within %s s of QEMU'"'"'s start\t%s s\n' $BOOT_LIMIT "$best"
	else
		printf 'fail\tuser space within %s s of QEMU'"'"'s start\t%s s\n' $BOOT_LIMIT "$best"
	fi
}

check_contents()
{
	local tap rc=0

	tap=$("$ROOT/scripts/guest.sh" run --name guest-contents --timeout 200 -- \
		"$(cat "$ROOT/tests/guest/contents.sh")") || rc=$?
	"$ROOT/tests/tap-results.sh" contents "$rc" <<<"$tap"
}

mkdir -p "$OUT/results"
rm -f "$results"
"$ROOT/scripts/qemu.sh" build >/dev/null
"$ROOT/scripts/kernel.sh" build base plain >/dev/null
"$ROOT/scripts/guest.sh" image >/dev/null
{
	check_boot
	check_contents
} >"$results.tmp$$"
mv "$results.tmp$$" "$results"
"$ROOT/scripts/results.sh" guest
