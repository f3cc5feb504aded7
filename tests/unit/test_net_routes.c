/* Addresses and routes of the net room. */

#include "net_world.h"

static void addresses_are_usable_at_once(void **state)
{
    struct world *world = *state;
    const struct address four = {.prefix = prefix("10.1.2.3/24")};
    const struct address six = {.prefix = prefix("fd98::3/64")};
    struct address *list;
    size_t n, found = 0;

    plug(world);
    OK(address_add(world->pod, "eth0", &four));
    OK(address_add(world->pod, "eth0", &six));
    OK(address_list(world->pod, "eth0", &list, &n));
    for (size_t i = 0; i < n; i++) {
        const struct prefix *p = &list[i].prefix;

        if (ip_equal(&p->ip, &four.prefix.ip) || ip_equal(&p->ip, &six.prefix.ip)) {
            assert_int_equal(p->length, p->ip.family == 4 ? 24 : 64);
            assert_int_equal(list[i].flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED), 0);
            found++;
        }
    }
    free(list);
    assert_int_equal(found, 2);
    OK(address_list(world->host, "lo", &list, &n));
    assert_int_equal(n, 0);
    assert_null(list);
}

static void adding_an_address_again_is_no_error(void **state)
{
    static const char *const both[][2] = {{"10.1.2.3/24", "10.1.2.3/16"},
                                          {"fd98::3/64", "fd98::3/48"}};
    struct world *world = *state;

    plug(world);
    for (size_t i = 0; i < 2; i++) {
        const struct address address = {.prefix = prefix(both[i][0])};
        const struct address longer = {.prefix = prefix(both[i][1])};

        OK(address_add(world->pod, "eth0", &address));
        OK(address_add(world->pod, "eth0", &address));
        if (i == 1) { /* IPv4 allows both. */
            FAILS(address_add(world->pod, "eth0", &longer), OVNK8S_EXISTS, "it has fd98::3/64");
        }
        OK(address_del(world->pod, "eth0", &address.prefix));
        FAILS(address_del(world->pod, "eth0", &address.prefix), OVNK8S_NOTFOUND, "no such address");
    }
}

static void bad_addresses_are_refused(void **state)
{
    struct world *world = *state;
    const struct address good = {.prefix = prefix("10.1.2.3/24")};
    struct address bad = good, *list;
    size_t n;

    plug(world);
    FAILS(address_add(world->pod, "eth9", &good), OVNK8S_NOTFOUND, "10.1.2.3/24 to link eth9 in");
    FAILS(address_list(world->pod, "eth9", &list, &n), OVNK8S_NOTFOUND, "eth9");
    bad.prefix.length = 33;
    FAILS(address_add(world->pod, "eth0", &bad), OVNK8S_INVALID, "no address");
    FAILS(address_add(world->pod, "eth0", &(struct address){0}), OVNK8S_INVALID, "no address");
    OK(sysctl_set(world->pod, "net/ipv6/conf/eth0/disable_ipv6", "1"));
    bad.prefix = prefix("fd98::1/64");
    FAILS(address_add(world->pod, "eth0", &bad), OVNK8S_PERMISSION, "IPv6 is disabled");
}

/* Whether the routes over eth0 contain one like 'wanted'. */
static bool has_route(const struct world *world, const struct route *wanted)
{
    struct route *list;
    bool found = false;
    size_t n;

    OK(route_list(world->pod, "eth0", &list, &n));
    for (size_t i = 0; i < n; i++) {
        found |= ip_equal(&list[i].to.ip, &wanted->to.ip) &&
                 list[i].to.length == wanted->to.length && ip_equal(&list[i].via, &wanted->via) &&
                 list[i].table == (wanted->table ? wanted->table : RT_TABLE_MAIN) &&
                 list[i].mtu == wanted->mtu;
    }
    free(list);
    return found;
}

static void plug_with_addresses(const struct world *world)
{
    plug(world);
    OK(address_add(world->pod, "eth0", &(struct address){.prefix = prefix("10.1.2.3/24")}));
    OK(address_add(world->pod, "eth0", &(struct address){.prefix = prefix("fd98::3/64")}));
}

