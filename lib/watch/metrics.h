/* What the watcher counts, and how it is told to Prometheus. */

#ifndef WATCH_METRICS_H
#define WATCH_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { MOST_BUCKETS = 16 };

/* How many values were at most as large as each of some fixed bounds. */
struct histogram {
    uint64_t counts[MOST_BUCKETS]; /* Of each bucket alone; what is above all is in 'n' only. */
    uint64_t n;
    double sum;
};

/* How long something took, in ms; how many tasks a plan had. */
void histogram_add_ms(struct histogram *histogram, int64_t ms);
void histogram_add_size(struct histogram *histogram, size_t n);

struct metrics {
    struct histogram pod_committed;     /* From the moment that something was to be done for it. */
    struct histogram pod_annotated;     /* From the commit. */
    struct histogram service_committed; /* From its change. */
    struct histogram plan_size;
    uint64_t plans_committed, plans_refused, plans_lost;
    uint64_t plans_unchanged; /* All was as they wanted. */
    uint64_t patches, patches_failed;
    uint64_t tasks_failed; /* Tried again later, for whatever reason. */
};

/* Writes one metric as the text format of Prometheus 0.0.4 has it. 'labels' is "" or
 * "{stage=\"committed\"}". A family of several is headed once, by metric_head(). */
void metric_head(struct text *out, const char *name, const char *type, const char *help);
void metric_number(struct text *out, const char *name, const char *labels, uint64_t value);

/* 'label' is "" or "stage=\"committed\"". */
void metric_latency(struct text *out, const char *name, const char *label,
                    const struct histogram *histogram);
void metric_sizes(struct text *out, const char *name, const char *label,
                  const struct histogram *histogram);

#endif /* metrics.h */
