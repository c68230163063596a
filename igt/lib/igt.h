/* SPDX-License-Identifier: MIT */
/*
 * What a test includes first, as in IGT.
 */
#ifndef IGT_H
#define IGT_H

#include "drmtest.h"
#include "igt_core.h"
#include "ioctl_wrappers.h"

#endif /* IGT_H */
