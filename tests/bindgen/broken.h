/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mistakes of the model, made on purpose: each check must find those that it can
 * see (bindgen --break).
 */
#ifndef BINDGEN_BROKEN_H
#define BINDGEN_BROKEN_H

#include <stdbool.h>

struct op;
struct world;

/* False when there is no mistake of that name */
bool broken_set(const char *name);
void broken_list(void);

/*
 * Before @op is done to the model: may change it. False: it is not done at all.
 */
bool broken_op(const struct world *w, struct op *op);

/* Each 2 MiB of a buffer are thought to be one piece of memory */
bool broken_block(void);

/* One table page too many is thought to be there */
long broken_count(long pages);

#endif /* BINDGEN_BROKEN_H */
