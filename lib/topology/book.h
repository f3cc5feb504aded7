/* Which addresses of a switch are taken, and by whom: by the entries of its ledger, and by its
 * ports, some of which the ledger may not know.
 *
 * A book is a note of the scene, zero at first: what one plan adds is entered too. */

#ifndef TOPOLOGY_BOOK_H
#define TOPOLOGY_BOOK_H

#include "topology/ledger.h"

struct book {
    struct blocks taken;
    bool is_open; /* All that is known is entered. */
};

/* For scene_note(). */
void book_close(void *note);

/* The address as a block. */
struct prefix book_block(const struct ip *ip);

/* Each fails with OVNK8S_NOMEM. */
int book_enter(struct book *book, const struct prefixes *addresses);

/* What a plan works with that looks for addresses. */
struct book_source {
    const struct scene *scene;
    const struct rows *wanted; /* What was deleted there is free for what comes after it. */
    const struct prefixes *subnets;
};

int book_enter_entries(struct book *book, const struct book_source *source,
                       const struct column *entries);

/* The same for ports, whatever somebody has written there. 'ports' may be NULL. */
int book_enter_ports(struct book *book, const struct book_source *source,
                     const struct column *ports);

/* Whether the plan has deleted the port up to here. */
bool book_is_dropped(const struct book_source *source, struct row_id port);

/* Of entries, which may be NULL: how many make sense; and whose the address is, NULL for nobody's.
 * Both take memory from 'arena'. */
size_t entries_count(const struct column *entries, const struct prefixes *subnets,
                     struct arena *arena);
const char *entries_find(const struct column *entries, const struct prefixes *subnets,
                         const struct ip *ip, struct arena *arena);

#endif /* book.h */
