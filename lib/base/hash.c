#include "base/hash.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 64 };

/* FNV-1a; the zero at the end counts, so that ("a", "bc") is not ("ab", "c"). */
uint64_t hash_text(uint64_t before, const char *text)
{
    uint64_t hash = before;

    do {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++);
    return hash;
}

static struct hashed **bucket_of(const struct hash *table, uint64_t hash)
{
    return &table->buckets[hash % table->n_buckets];
}

static void put(struct hash *table, struct hashed *thing)
{
    struct hashed **bucket = bucket_of(table, thing->hash);

    thing->next = *bucket;
    *bucket = thing;
}

static bool grow(struct hash *table)
{
    struct hash grown = {.n = table->n,
                         .n_buckets = table->n_buckets ? table->n_buckets * 2 : FIRST_BUCKETS};

    grown.buckets = calloc(grown.n_buckets, sizeof *grown.buckets);
    if (!grown.buckets) {
        return false;
    }
    for (struct hashed *thing = hash_first(table), *next; thing; thing = next) {
        next = hash_next(table, thing);
        put(&grown, thing);
    }
    free(table->buckets);
    *table = grown;
    return true;
}

bool hash_insert(struct hash *table, struct hashed *thing, uint64_t hash)
{
    if (table->n == table->n_buckets && !grow(table)) {
        return false;
    }
    thing->hash = hash;
    put(table, thing);
    table->n++;
    return true;
}

void hash_remove(struct hash *table, struct hashed *thing)
{
    struct hashed **at = bucket_of(table, thing->hash);

    while (*at != thing) {
        at = &(*at)->next;
    }
    *at = thing->next;
    table->n--;
}

/* The first from 'thing' on. */
static struct hashed *same_hash(struct hashed *thing, uint64_t hash)
{
    while (thing && thing->hash != hash) {
        thing = thing->next;
    }
    return thing;
}

struct hashed *hash_find(const struct hash *table, uint64_t hash)
{
    return table->n_buckets ? same_hash(*bucket_of(table, hash), hash) : NULL;
}

struct hashed *hash_find_next(const struct hashed *thing)
{
    return same_hash(thing->next, thing->hash);
}

static struct hashed *first_from(const struct hash *table, size_t bucket)
{
    while (bucket < table->n_buckets && !table->buckets[bucket]) {
        bucket++;
    }
    return bucket < table->n_buckets ? table->buckets[bucket] : NULL;
}

struct hashed *hash_first(const struct hash *table)
{
    return first_from(table, 0);
}

struct hashed *hash_next(const struct hash *table, const struct hashed *thing)
{
    /* Where a thing is, there is a bucket. NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
    return thing->next ? thing->next : first_from(table, thing->hash % table->n_buckets + 1);
}

void hash_clear(struct hash *table, void (*discard)(struct hashed *thing))
{
    for (struct hashed *thing = hash_first(table), *next; thing; thing = next) {
        next = hash_next(table, thing);
        discard(thing);
    }
    free(table->buckets);
    *table = (struct hash){0};
}
