/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left when everything is closed: nothing.
 */
#ifndef CAMPAIGN_REST_H
#define CAMPAIGN_REST_H

#include <stdbool.h>

/* As it is before all, with nobody at work */
void rest_begin(void);
/* After round @n: the number of things that are not as they were, each with a line */
unsigned int rest_check(unsigned int n);

#endif /* CAMPAIGN_REST_H */
