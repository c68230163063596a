/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios, one function each; a new one is a line here, a line in the table of
 * vksparse.c and its file. Each opens its own device.
 */
#ifndef VKSPARSE_SCENARIOS_H
#define VKSPARSE_SCENARIOS_H

void run_unbind(void);		/* s_bind.c */
void run_alias(void);
void run_elsewhere(void);
void run_holes(void);
void run_opaque(void);
void run_import(void);		/* s_import.c */
void run_ahead(void);		/* s_ahead.c */
void run_killed(void);
void run_fault(void);		/* s_fault.c */
void run_random(void);		/* s_random.c */

#endif /* VKSPARSE_SCENARIOS_H */
