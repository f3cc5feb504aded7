/* Giving subnets and addresses out of ranges, as a caller of the library sees it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ovnk8s/ovnk8s.h>

#include <cmocka.h> /* Last: it has a macro called fail. */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CAN_RUN_OUT_OF_MEMORY

/* How many more pieces of memory there are; negative: no end of them. */
static int pieces_left = -1;

extern void *__libc_calloc(size_t n, size_t size);

void *calloc(size_t n, size_t size)
{
    if (!pieces_left) {
        return NULL;
    }
    pieces_left -= pieces_left > 0;
    return __libc_calloc(n, size);
}
#endif

static ovnk8s_subnets *make(const char *ranges, unsigned int ipv4_length, unsigned int ipv6_length)
{
    ovnk8s_subnets_options options = OVNK8S_SUBNETS_OPTIONS_INIT;
    ovnk8s_subnets *subnets;

    options.ranges = ranges;
    options.ipv4_length = ipv4_length;
    options.ipv6_length = ipv6_length;
    assert_int_equal(ovnk8s_subnets_new(&subnets, &options), 0);
    return subnets;
}

/* What is given. Valid until the next call. */
static const char *next(ovnk8s_subnets *subnets)
{
    static char text[OVNK8S_SUBNETS_TEXT];

    assert_int_equal(ovnk8s_subnets_next(text, subnets), 0);
    return text;
}

static void is_exhausted(ovnk8s_subnets *subnets, const char *message)
{
    char text[OVNK8S_SUBNETS_TEXT] = "x";

    assert_int_equal(ovnk8s_subnets_next(text, subnets), OVNK8S_EXHAUSTED);
    assert_string_equal(text, "");
    assert_string_equal(ovnk8s_last_error()->message, message);
}

static void reserve(ovnk8s_subnets *subnets, const char *text)
{
    assert_int_equal(ovnk8s_subnets_reserve(subnets, text), 0);
}

static void release(ovnk8s_subnets *subnets, const char *text)
{
    assert_int_equal(ovnk8s_subnets_release(subnets, text), 0);
}

static void exclude(ovnk8s_subnets *subnets, const char *text)
{
    assert_int_equal(ovnk8s_subnets_exclude(subnets, text), 0);
}

static void the_lengths_have_defaults(void **state)
{
    ovnk8s_subnets *subnets = make("192.168.0.0/16,fd01::/48", 0, 0);

    (void)state;
    assert_string_equal(next(subnets), "192.168.0.0/24,fd01::/64");
    assert_string_equal(next(subnets), "192.168.1.0/24,fd01:0:0:1::/64");
    assert_int_equal(ovnk8s_subnets_size(subnets, 4), 256);
    assert_int_equal(ovnk8s_subnets_size(subnets, 6), 65536);
    assert_int_equal(ovnk8s_subnets_size(subnets, 5), 0);
    assert_int_equal(ovnk8s_subnets_used(subnets, 4), 2);
    assert_int_equal(ovnk8s_subnets_used(subnets, 6), 2);
    ovnk8s_subnets_free(subnets);
    ovnk8s_subnets_free(NULL);
}

