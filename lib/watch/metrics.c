#include "watch/metrics.h"

#include <inttypes.h>

#include "base/mem.h"

/* The bounds of the buckets are part of what is documented in docs/watcher.md. */
static const double second_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                       0.5,   1,      2.5,   5,    10,    30,   60,  300};
static const double size_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500};

static void add(struct histogram *histogram, double value, const double *bounds, size_t n)
{
    size_t i = 0;

    while (i < n && value > bounds[i]) {
        i++;
    }
    if (i < n) {
        histogram->counts[i]++;
    }
    histogram->n++;
    histogram->sum += value;
}

void histogram_add_ms(struct histogram *histogram, int64_t ms)
{
    add(histogram, (double)ms / 1000, second_bounds, COUNT_OF(second_bounds));
}

void histogram_add_size(struct histogram *histogram, size_t n)
{
    add(histogram, (double)n, size_bounds, COUNT_OF(size_bounds));
}

void metric_head(struct text *out, const char *name, const char *type, const char *help)
{
    text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_number(struct text *out, const char *name, const char *labels, uint64_t value)
{
    text_printf(out, "%s%s %" PRIu64 "\n", name, labels, value);
}

static void tell(struct text *out, const char *name, const char *label,
                 const struct histogram *histogram, const double *bounds, size_t n)
{
    const char *comma = *label ? "," : "", *open = *label ? "{" : "", *close = *label ? "}" : "";
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += histogram->counts[i];
        text_printf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, label, comma, bounds[i],
                    sum);
    }
    text_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label, comma, histogram->n);
    text_printf(out, "%s_sum%s%s%s %.3f\n", name, open, label, close, histogram->sum);
    text_printf(out, "%s_count%s%s%s %" PRIu64 "\n", name, open, label, close, histogram->n);
}

void metric_latency(struct text *out, const char *name, const char *label,
                    const struct histogram *histogram)
{
    tell(out, name, label, histogram, second_bounds, COUNT_OF(second_bounds));
}

void metric_sizes(struct text *out, const char *name, const char *label,
                  const struct histogram *histogram)
{
    tell(out, name, label, histogram, size_bounds, COUNT_OF(size_bounds));
}
