// SPDX-License-Identifier: GPL-2.0-or-later
#define OWN_MAIN
void main()
{
	uint mine = atomicAdd(dst[1023], 1u);

	/* Whose ticket is which nobody knows; that each is there once, everybody */
	dst[mine] = mine * 3u + 1u;
}