static void wrong_options_are_refused(void **state)
{
    static const struct {
        const char *ranges;
        unsigned int four, six;
        const char *message;
    } wrong[] = {
        {NULL, 0, 0, "range \"\": expected"},
        {"", 0, 0, "range \"\": expected"},
        {"10.0.0.0/8,", 0, 0, "range \"\": expected"},
        {"10.0.0.0", 0, 0, "range \"10.0.0.0\": expected"},
        {"10.0.0.1/8", 0, 0, "host bits are set: expected 10.0.0.0/8"},
        {"10.0.0.0/8,10.1.0.0/16", 0, 0, "range 10.1.0.0/16: overlaps another range"},
        {"10.0.0.0/25", 0, 0, "range 10.0.0.0/25: smaller than a subnet of length 24"},
        {"fd00::/65", 0, 0, "range fd00::/65: smaller than a subnet of length 64"},
        {"10.0.0.0/8", 33, 0, "subnets of length 33: expected at most 32"},
        {"10.0.0.0/8", 0, 129, "subnets of length 129: expected at most 128"},
        {"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/64", 0, 0, "too long"},
    };
    ovnk8s_subnets_options options = OVNK8S_SUBNETS_OPTIONS_INIT;
    ovnk8s_subnets *subnets;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options.ranges = wrong[i].ranges;
        options.ipv4_length = wrong[i].four;
        options.ipv6_length = wrong[i].six;
        assert_int_equal(ovnk8s_subnets_new(&subnets, &options), OVNK8S_INVALID);
        assert_null(subnets);
        if (!strstr(ovnk8s_last_error()->message, wrong[i].message)) {
            assert_string_equal(ovnk8s_last_error()->message, wrong[i].message);
        }
    }
    assert_int_equal(ovnk8s_subnets_new(&subnets, NULL), OVNK8S_INVALID);
    options.size = 0;
    assert_int_equal(ovnk8s_subnets_new(&subnets, &options), OVNK8S_INVALID);
}

static void ranges_are_used_in_their_order(void **state)
{
    ovnk8s_subnets *subnets = make("192.168.2.0/23,10.0.0.0/24", 0, 0);

    (void)state;
    assert_string_equal(next(subnets), "192.168.2.0/24");
    assert_string_equal(next(subnets), "192.168.3.0/24");
    assert_string_equal(next(subnets), "10.0.0.0/24");
    is_exhausted(subnets, "no subnet of length 24 is left: of 3, 3 taken and 0 excluded, in ranges "
                          "192.168.2.0/23,10.0.0.0/24");
    release(subnets, "192.168.3.0/24");
    release(subnets, "10.0.0.0/24");
    assert_string_equal(next(subnets), "192.168.3.0/24");
    ovnk8s_subnets_free(subnets);
}

static void what_is_released_rests(void **state)
{
    ovnk8s_subnets *subnets = make("255.255.255.252/30", 32, 0);

    (void)state;
    assert_string_equal(next(subnets), "255.255.255.252/32");
    release(subnets, "255.255.255.252/32");
    assert_string_equal(next(subnets), "255.255.255.253/32");
    assert_string_equal(next(subnets), "255.255.255.254/32");
    assert_string_equal(next(subnets), "255.255.255.255/32");
    release(subnets, "255.255.255.254/32");
    assert_string_equal(next(subnets), "255.255.255.252/32");
    assert_string_equal(next(subnets), "255.255.255.254/32");
    is_exhausted(subnets, "no subnet of length 32 is left: of 4, 4 taken and 0 excluded, in ranges "
                          "255.255.255.252/30");
    ovnk8s_subnets_free(subnets);
}

static void a_family_can_be_alone(void **state)
{
    ovnk8s_subnets *subnets = make("::/0", 0, 1);

    (void)state;
    assert_string_equal(next(subnets), "::/1");
    assert_string_equal(next(subnets), "8000::/1");
    is_exhausted(subnets,
                 "no subnet of length 1 is left: of 2, 2 taken and 0 excluded, in ranges ::/0");
    assert_int_equal(ovnk8s_subnets_size(subnets, 4), 0);
    ovnk8s_subnets_free(subnets);

    subnets = make("::/0", 0, 128);
    assert_int_equal(ovnk8s_subnets_size(subnets, 6), UINT64_MAX);
    reserve(subnets, "::/0");
    assert_int_equal(ovnk8s_subnets_used(subnets, 6), UINT64_MAX);
    ovnk8s_subnets_free(subnets);
}

