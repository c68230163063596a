/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios, one function each; a new one is a line here, a line in the
 * table of vkqueue.c and its file. Each opens its own device.
 */
#ifndef VKQUEUE_SCENARIOS_H
#define VKQUEUE_SCENARIOS_H

void run_device(void);		/* s_device.c */
void run_lifetime(void);
void run_submit(void);		/* s_submit.c */
void run_many(void);
void run_commands(void);
void run_binary(void);		/* s_semaphore.c */
void run_timeline(void);
void run_external(void);	/* s_external.c */
void run_event(void);		/* s_event.c */
void run_timestamp(void);	/* s_query.c */
void run_reset(void);
void run_copy(void);
void run_sparse(void);		/* s_sparse.c */
void run_bytes(void);
void run_large(void);
void run_fill(void);		/* s_transfer.c */
void run_update(void);
void run_copies(void);
void run_results(void);
void run_rebind(void);
void run_dispatch(void);	/* s_shaders.c */
void run_clock(void);
void run_shaders(void);
void run_lost(void);		/* s_lost.c */
void run_images(void);		/* s_images.c */
void run_stores(void);		/* s_stores.c */
void run_sparse_images(void);	/* s_sparse_images.c */
void run_sparse_formats(void);	/* s_sparse_formats.c */
void run_sparse_levels(void);	/* s_sparse_levels.c */
void run_sparse_alias(void);	/* s_sparse_alias.c */
void run_sparse_random(void);	/* s_sparse_random.c */

#endif /* VKQUEUE_SCENARIOS_H */
