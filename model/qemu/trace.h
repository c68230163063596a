/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generated trace points of the device, under the name QEMU expects. */
#include "trace/trace-hw_mali.h"
