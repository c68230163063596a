/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios, one function each; a new one is a line here, a line in the
 * table of hardpaths.c and its file. Each opens its own device file.
 */
#ifndef PANTHOR_SCENARIOS_H
#define PANTHOR_SCENARIOS_H

/* s_groups.c */
void run_rotate(void);
void run_vms(void);
void run_chain(void);
void run_priority(void);
void run_wakeup(void);
void run_lost_wait(void);
/* s_query.c */
void run_query(void);
void run_arguments(void);
void run_buffers(void);
void run_profiling(void);
void run_signal_nothing(void);
void run_wait_behind(void);
void run_counts(void);
void run_arrays(void);
void run_sync_points(void);
/* s_hang.c */
void run_timeouts(void);
void run_hard_hang(void);
void run_evicted_hang(void);
void run_protected(void);
/* s_firmware.c */
void run_firmware_busy(void);
void run_firmware_crash(void);
void run_firmware_idle(void);
void run_firmware_suspend(void);
void run_firmware_boot(void);
/* s_reset.c */
void run_reset_survival(void);
void run_reset_flush(void);
void run_reset_lock(void);
void run_reset_free(void);
/* s_irq.c */
void run_lost_job(void);
void run_lost_mmu(void);
void run_lost_gpu(void);
void run_short_flush(void);
void run_spurious(void);
void run_gpu_fault(void);
/* s_mmu.c */
void run_faults(void);
void run_stale_fault(void);
void run_bus_errors(void);
void run_unusable(void);
/* s_beside.c: how often, in place of a few hundred times */
void beside_set_rounds(unsigned int n);
void run_beside(void);
/* s_races.c */
void run_vm_race(void);
void run_stuck_destroy(void);
void run_freed_trim(void);
void run_heap_race(void);
void run_heap_pool(void);

/* s_memory.c */
void run_unmapped_memory(void);
void run_evicted_memory(void);

/* s_evict.c */
void run_late_evict(void);
void run_late_restore(void);
void run_gone_vmas(void);
void run_busy_trim(void);
void run_moved_memory(void);

/* s_slow.c */
void run_slow(void);
void run_slow_flush(void);
void run_late_flush(void);
void run_stuck_gather(void);
void run_late_cut(void);
void run_slow_power(void);
void run_late_l2(void);
void run_dead(void);
void run_dead_reset(void);
void run_stuck_suspend(void);
void run_stuck_reset(void);
void run_resume_reset(void);
void run_reset_suspend(void);
/* s_tiler.c */
void run_heap_arguments(void);
void run_heap_growth(void);
void run_heap_limits(void);
void run_heap_many(void);
/* s_power.c */
void run_power(void);
void run_unbind(void);
void run_module(void);
void run_unbind_busy(void);
void run_unbind_stuck(void);
void run_unbind_group(void);

/* s_shader.c */
void run_shader_fault(void);
void run_shader_endless(void);
void run_shader_rotate(void);
void run_shader_killed(void);

#endif /* PANTHOR_SCENARIOS_H */