static void both_families_or_nothing(void **state)
{
    ovnk8s_subnets *subnets = make("10.0.0.0/22,fd01::/63", 0, 0);

    (void)state;
    assert_string_equal(next(subnets), "10.0.0.0/24,fd01::/64");
    assert_string_equal(next(subnets), "10.0.1.0/24,fd01:0:0:1::/64");
    is_exhausted(
        subnets,
        "no subnet of length 64 is left: of 2, 2 taken and 0 excluded, in ranges fd01::/63");
    assert_int_equal(ovnk8s_subnets_used(subnets, 4), 2);
    assert_int_equal(ovnk8s_subnets_reserve(subnets, "10.0.2.0/24,fd01::/64"), OVNK8S_EXISTS);
    assert_string_equal(ovnk8s_last_error()->message,
                        "subnet 10.0.2.0/24,fd01::/64: taken, or a part of it");
    assert_true(ovnk8s_subnets_is_free(subnets, "10.0.2.0/24"));
    assert_int_equal(ovnk8s_subnets_release(subnets, "10.0.2.0/24,fd01::/64"), OVNK8S_NOTFOUND);
    assert_int_equal(ovnk8s_subnets_used(subnets, 6), 2);
    release(subnets, "fd01::/64,10.0.0.0/24");
    assert_int_equal(ovnk8s_subnets_used(subnets, 4), 1);
    ovnk8s_subnets_free(subnets);
}

static void either_family_while_there_is_any(void **state)
{
    ovnk8s_subnets_options options;
    ovnk8s_subnets *subnets;

    (void)state;
    ovnk8s_subnets_options_init(&options);
    options.ranges = "fd01::/63,10.0.0.0/23";
    options.either_family = true;
    assert_int_equal(ovnk8s_subnets_new(&subnets, &options), 0);
    assert_string_equal(next(subnets), "10.0.0.0/24");
    exclude(subnets, "10.0.1.7-10.0.1.7");
    assert_string_equal(next(subnets), "fd01::/64");
    assert_string_equal(next(subnets), "fd01:0:0:1::/64");
    is_exhausted(
        subnets,
        "no subnet of length 24 is left: of 2, 1 taken and 1 excluded, in ranges 10.0.0.0/23; no "
        "subnet of length 64 is left: of 2, 2 taken and 0 excluded, in ranges fd01::/63");
    ovnk8s_subnets_free(subnets);
}

static void any_length_can_be_reserved_and_released(void **state)
{
    ovnk8s_subnets *subnets = make("10.0.0.0/22,10.0.4.0/24", 0, 0);

    (void)state;
    reserve(subnets, "10.0.0.77/32");
    reserve(subnets, "10.0.2.0/23");
    assert_int_equal(ovnk8s_subnets_used(subnets, 4), 3);
    assert_string_equal(next(subnets), "10.0.1.0/24");
    assert_string_equal(next(subnets), "10.0.4.0/24");
    release(subnets, "10.0.1.128/25");
    release(subnets, "10.0.2.0/24");
    assert_string_equal(next(subnets), "10.0.2.0/24");
    is_exhausted(subnets, "no subnet of length 24 is left: of 5, 5 taken and 0 excluded, in ranges "
                          "10.0.0.0/22,10.0.4.0/24");
    assert_true(ovnk8s_subnets_is_free(subnets, "10.0.1.128/25"));
    assert_false(ovnk8s_subnets_is_free(subnets, "10.0.1.0/24"));
    release(subnets, "10.0.2.0/23"); /* Neighbours as one. */
    assert_int_equal(ovnk8s_subnets_release(subnets, "10.0.2.0/23"), OVNK8S_NOTFOUND);
    assert_string_equal(ovnk8s_last_error()->message,
                        "subnet 10.0.2.0/23: not taken, or not all of it");
    ovnk8s_subnets_free(subnets);
}

static void only_what_is_inside(void **state)
{
    static const char *const wrong[] = {"",
                                        "10.0.0.0",
                                        "10.0.0.1/24",
                                        "10.0.0.0/8",
                                        "11.0.0.0/24",
                                        "fd00::/64",
                                        "10.0.0.0/24,fd00::/64",
                                        "10.0.0.0/24,10.0.1.0/24"};
    ovnk8s_subnets *subnets = make("10.0.0.0/16", 0, 0);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ovnk8s_subnets_reserve(subnets, wrong[i]), OVNK8S_INVALID);
        assert_int_equal(ovnk8s_subnets_release(subnets, wrong[i]), OVNK8S_INVALID);
        assert_false(ovnk8s_subnets_is_free(subnets, wrong[i]));
    }
    assert_false(ovnk8s_subnets_is_free(subnets, NULL));
    assert_int_equal(ovnk8s_subnets_reserve(subnets, "11.0.0.0/24"), OVNK8S_INVALID);
    assert_string_equal(ovnk8s_last_error()->message,
                        "subnet 11.0.0.0/24: not inside the ranges 10.0.0.0/16");
    assert_int_equal(ovnk8s_subnets_used(subnets, 4), 0);
    ovnk8s_subnets_free(subnets);
}

