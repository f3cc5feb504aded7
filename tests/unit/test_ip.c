#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/ip.h"
#include "base/sha1.h"
#include "base/uuid.h"

static struct prefix prefix(const char *text)
{
    struct prefix p;

    assert_true(prefix_from_text(text, &p));
    return p;
}

static struct ip ip(const char *text)
{
    struct ip i;

    assert_true(ip_from_text(text, &i));
    return i;
}

static void parses_and_formats_both_families(void **state)
{
    static const char *const same[] = {"10.1.2.3/24", "0.0.0.0/0", "fd98::1/64", "::/0",
                                       "192.168.1.1/32"};
    char text[PREFIX_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const struct prefix p = prefix(same[i]);

        assert_string_equal(prefix_to_text(&p, text), same[i]);
    }
}

static void knows_the_next_network_and_the_last_address(void **state)
{
    static const char *const next[][3] = {
        {"10.0.0.0/24", "10.0.1.0/24", "10.0.0.255"},
        {"10.0.255.255/32", "10.1.0.0/32", "10.0.255.255"},
        {"10.128.0.0/9", "11.0.0.0/9", "10.255.255.255"},
        {"0.0.0.0/1", "128.0.0.0/1", "127.255.255.255"},
        {"fd00::ffff:ffff:ffff:0/112", "fd00:0:0:1::/112", "fd00::ffff:ffff:ffff:ffff"},
        {"255.0.0.0/8", NULL, "255.255.255.255"},
        {"0.0.0.0/0", NULL, "255.255.255.255"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", NULL,
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"::/0", NULL, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    char text[PREFIX_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof next / sizeof *next; i++) {
        const struct prefix p = prefix(next[i][0]);
        const struct ip last = prefix_last(&p);
        struct prefix n;

        assert_string_equal(ip_to_text(&last, text), next[i][2]);
        assert_int_equal(prefix_next(&p, &n), next[i][1] != NULL);
        if (next[i][1]) {
            assert_string_equal(prefix_to_text(&n, text), next[i][1]);
        }
    }
}

static void every_byte_has_its_text(void **state)
{
    struct ip all = {.family = 4};
    char text[IP_TEXT], expected[IP_TEXT];

    (void)state;
    for (unsigned int i = 0; i < 256; i++) {
        memset(all.bytes, (int)i, 4);
        snprintf(expected, sizeof expected, "%u.%u.%u.%u", i, i, i, i);
        assert_string_equal(ip_to_text(&all, text), expected);
    }
    all.family = 0;
    assert_string_equal(ip_to_text(&all, text), "");
}

static void refuses_what_is_no_prefix(void **state)
{
    static const char *const bad[] = {"",           "10.0.0.0",    "10.0.0.0/",   "10.0.0.0/33",
                                      "10.0.0/8",   "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ",
                                      "fd98::/129", "x/8",         "/8",          "10.0.0.0/1e1",
                                      " 10.0.0.0/8"};
    struct prefix p;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(prefix_from_text(bad[i], &p));
    }
    assert_false(prefix_from_text(NULL, &p));
}

static void knows_what_lies_in_what(void **state)
{
    const struct prefix cluster = prefix("192.168.0.0/16"), node = prefix("192.168.2.0/24");
    const struct prefix half = prefix("192.168.2.128/25"), other = prefix("192.168.3.0/24");
    const struct ip in = ip("192.168.2.200"), six = ip("fd98::1");

    (void)state;
    assert_true(prefix_covers(&cluster, &node));
    assert_false(prefix_covers(&node, &cluster));
    assert_true(prefix_overlaps(&node, &half));
    assert_true(prefix_overlaps(&half, &node));
    assert_false(prefix_overlaps(&node, &other));
    assert_true(prefix_contains(&half, &in));
    assert_false(prefix_contains(&other, &in));
    assert_false(prefix_contains(&node, &six));
    assert_true(prefix_is_network(&half));
    assert_false(prefix_is_network(&(struct prefix){ip("192.168.2.1"), 24}));
}

static void counts_within_a_network(void **state)
{
    const struct prefix four = prefix("10.255.255.0/24"), six = prefix("fd98::ffff:0/112");
    const struct prefix wide = prefix("fd98::/32");
    const struct ip last = ip("10.255.255.255"), far = ip("fd98:0:0:1::");
    struct ip nth;

    (void)state;
    nth = prefix_nth(&four, 255);
    assert_true(ip_equal(&nth, &last));
    assert_int_equal(prefix_index(&four, &last), 255);
    assert_int_equal(prefix_last_index(&four), 255);
    assert_int_equal(prefix_last_index(&six), 65535);
    nth = prefix_nth(&six, 65535);
    assert_int_equal(prefix_index(&six, &nth), 65535);
    assert_true(prefix_last_index(&wide) == UINT64_MAX);
    assert_true(prefix_index(&wide, &far) == UINT64_MAX);
}

static void macs_come_from_addresses(void **state)
{
    const struct ip four = ip("192.168.2.3"), six = ip("fd98::1");
    struct mac mac = mac_from_ip(&four);
    char text[MAC_TEXT];

    (void)state;
    assert_string_equal(mac_to_text(&mac, text), "0a:58:c0:a8:02:03");
    mac = mac_from_ip(&six);
    assert_memory_equal(mac_to_text(&mac, text), "0a:58:", 6);
    assert_true(mac_from_text("0A:58:c0:a8:02:03", &mac));
    assert_false(mac_from_text("0a:58:c0:a8:02", &mac));
    assert_false(mac_from_text("0a-58-c0-a8-02-03", &mac));
    assert_false(mac_from_text("0a:58:c0:a8:02:0g", &mac));
}

static void link_local_addresses_come_from_macs(void **state)
{
    const struct mac mac = {{0x0a, 0x58, 0x0a, 0x01, 0x02, 0x03}};
    const struct ip address = ip_link_local(&mac);
    char text[IP_TEXT];

    (void)state;
    assert_string_equal(ip_to_text(&address, text), "fe80::858:aff:fe01:203");
}

static void sha1_is_sha1(void **state)
{
    /* Those of FIPS 180, and where the padding needs another block, or just does not. */
    static const struct {
        const char *text, *digest;
    } known[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
         "lmnopqrsmnopqrstnopqrstu",
         "a49b2446a02c645bf419f995b67091253a04a259"},
        {"0123456789012345678901234567890123456789012345678901234",
         "9f3a4ce7f66b1b74c34da2c5d732c39f81e0f8df"},
        {"0123456789012345678901234567890123456789012345678901234567890123",
         "cf0800f7644ace3cb4c3fa33388d3ba0ea3c8b6e"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t digest[SHA1_SIZE];
        char text[2 * SHA1_SIZE + 1];

        sha1(known[i].text, strlen(known[i].text), digest);
        for (size_t j = 0; j < SHA1_SIZE; j++) {
            snprintf(text + 2 * j, 3, "%02x", digest[j]);
        }
        assert_string_equal(text, known[i].digest);
    }
}

static void identities_are_stable_and_distinct(void **state)
{
    const struct row_id id = row_id("k8s", "Logical_Switch", "n1");
    char text[UUID_TEXT];
    struct row_id again;

    (void)state;
    /* In every database: this number may never change. */
    assert_string_equal(row_id_format(id, text), "b1dc8910-10bc-5581-a84c-009bafa3a271");
    assert_true(row_id_parse(text, &again));
    assert_true(row_id_equal(id, again));
    assert_false(row_id_equal(id, row_id("k8s", "Logical_Switchn", "1")));
    assert_false(row_id_parse("5f05bcf1", &again));
    assert_false(row_id_parse("", &again));
    assert_false(row_id_parse("b1dc8910-10bc-5581-a84c-009bafa3a27", &again));
    assert_false(row_id_parse("b1dc8910-10bc-5581-a84c-009bafa3a2711", &again));
    assert_false(row_id_parse("b1dc8910-10bc-5581-a84c-009bafa3a27g", &again));
    assert_false(row_id_parse("b1dc8910010bc-5581-a84c-009bafa3a271", &again));
    assert_true(row_id_parse("B1DC8910-10BC-5581-A84C-009BAFA3A271", &again));
    assert_true(row_id_equal(id, again));
    assert_int_equal(text[14], '5');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_formats_both_families),
        cmocka_unit_test(knows_the_next_network_and_the_last_address),
        cmocka_unit_test(every_byte_has_its_text),
        cmocka_unit_test(refuses_what_is_no_prefix),
        cmocka_unit_test(knows_what_lies_in_what),
        cmocka_unit_test(counts_within_a_network),
        cmocka_unit_test(macs_come_from_addresses),
        cmocka_unit_test(link_local_addresses_come_from_macs),
        cmocka_unit_test(sha1_is_sha1),
        cmocka_unit_test(identities_are_stable_and_distinct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
