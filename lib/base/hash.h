/* A hash table of things that each have a struct hashed as their first member.
 *
 * The table knows the hashes of keys, and the things know the keys: whoever seeks one compares
 * those of the same hash.
 *
 *     struct hashed *at = hash_find(&table, hash_text(HASH_START, name));
 *
 *     while (at && strcmp(((struct thing *)at)->name, name) != 0) {
 *         at = hash_find_next(at);
 *     }
 *
 * All of them are gone through by hash_first() and hash_next(); one may be removed when the next
 * has been asked for. A table of zeroes is empty. */

#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hashed {
    struct hashed *next; /* In its bucket. */
    uint64_t hash;
};

struct hash {
    struct hashed **buckets;
    size_t n, n_buckets;
};

/* The hash of a text, or of several one after the other: the first begins with HASH_START. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t hash_text(uint64_t before, const char *text);

/* Adds a thing, whatever others have the same hash. False when memory ran out. */
bool hash_insert(struct hash *table, struct hashed *thing, uint64_t hash);

/* Takes out a thing that is in the table. */
void hash_remove(struct hash *table, struct hashed *thing);

/* A thing that has this hash, and the next one that has the same; NULL if there is none. */
struct hashed *hash_find(const struct hash *table, uint64_t hash);
struct hashed *hash_find_next(const struct hashed *thing);

/* Things in no order; NULL at the end. */
struct hashed *hash_first(const struct hash *table);
struct hashed *hash_next(const struct hash *table, const struct hashed *thing);

/* Empties the table; 'discard' is called for each thing. */
void hash_clear(struct hash *table, void (*discard)(struct hashed *thing));

#endif /* hash.h */
