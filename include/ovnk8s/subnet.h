/* Subnets and addresses that are given out of ranges.
 *
 * An ovnk8s_subnets carves subnets of one length per family out of one or several ranges, and keeps
 * in mind which are taken. A single address is a subnet of length 32 or 128, so the same type gives
 * subnets to nodes and addresses to pods. It needs no database and nothing else of the library: the
 * caller keeps the record, and says at the start what is taken already.
 *
 *     ovnk8s_subnets_options options = OVNK8S_SUBNETS_OPTIONS_INIT;
 *     options.ranges = "192.168.0.0/16,fd01::/48";
 *     int error = ovnk8s_subnets_new(&subnets, &options);
 *     error = error ? error : ovnk8s_subnets_reserve(subnets, "192.168.0.0/24,fd01::/64");
 *     error = error ? error : ovnk8s_subnets_next(text, subnets);
 *     // text is "192.168.1.0/24,fd01:0:0:1::/64"
 *     ovnk8s_subnets_free(subnets);
 *
 * It takes memory for the borders between what is taken and what is not, not for what is taken, and
 * a call takes about as long when millions are taken as when none is.
 *
 * Subnets are text, "192.168.1.0/24", or one of each family: "192.168.1.0/24,fd01::/64". The length
 * is obligatory, also for single addresses, and host bits must be zero.
 *
 * Thread rule: an ovnk8s_subnets belongs to one thread at a time; different ones are independent.
 *
 * Source: RFC 4632 (prefixes of IPv4), RFC 4291 section 2.3 (of IPv6). */

#ifndef OVNK8S_SUBNET_H
#define OVNK8S_SUBNET_H

#include <ovnk8s/common.h>

OVNK8S_BEGIN_DECLS

/* Ranges, and what of them is taken. */
typedef struct ovnk8s_subnets ovnk8s_subnets;

/* Room for what ovnk8s_subnets_next() writes, its end included. */
#define OVNK8S_SUBNETS_TEXT 100

/* What is given out of what. */
typedef struct ovnk8s_subnets_options {
    size_t size;              /* Set by the initialiser. */
    const char *ranges;       /* What subnets are carved out of: one or more networks of any family,
                               * with commas between, that do not overlap: obligatory. */
    unsigned int ipv4_length; /* Of the IPv4 subnets that are carved: up to 32; 0: 24. */
    unsigned int ipv6_length; /* Of the IPv6 subnets: up to 128; 0: 64. */
    bool either_family;       /* With ranges of both families: give one subnet at a time, of IPv4
                               * while there is any; false: one of each family. */
} ovnk8s_subnets_options;

#define OVNK8S_SUBNETS_OPTIONS_INIT                                                                \
    {                                                                                              \
        sizeof(ovnk8s_subnets_options), NULL, 0, 0, false                                          \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_subnets_options_init(ovnk8s_subnets_options *options);

/* Creates in '*out' an allocator of which nothing is taken, to be freed by ovnk8s_subnets_free().
 * What 'options' has is copied.
 *
 * Errors: OVNK8S_INVALID (options; no or malformed ranges, host bits set, ranges that overlap, a
 * length that does not exist in the family, a range smaller than one subnet), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_subnets_new(ovnk8s_subnets **out,
                                                    const ovnk8s_subnets_options *options);

/* Frees the allocator. NULL is accepted. */
OVNK8S_API void ovnk8s_subnets_free(ovnk8s_subnets *subnets);

/* Takes 'text': a subnet of any length inside the ranges, or one of each family, of which both are
 * taken or none. It may lie where something is excluded: who has a subnet already has it.
 *
 * Errors: OVNK8S_INVALID (malformed, host bits set, not inside the ranges), OVNK8S_EXISTS (some of
 * it is taken), OVNK8S_NOMEM. Nothing is changed then. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_subnets_reserve(ovnk8s_subnets *subnets, const char *text);

/* Frees 'text': what was taken, a part of it, or several neighbours as one; or one of each family.
 * ovnk8s_subnets_next() goes through all others before it gives it out again.
 *
 * Errors: OVNK8S_INVALID (malformed, host bits set, not inside the ranges), OVNK8S_NOTFOUND (not
 * all of it is taken); nothing is changed then. OVNK8S_NOMEM (a part needs memory for the rest):
 * what could not be freed stays taken; the IPv4 subnet of two may be free. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_subnets_release(ovnk8s_subnets *subnets, const char *text);

/* Makes that nothing of 'text' is ever given by ovnk8s_subnets_next(): a subnet, one of each
 * family, or the addresses "FIRST-LAST" of one family, both included. What is excluded may overlap
 * what was excluded before or is taken, which stays taken until it is released, and may reach
 * beyond the ranges. It does not count as used.
 *
 * Errors: OVNK8S_INVALID (malformed, host bits set, LAST before FIRST), OVNK8S_NOMEM (some of it
 * may be excluded then). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_subnets_exclude(ovnk8s_subnets *subnets, const char *text);

/* Takes a subnet of the length given in the options that is wholly free and not excluded, or one of
 * each family, and writes it to 'text', "192.168.1.0/24" or "192.168.1.0/24,fd01:0:0:1::/64". The
 * search begins behind what was given last and goes round, through the ranges in their order, so
 * that what was just released rests for as long as possible. On failure 'text' is "".
 *
 * Errors: OVNK8S_EXHAUSTED (of a family, or of both with 'either_family', no subnet is left: the
 * message has the ranges, how many subnets of what length they have, and how many of these are
 * taken and excluded), OVNK8S_NOMEM. Nothing is changed then. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_subnets_next(char text[OVNK8S_SUBNETS_TEXT],
                                                     ovnk8s_subnets *subnets);

/* Returns whether 'text', a subnet of any length or one of each family, lies inside the ranges with
 * nothing of it taken or excluded. False also for a malformed text. */
OVNK8S_API bool ovnk8s_subnets_is_free(const ovnk8s_subnets *subnets, const char *text);

/* Returns how many subnets of the length given in the options the ranges of 'family', 4 or 6, have;
 * 0 without such ranges, and UINT64_MAX where the number does not fit. */
OVNK8S_API uint64_t ovnk8s_subnets_size(const ovnk8s_subnets *subnets, unsigned int family);

/* Returns how many of these are taken, wholly or in part. Visits all borders between what is taken
 * and what is not. */
OVNK8S_API uint64_t ovnk8s_subnets_used(const ovnk8s_subnets *subnets, unsigned int family);

OVNK8S_END_DECLS

#endif /* subnet.h */
