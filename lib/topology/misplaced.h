/* Ports of the owner that somebody has put into a second switch or router of the owner: a port
 * belongs to one. */

#ifndef TOPOLOGY_MISPLACED_H
#define TOPOLOGY_MISPLACED_H

#include "base/plan.h"

void misplaced_ask(const struct scene *scene, struct rows *asked);

/* States that they are where 'wanted' has them, and nowhere else. */
int misplaced_take_out(const struct scene *scene, struct rows *wanted);

#endif /* misplaced.h */
