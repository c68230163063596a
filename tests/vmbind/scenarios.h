/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios, one function each; a new one is a line here, a line in the
 * table of vmbind.c and its file. Each opens its own device file.
 */
#ifndef VMBIND_SCENARIOS_H
#define VMBIND_SCENARIOS_H

void run_query(void);
void run_bind(void);
void run_copy(void);
void run_async(void);
void run_sparse(void);
void run_rebind(void);
void run_running(void);
void run_split(void);
void run_tables(void);
void run_fault(void);
void run_gone(void);
void run_walk(void);
void run_slots(void);
void run_errors(void);
void run_pages(void);
void run_random(void);
void run_figures(void);
void run_charged(void);
void run_takers(void);
void run_huge(void);
void run_vast(void);
void run_killed(void);
void run_neighbour(void);

#endif /* VMBIND_SCENARIOS_H */
