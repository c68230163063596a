#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run TAP programs of the shader core and turn what they say into one result
# file, as the model's own tests do:
#
#   run.sh RESULTS.tsv PROGRAM...

exec "$(dirname "$0")/../model/run.sh" "$@"