static void routes_come_and_go(void **state)
{
    struct world *world = *state;
    const struct route routes[] = {
        {.to = prefix("0.0.0.0/0"), .via = ip("10.1.2.1")},
        {.to = prefix("::/0"), .via = ip("fd98::1")},
        {.to = prefix("10.9.0.0/16")},
        {.to = prefix("fd99::/64")},
        {.to = prefix("10.8.0.0/16"), .via = ip("10.1.2.1"), .mtu = 1300, .priority = 7},
        {.to = prefix("fd97::/64"), .via = ip("fd98::1"), .mtu = 1300, .priority = 7},
        {.to = prefix("10.7.0.0/16"), .via = ip("10.1.2.1"), .table = 1000},
        {.to = prefix("10.6.0.0/16"), .source = ip("10.1.2.3")},
    };

    plug_with_addresses(world);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        assert_false(has_route(world, &routes[i]));
        OK(route_add(world->pod, "eth0", &routes[i]));
        assert_true(has_route(world, &routes[i]));
        OK(route_add(world->pod, "eth0", &routes[i]));
        OK(route_del(world->pod, "eth0", &routes[i]));
        assert_false(has_route(world, &routes[i]));
        FAILS(route_del(world->pod, "eth0", &routes[i]), OVNK8S_NOTFOUND, "no such route");
    }
}

static void another_route_in_the_way_is_told(void **state)
{
    struct world *world = *state;
    struct route four = {.to = prefix("0.0.0.0/0"), .via = ip("10.1.2.1")};
    struct route six = {.to = prefix("::/0"), .via = ip("fd98::1")};

    plug_with_addresses(world);
    OK(route_add(world->pod, "eth0", &four));
    OK(route_add(world->pod, "eth0", &six));
    four.via = ip("10.1.2.2");
    six.via = ip("fd98::2");
    FAILS(route_add(world->pod, "eth0", &four), OVNK8S_EXISTS,
          "in the way: 0.0.0.0/0 via 10.1.2.1 over link eth0");
    FAILS(route_add(world->pod, "eth0", &six), OVNK8S_EXISTS,
          "in the way: ::/0 via fd98::1 priority 1024 over link eth0");
    four.priority = six.priority = 50;
    OK(route_add(world->pod, "eth0", &four));
    OK(route_add(world->pod, "eth0", &six));
}

static void bad_routes_are_refused(void **state)
{
    struct world *world = *state;
    const struct route host_bits = {.to = prefix("10.1.2.3/16")};
    const struct route mixed = {.to = prefix("10.9.0.0/16"), .via = ip("fd98::1")};
    const struct route far = {.to = prefix("10.9.0.0/16"), .via = ip("172.16.0.1")};

    plug_with_addresses(world);
    FAILS(route_add(world->pod, "eth0", &host_bits), OVNK8S_INVALID, "host bits");
    FAILS(route_add(world->pod, "eth0", &mixed), OVNK8S_INVALID, "mixed");
    FAILS(route_add(world->pod, "eth0", &(struct route){0}), OVNK8S_INVALID, "no network");
    FAILS(route_add(world->pod, "eth0", &far), OVNK8S_UNAVAILABLE, "has invalid gateway");
    FAILS(route_add(world->pod, "eth9", &far), OVNK8S_NOTFOUND, "over link eth9 in network");
}

static void long_lists_are_whole(void **state)
{
    struct world *world = *state;
    const struct prefix all = prefix("10.64.0.0/10");
    struct route *list;
    size_t n, found = 0;

    plug_with_addresses(world);
    for (uint64_t i = 0; i < 2000; i++) {
        OK(route_add(world->pod, "eth0", &(struct route){.to = {prefix_nth(&all, i), 32}}));
    }
    OK(route_list(world->pod, NULL, &list, &n));
    for (size_t i = 0; i < n; i++) {
        found += prefix_covers(&all, &list[i].to);
    }
    free(list);
    assert_int_equal(found, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(addresses_are_usable_at_once),
        IN_A_WORLD(adding_an_address_again_is_no_error),
        IN_A_WORLD(bad_addresses_are_refused),
        IN_A_WORLD(routes_come_and_go),
        IN_A_WORLD(another_route_in_the_way_is_told),
        IN_A_WORLD(bad_routes_are_refused),
        IN_A_WORLD(long_lists_are_whole),
    };
    const int refused = leave_host();

    return refused ? refused : cmocka_run_group_tests(tests, NULL, NULL);
}
