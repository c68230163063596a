#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The suite "firmware": missing and damaged firmware images end in the
# driver's error message, and in nothing worse. tests/firmware/guest.sh is
# what runs in the guest. Writes out/results/firmware.tsv.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

flavour=${1:-plain}
results=$OUT/results/firmware.tsv
locked suite-firmware
mkdir -p "$OUT/results"
rm -f "$results"

"$ROOT/scripts/qemu/qemu.sh" build >/dev/null
"$ROOT/scripts/kernel/kernel.sh" build base "$flavour" >/dev/null
"$ROOT/scripts/guest/guest.sh" image >/dev/null

rc=0
tap=$("$ROOT/scripts/guest/guest.sh" run --no-panthor --name "firmware-$flavour" \
	--flavour "$flavour" -- \
	"$(cat "$ROOT/tests/firmware/guest.sh")") || rc=$?
"$ROOT/scripts/lib/tap-results.sh" "$flavour" "$rc" <<<"$tap" >"$results.tmp$$"
mv "$results.tmp$$" "$results"
"$ROOT/scripts/lib/results.sh" firmware
