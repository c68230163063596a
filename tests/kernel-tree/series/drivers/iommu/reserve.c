// SPDX-License-Identifier: GPL-2.0-only
/* Test fixture: a whole file that step 1 adds and step 2 changes. */

int reserve(void)
{
	return 1;
}
