/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios, one function each; a new one is a line here, a line in the
 * table of edges.c and its file. Each opens its own device file.
 */
#ifndef EDGES_SCENARIOS_H
#define EDGES_SCENARIOS_H

#include <stdbool.h>

/* Leave out what takes long on a slow kernel */
extern bool edges_short, edges_long;

/* s_reclaim.c */
void run_reclaim(void);
void run_reclaim_vms(void);
void run_gone_vms(void);
void run_pressure(void);
/* s_prime.c */
void run_export(void);
void run_import(void);
void run_import_part(void);
/* s_mmap.c */
void run_mmap(void);
void run_mmio(void);
/* s_layout.c */
void run_layout(void);
void run_syncs(void);
void run_waits(void);
/* s_jobs.c */
void run_jobs(void);
/* s_sysfs.c */
void run_trace(void);
void run_profiling(void);
void run_devfreq(void);
/* s_secrets.c */
void run_secrets(void);
/* s_failing.c */
void run_failing(void);
void run_failing_restore(void);
void run_failing_probe(void);

#endif /* EDGES_SCENARIOS_H */
