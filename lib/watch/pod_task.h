/* What is done for a pod: its port, then its annotation.
 *
 * The addresses of a port that is planned are reserved until its row has been seen, or it is
 * certain that there will be none: the answer to a commit may come before the row, and when the
 * database goes away nobody knows what became of it. Until then the pod keeps them, whatever plans
 * are made, and nobody else gets them. */

#ifndef WATCH_POD_TASK_H
#define WATCH_POD_TASK_H

#include "watch/pods.h"

struct node;
struct row;

extern const struct task_type pod_task_type;

struct pod *pod_of(const struct task *task);

/* Something about the pod has changed. */
void pod_touch(struct pod *pod);

/* The MAC address that the port of a pod with 'addresses' has, which need not be the usual one. */
struct mac pod_mac(const struct row *port, const struct prefixes *addresses);

/* pod_annotation.c: makes the annotation tell the network of 'port', whose addresses the pod has.
 */
enum verdict pod_annotate(ovnk8s_watcher *watcher, struct pod *pod, const struct node *node,
                          const struct row *port);

#endif /* pod_task.h */
