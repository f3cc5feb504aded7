#include "topology/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "topology/topology.h"

enum { PAGE_BITS = 512, WORD_BITS = 64 };

/* The numbers from 'number' * PAGE_BITS on. */
struct pool_page {
    struct pool_page *next;
    uint64_t number;
    uint64_t words[PAGE_BITS / WORD_BITS];
};

void pool_clear(struct pool *pool)
{
    for (size_t i = 0; i < pool->n_buckets; i++) {
        for (struct pool_page *page = pool->buckets[i], *next; page; page = next) {
            next = page->next;
            free(page);
        }
    }
    free(pool->buckets);
    *pool = (struct pool){0};
}

static struct pool_page *find_page(const struct pool *pool, uint64_t number)
{
    struct pool_page *page =
        pool->n_buckets ? pool->buckets[number / PAGE_BITS % pool->n_buckets] : NULL;

    while (page && page->number != number / PAGE_BITS) {
        page = page->next;
    }
    return page;
}

static void insert_page(struct pool *pool, struct pool_page *page)
{
    struct pool_page **bucket = &pool->buckets[page->number % pool->n_buckets];

    page->next = *bucket;
    *bucket = page;
}

static bool grow(struct pool *pool)
{
    const size_t old = pool->n_buckets, n = old ? 2 * old : 4;
    struct pool_page **before = pool->buckets;
    struct pool_page **buckets = calloc(n, sizeof(struct pool_page *));

    if (!buckets) {
        return false;
    }
    pool->buckets = buckets;
    pool->n_buckets = n;
    for (size_t i = 0; i < old; i++) {
        for (struct pool_page *page = before[i], *next; page; page = next) {
            next = page->next;
            insert_page(pool, page);
        }
    }
    free(before);
    return true;
}

static struct pool_page *make_page(struct pool *pool, uint64_t number)
{
    struct pool_page *page;

    if (pool->n_pages == pool->n_buckets && !grow(pool)) {
        return NULL;
    }
    page = calloc(1, sizeof *page);
    if (page) {
        page->number = number / PAGE_BITS;
        pool->n_pages++;
        insert_page(pool, page);
    }
    return page;
}

static uint64_t *word_of(struct pool_page *page, uint64_t number)
{
    return &page->words[number % PAGE_BITS / WORD_BITS];
}

static uint64_t bit_of(uint64_t number)
{
    return (uint64_t)1 << number % WORD_BITS;
}

bool pool_holds(const struct pool *pool, uint64_t number)
{
    struct pool_page *page = find_page(pool, number);

    return page && *word_of(page, number) & bit_of(number);
}

bool pool_take(struct pool *pool, uint64_t number)
{
    struct pool_page *page = find_page(pool, number);

    page = page ? page : make_page(pool, number);
    if (!page || *word_of(page, number) & bit_of(number)) {
        return false;
    }
    *word_of(page, number) |= bit_of(number);
    pool->n++;
    return true;
}

void pool_release(struct pool *pool, uint64_t number)
{
    if (pool_holds(pool, number)) {
        *word_of(find_page(pool, number), number) &= ~bit_of(number);
        pool->n--;
    }
}

int pool_find(struct pool *pool, const struct pool *other, const struct prefix *subnet,
              uint64_t *out)
{
    /* How many there are for pods. A row of the database may have a subnet without any. */
    const uint64_t reserved = FIRST_POD_INDEX - 1 + (subnet->ip.family == 4 ? 1 : 0);
    const uint64_t last_index = prefix_last_index(subnet);
    const uint64_t n = last_index > reserved ? last_index - reserved : 0;
    const uint64_t last = FIRST_POD_INDEX + n - 1;
    /* With so many tries one of them is free, unless all are taken. */
    const uint64_t tries = pool->n + other->n + 1;
    char text[PREFIX_TEXT];

    for (uint64_t i = 0; i < tries && i < n; i++) {
        if (pool->next < FIRST_POD_INDEX || pool->next > last) {
            pool->next = FIRST_POD_INDEX;
        }
        *out = pool->next++;
        if (!pool_holds(pool, *out) && !pool_holds(other, *out)) {
            return 0;
        }
    }
    return fail(OVNK8S_EXHAUSTED, "subnet %s: all %llu addresses for pods are taken",
                prefix_to_text(subnet, text), (unsigned long long)n);
}
