/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sparse binds cost, from the application's call to the page table. Prints lines
 *
 *	bench: V1 mesa_26.1_instrs 12345
 *
 * and leaves when something that must work does not.
 */
#ifndef VKSPARSE_COSTS_H
#define VKSPARSE_COSTS_H

void costs(void);

#endif /* VKSPARSE_COSTS_H */
