#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the tests of the QEMU device on the QEMU that was built, and writes
# out/results/qmp.tsv. They need no guest and no kernel.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

TSV=$OUT/results/qmp.tsv

# TAP to "pass|fail<TAB>name<TAB>detail"; a comment belongs to the next result.
tap_to_tsv()
{
	awk -v OFS='\t' '
		/^# /      { detail = substr($0, 3) }
		/^ok /     { sub(/^ok [0-9]+ - /, ""); print "pass", $0, detail; detail = "" }
		/^not ok / { sub(/^not ok [0-9]+ - /, ""); print "fail", $0, detail; detail = "" }
	'
}

need_packages python3
qemu=$("$ROOT/scripts/qemu.sh" path)
mkdir -p "$OUT/results" "$OUT/log"
rm -f "$TSV"
rc=0
/usr/bin/python3 "$ROOT/tests/qmp/test_qmp.py" "$qemu" "$@" |
	tee "$OUT/log/qmp.log" || rc=$?
tap_to_tsv <"$OUT/log/qmp.log" >"$TSV"
planned=$(sed -n 's/^1\.\.//p' "$OUT/log/qmp.log")
if [ "$(wc -l <"$TSV")" != "${planned:-none}" ]; then
	printf 'fail\tall tests ran\tplanned %s\n' "${planned:-none}" >>"$TSV"
	rc=1
fi
exit $rc
