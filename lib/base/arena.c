#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks grow, so that many small things cost few allocations. */
enum { FIRST_SIZE = 16384, MOST_SIZE = 65536 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

void arena_clear(struct arena *arena)
{
    struct arena_block *next;

    for (struct arena_block *block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena){0};
}

static struct arena_block *add_block(struct arena *arena, size_t least)
{
    const size_t usual = !arena->blocks                    ? FIRST_SIZE
                         : arena->blocks->size < MOST_SIZE ? 2 * arena->blocks->size
                                                           : MOST_SIZE;
    const size_t size = least > usual ? least : usual;
    struct arena_block *block = calloc(1, sizeof *block + size);

    if (block) {
        block->size = size;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;

    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!block || block->size - block->used < size) {
        block = add_block(arena, size);
        if (!block) {
            arena->failed = true;
            return NULL;
        }
    }
    block->used += size;
    return block->bytes + block->used - size;
}

const char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    return copy ? memcpy(copy, text, length) : NULL;
}

const char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

const char *arena_join(struct arena *arena, const char *first, const char *between,
                       const char *second)
{
    const size_t a = strlen(first), b = strlen(between), c = strlen(second);
    char *text = arena_alloc(arena, a + b + c + 1);

    if (text) {
        memcpy(text, first, a);
        memcpy(text + a, between, b);
        memcpy(text + a + b, second, c + 1);
    }
    return text;
}

/* Writes where the next allocation would be: mostly there is room. */
const char *arena_printf(struct arena *arena, const char *format, ...)
{
    struct arena_block *block = arena->blocks;
    char *there = block ? block->bytes + block->used : NULL;
    const size_t room = block ? block->size - block->used : 0;
    va_list args, again;
    char *text;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(there, room, format, args);
    text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
    if (text && text != there) {
        vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(args);
    return text;
}
