#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "make bench": how fast things are. Not part of the tests: most figures depend
# on the machine and on what else it does.
#
#   tests/bench/run.sh        tables on stdout, JSON in out/
#
# Base kernel, kernel with faster walks and reserve kernel (out/bench.json): page
# tables by themselves, in nanoseconds (tests/bench/iopt.sh), and VM_BIND in the
# guest, base against reserve, in instructions and pages (tests/bench/guest.sh).
# Fails where the reserve kernel misses what it promises.
#
# What Vulkan's sparse binding costs an application, with two versions of Mesa, in
# instructions (tests/bench/vulkan.sh, in out/bench.json as well).
#
# What mapping by iommufd costs, without the series and with it, in instructions and in
# nanoseconds (tests/iommufd/run.sh bench, out/iommufd-bench.json).
#
# The model's core, on one processor of the host: translations and
# command-stream instructions a second (out/bench-model.json). Fails where the
# model is slower than what it promises: 5 million translations with a warm TLB
# and 20 million simple instructions.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

need_packages gcc make util-linux
rm -f "$OUT/bench-model.json" "$OUT/bench.json"
# One processor, so that the scheduler's moves are not measured.
taskset -c 0 make --no-print-directory -C "$ROOT/tests/model" bench
rc=0
"$ROOT/tests/bench/iopt.sh" || rc=$?
"$ROOT/tests/bench/guest.sh" || rc=$?
"$ROOT/tests/bench/vulkan.sh" || rc=$?
"$ROOT/tests/iommufd/run.sh" bench || rc=$?
say "figures in $OUT/bench-model.json, $OUT/bench.json and $OUT/iommufd-bench.json"
exit $rc
