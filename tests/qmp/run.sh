#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The suite "qmp": the QEMU device by its registers and over QMP, with no
# guest and no kernel. Writes out/results/qmp.tsv.
#
#   tests/qmp/run.sh [7.2|10.0]	on this version of QEMU, not the default one

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

TSV=$OUT/results/qmp.tsv
LOG=$OUT/log/qmp.log

# TAP to "pass|fail<TAB>name<TAB>detail"; a comment belongs to the next result.
tap_to_tsv()
{
	awk -v OFS='\t' '
		/^# /      { detail = substr($0, 3); gsub(/\t/, " ", detail) }
		/^ok /     { sub(/^ok [0-9]+ - /, ""); print "pass", $0, detail; detail = "" }
		/^not ok / { sub(/^not ok [0-9]+ - /, ""); print "fail", $0, detail; detail = "" }
	'
}

need_packages python3
locked suite-qmp
mkdir -p "$OUT/results" "$OUT/log"
rm -f "$TSV"
qemu=$("$ROOT/scripts/qemu/qemu.sh" build "$@")
rc=0
/usr/bin/python3 "$ROOT/tests/qmp/test_qmp.py" "$qemu" | tee "$LOG" || rc=$?
tap_to_tsv <"$LOG" >"$TSV"
planned=$(sed -n 's/^1\.\.//p' "$LOG")
if [ "$(wc -l <"$TSV")" != "${planned:-none}" ]; then
	printf 'fail\tall tests ran\tplanned %s\n' "${planned:-none}" >>"$TSV"
	rc=1
fi
exit $rc