static void what_is_excluded_is_never_given(void **state)
{
    ovnk8s_subnets *subnets = make("10.0.0.0/28", 32, 0);

    (void)state;
    exclude(subnets, "10.0.0.0/30");
    exclude(subnets, "10.0.0.2-10.0.0.8");
    exclude(subnets, "10.0.0.11/32");
    exclude(subnets, "10.0.0.15-10.255.255.255");
    assert_int_equal(ovnk8s_subnets_used(subnets, 4), 0);
    assert_false(ovnk8s_subnets_is_free(subnets, "10.0.0.8/32"));
    assert_string_equal(next(subnets), "10.0.0.9/32");
    assert_string_equal(next(subnets), "10.0.0.10/32");
    assert_string_equal(next(subnets), "10.0.0.12/32");
    exclude(subnets, "10.0.0.12/31"); /* Stays taken until it is released. */
    assert_int_equal(ovnk8s_subnets_used(subnets, 4), 3);
    assert_string_equal(next(subnets), "10.0.0.14/32");
    release(subnets, "10.0.0.12/32");
    is_exhausted(
        subnets,
        "no subnet of length 32 is left: of 16, 3 taken and 13 excluded, in ranges 10.0.0.0/28");
    reserve(subnets, "10.0.0.0/29"); /* Who has it already has it. */
    assert_int_equal(ovnk8s_subnets_used(subnets, 4), 11);
    ovnk8s_subnets_free(subnets);
}

static void wrong_exclusions_are_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "10.0.0.1/24",
                                        "10.0.0.1",
                                        "10.0.0.2-10.0.0.1",
                                        "10.0.0.1-",
                                        "-10.0.0.1",
                                        "10.0.0.1-fd00::",
                                        "10.0.0.1-10.0.0.2-10.0.0.3",
                                        "10.0.0.0/30-10.0.0.9"};
    ovnk8s_subnets *subnets = make("10.0.0.0/28", 32, 0);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ovnk8s_subnets_exclude(subnets, wrong[i]), OVNK8S_INVALID);
    }
    assert_int_equal(ovnk8s_subnets_exclude(subnets, NULL), OVNK8S_INVALID);
    assert_string_equal(next(subnets), "10.0.0.0/32");
    ovnk8s_subnets_free(subnets);
}

