#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the guest: panvk compiles many shaders and prints the words and the text of
# each, on stdout. What else Mesa prints is left out, but for what is between two shaders.
#
# Started by tests/vulkan/run.sh, which says in $vkqueue_args how many.

export MESA_SHADER_CACHE_DISABLE=1 BIFROST_MESA_DEBUG=shaders,internal,verbose

# shellcheck disable=SC2086 # words
vkqueue ${vkqueue_args:-} --compile 2>&1 | grep -aE '^(compile: |compiled|shader: |vkqueue: |([0-9a-f]{2} ){8})'
exit "${PIPESTATUS[0]}"