static void everything_can_be_excluded(void **state)
{
    ovnk8s_subnets *subnets = make("0.0.0.0/0,::/0", 32, 128);

    (void)state;
    exclude(subnets, "0.0.0.1-255.255.255.255");
    exclude(subnets, "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
    assert_string_equal(next(subnets), "0.0.0.0/32,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
    is_exhausted(subnets, "no subnet of length 32 is left: of 4294967296, 1 taken and 4294967295 "
                          "excluded, in ranges 0.0.0.0/0");
    ovnk8s_subnets_free(subnets);
}

/* Against a model of 256 addresses, each with what is known of it. */
enum { MODEL = 256 };

struct model {
    bool taken[MODEL], excluded[MODEL];
    unsigned int next;
};

static unsigned int model_next(struct model *model)
{
    for (unsigned int i = 0; i < MODEL; i++) {
        const unsigned int at = (model->next + i) % MODEL;

        if (!model->taken[at] && !model->excluded[at]) {
            model->next = at + 1;
            model->taken[at] = true;
            return at;
        }
    }
    return MODEL;
}

static void change_one(ovnk8s_subnets *subnets, struct model *model)
{
    const unsigned int at = (unsigned int)rand() % MODEL;
    char text[OVNK8S_SUBNETS_TEXT];

    snprintf(text, sizeof text, "10.0.%u.%u/32", at / 128, at % 128);
    assert_int_equal(ovnk8s_subnets_is_free(subnets, text),
                     !model->taken[at] && !model->excluded[at]);
    if (rand() % 512 == 0) {
        exclude(subnets, text);
        model->excluded[at] = true;
    } else if (rand() % 2) {
        assert_int_equal(ovnk8s_subnets_release(subnets, text),
                         model->taken[at] ? 0 : OVNK8S_NOTFOUND);
        model->taken[at] = false;
    } else {
        assert_int_equal(ovnk8s_subnets_reserve(subnets, text),
                         model->taken[at] ? OVNK8S_EXISTS : 0);
        model->taken[at] = true;
    }
}

static void behaves_like_a_model(void **state)
{
    const unsigned int seed = (unsigned int)time(NULL);
    ovnk8s_subnets *subnets = make("10.0.0.0/25,10.0.1.0/25", 32, 0);
    struct model model = {.next = 0};
    char text[OVNK8S_SUBNETS_TEXT], expected[OVNK8S_SUBNETS_TEXT];

    (void)state;
    printf("seed %u\n", seed);
    srand(seed);
    for (unsigned int i = 0; i < 20000; i++) {
        unsigned int used = 0, at;

        change_one(subnets, &model);
        if (rand() % 2) {
            at = model_next(&model);
            snprintf(expected, sizeof expected, "10.0.%u.%u/32", at / 128, at % 128);
            assert_int_equal(ovnk8s_subnets_next(text, subnets),
                             at == MODEL ? OVNK8S_EXHAUSTED : 0);
            assert_string_equal(text, at == MODEL ? "" : expected);
        }
        for (at = 0; at < MODEL; at++) {
            used += model.taken[at];
        }
        assert_int_equal(ovnk8s_subnets_used(subnets, 4), used);
    }
    ovnk8s_subnets_free(subnets);
}

#ifdef CAN_RUN_OUT_OF_MEMORY
static void without_memory_nothing_changes(void **state)
{
    ovnk8s_subnets *subnets = make("10.0.0.0/8,fd01::/48", 32, 128);
    char text[OVNK8S_SUBNETS_TEXT];
    int error = OVNK8S_NOMEM;

    (void)state;
    for (int enough = 0; error; enough++) {
        pieces_left = enough;
        error = ovnk8s_subnets_reserve(subnets, "10.0.0.0/32,fd01::/128");
        pieces_left = -1;
        assert_int_equal(error, enough < 2 ? OVNK8S_NOMEM : 0);
        assert_int_equal(ovnk8s_subnets_used(subnets, 4), error ? 0 : 1);
        assert_int_equal(ovnk8s_subnets_used(subnets, 6), error ? 0 : 1);
    }
    release(subnets, "10.0.0.0/32,fd01::/128");
    pieces_left = 1;
    assert_int_equal(ovnk8s_subnets_next(text, subnets), OVNK8S_NOMEM);
    pieces_left = -1;
    assert_string_equal(text, "");
    assert_string_equal(next(subnets), "10.0.0.0/32,fd01::/128");
    ovnk8s_subnets_free(subnets);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lengths_have_defaults),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(ranges_are_used_in_their_order),
        cmocka_unit_test(what_is_released_rests),
        cmocka_unit_test(a_family_can_be_alone),
        cmocka_unit_test(both_families_or_nothing),
        cmocka_unit_test(either_family_while_there_is_any),
        cmocka_unit_test(any_length_can_be_reserved_and_released),
        cmocka_unit_test(only_what_is_inside),
        cmocka_unit_test(what_is_excluded_is_never_given),
        cmocka_unit_test(wrong_exclusions_are_refused),
        cmocka_unit_test(everything_can_be_excluded),
        cmocka_unit_test(behaves_like_a_model),
#ifdef CAN_RUN_OUT_OF_MEMORY
        cmocka_unit_test(without_memory_nothing_changes),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
