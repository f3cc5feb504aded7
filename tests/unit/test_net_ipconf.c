/* The IP configuration of links as a value: read, given to another link, compared. */

#include "net_world.h"

#include <linux/rtnetlink.h>
#include <sys/wait.h>

#include "base/wait.h"

/* Runs ip(8) inside the namespace, as an operator would. */
static int run_ip(void *command)
{
    return system(command) ? OVNK8S_SYSTEM : 0;
}

static void ip_command(const struct world *world, const char *words)
{
    char command[512];

    snprintf(command, sizeof command, "ip %s", words);
    OK(netns_run(world->pod, run_ip, command));
}

static const char *const configuration[] = {
    "address add 10.1.0.2/24 brd + dev eth0",
    "address add 10.1.0.3/24 dev eth0 valid_lft 9000 preferred_lft 5000",
    "address add 10.2.0.1 peer 10.2.0.2/32 dev eth0",
    "address add 10.3.0.2/24 dev eth0 label eth0:1 noprefixroute",
    "address add fd01::2/64 dev eth0 nodad",
    "address add fd01::3/64 dev eth0 home valid_lft 9000 preferred_lft 0 nodad",
    "route add default via 10.1.0.1",
    "route add 10.9.0.0/16 via 10.1.0.1 table 1000 metric 7 mtu lock 1300 advmss 1200",
    "route add 10.8.0.0/16 nexthop via 10.1.0.8 dev eth0 weight 3 nexthop via 10.1.0.9 dev eth0",
    "route add 10.7.0.0/16 via 10.99.0.1 dev eth0 onlink src 10.1.0.3",
    "-6 route add default via fd01::1 expires 9000",
    "-6 route add fd09::/64 via fd01::1 table 1000",
    "-6 route add fd08::/64 nexthop via fd01::8 dev eth0 nexthop via fd01::9 dev eth0",
    "rule add priority 5 iif eth0 table 1000",
    "-6 rule add priority 5 oif eth0 table 1000",
    "neighbour add 10.1.0.200 lladdr 02:00:00:00:00:01 nud permanent dev eth0",
    "neighbour add proxy 10.1.0.201 dev eth0",
};

enum { ADDRESSES = 6, ROUTES = 7, RULES = 2, NEIGHBOURS = 2 };

/* "eth0" has a configuration, and "other" is a link like it that has none. */
static void configure(const struct world *world)
{
    plug(world);
    ip_command(world, "link add other type veth peer name far");
    ip_command(world, "link set far up");
    ip_command(world, "link set other addrgenmode none up");
    for (size_t i = 0; i < sizeof configuration / sizeof *configuration; i++) {
        ip_command(world, configuration[i]);
    }
    /* Link-local addresses come when they like. */
    ip_command(world, "-6 address flush dev eth0 scope link");
}

static struct ipconf read_conf(const struct world *world, const char *name, struct link_info *link)
{
    struct ipconf conf = {0};

    OK(link_get(world->pod, name, link));
    OK(ipconf_read(world->pod, link, &conf));
    assert_false(ipconf_failed(&conf));
    assert_true(ipconf_valid(&conf));
    return conf;
}

static void send_all(const struct world *world, const struct ipconf *conf, enum ip_item_how how,
                     const struct link_info *link)
{
    struct batch batch = {0};
    size_t failed;

    for (const struct ip_item *item = NULL; (item = ipconf_next(conf, item));) {
        ip_item_put(&batch, item, how, link);
    }
    OK(batch_send(world->pod, &batch, &failed));
    assert_int_equal(failed, SIZE_MAX);
    batch_clear(&batch);
}

static bool holds_all(const struct ipconf *a, const struct ipconf *b)
{
    char text[IP_ITEM_TEXT];

    for (const struct ip_item *item = NULL; (item = ipconf_next(b, item));) {
        const struct ip_item *other = ipconf_find(a, item);

        if (!other || !ip_item_equal(other, item)) {
            print_message("%s: %s\n", ip_item_format(item, text), other ? "differs" : "missing");
            return false;
        }
    }
    return true;
}

static void everything_is_read(void **state)
{
    struct world *world = *state;
    struct link_info link;
    struct ipconf conf;

    configure(world);
    conf = read_conf(world, "eth0", &link);
    assert_int_equal(ipconf_count(&conf, RTM_NEWADDR), ADDRESSES);
    assert_int_equal(ipconf_count(&conf, RTM_NEWROUTE), ROUTES);
    assert_int_equal(ipconf_count(&conf, RTM_NEWRULE), RULES);
    assert_int_equal(ipconf_count(&conf, RTM_NEWNEIGH), NEIGHBOURS);
    assert_int_equal(ipconf_count(&conf, 0), ADDRESSES + ROUTES + RULES + NEIGHBOURS);
    ipconf_clear(&conf);
    conf = read_conf(world, "other", &link);
    assert_int_equal(ipconf_count(&conf, 0), 0);
    ipconf_clear(&conf);
}

static void it_is_carried_whole(void **state)
{
    struct world *world = *state;
    struct link_info link, other;
    struct ipconf before, after, left;

    configure(world);
    before = read_conf(world, "eth0", &link);
    OK(link_get(world->pod, "other", &other));
    send_all(world, &before, IP_ITEM_ADD, &other);
    send_all(world, &before, IP_ITEM_ADD, &other); /* What is there is no failure. */
    send_all(world, &before, IP_ITEM_DELETE, &link);
    send_all(world, &before, IP_ITEM_DELETE, &link); /* Nor what is not. */
    after = read_conf(world, "other", &other);
    for (const struct ip_item *item = NULL; (item = ipconf_next(&before, item));) {
        assert_non_null(ipconf_find(&after, item));
    }
    left = read_conf(world, "eth0", &link);
    assert_int_equal(ipconf_count(&left, 0), 0);
    ipconf_clear(&before);
    ipconf_clear(&after);
    ipconf_clear(&left);
}

/* An address that is to be usable at once skips the search for duplicates, and says so until it is
 * adjusted. */
static void adjusting_takes_back_nodad(void **state)
{
    struct world *world = *state;
    struct ipconf before, after;
    struct link_info link, other;

    plug(world);
    ip_command(world, "link add other type veth peer name far");
    ip_command(world, "link set far up");
    ip_command(world, "link set other addrgenmode none up");
    OK(sysctl_set_link(world->pod, "eth0", "ipv6/accept_dad", "0"));
    ip_command(world, "address add fd01::2/64 dev eth0");
    ip_command(world, "-6 address flush dev eth0 scope link");
    before = read_conf(world, "eth0", &link);
    OK(link_get(world->pod, "other", &other));
    send_all(world, &before, IP_ITEM_ADD, &other);
    after = read_conf(world, "other", &other);
    assert_non_null(ipconf_find(&after, ipconf_next(&before, NULL)));
    assert_false(ip_item_equal(ipconf_next(&after, NULL), ipconf_next(&before, NULL)));
    ipconf_clear(&after);
    send_all(world, &before, IP_ITEM_ADJUST, &other);
    after = read_conf(world, "other", &other);
    assert_true(holds_all(&after, &before));
    ipconf_clear(&before);
    ipconf_clear(&after);
}

static void a_failure_names_what_failed(void **state)
{
    struct world *world = *state;
    struct batch batch = {0};
    char text[IP_ITEM_TEXT];
    struct link_info link;
    struct ipconf conf;
    size_t failed;

    configure(world);
    conf = read_conf(world, "eth0", &link);
    ip_command(world, "address flush dev eth0"); /* Its gateways cannot be reached then. */
    for (const struct ip_item *item = NULL; (item = ipconf_next(&conf, item));) {
        if (item->type == RTM_NEWROUTE) {
            ip_item_put(&batch, item, IP_ITEM_ADD, &link);
        }
    }
    FAILS(batch_send(world->pod, &batch, &failed), OVNK8S_UNAVAILABLE, "gateway");
    assert_true(failed < batch.n);
    assert_non_null(strstr(ip_item_format(batch_about(&batch, failed), text), "route "));
    batch_clear(&batch);
    assert_int_equal(batch_send(world->pod, &(struct batch){.bytes.failed = true}, &failed),
                     OVNK8S_NOMEM);
    ipconf_clear(&conf);
}

/* More than the buffers of a socket have room for at first. */
static void a_thousand_requests_are_one(void **state)
{
    struct world *world = *state;
    struct link_info link, other;
    struct ipconf before, after;

    configure(world);
    for (int i = 0; i < 4; i++) {
        char command[256];

        snprintf(command, sizeof command,
                 "route show dev eth0 >/dev/null; for i in $(seq 250); do"
                 " echo route add 10.%d.$i.0/24 via 10.1.0.1; done | ip -batch -",
                 100 + i);
        ip_command(world, command);
    }
    before = read_conf(world, "eth0", &link);
    assert_int_equal(ipconf_count(&before, RTM_NEWROUTE), ROUTES + 1000);
    OK(link_get(world->pod, "other", &other));
    send_all(world, &before, IP_ITEM_ADD, &other);
    send_all(world, &before, IP_ITEM_DELETE, &link);
    after = read_conf(world, "other", &other);
    assert_int_equal(ipconf_count(&after, RTM_NEWROUTE), ROUTES + 1000);
    ipconf_clear(&before);
    ipconf_clear(&after);
}

static void lifetimes_run(void **state)
{
    struct world *world = *state;
    size_t n_forever = 0;
    struct link_info link;
    struct ipconf conf;

    configure(world);
    conf = read_conf(world, "eth0", &link);
    ipconf_age(&conf, 6000);
    assert_int_equal(ipconf_count(&conf, 0), ADDRESSES + ROUTES + RULES + NEIGHBOURS);
    for (const struct ip_item *item = NULL; (item = ipconf_next(&conf, item));) {
        n_forever += item->valid == IP_ITEM_FOREVER;
        assert_true(item->valid == IP_ITEM_FOREVER || (item->valid > 2900 && item->valid < 3100));
        assert_true(item->preferred == IP_ITEM_FOREVER || item->preferred == 0);
    }
    assert_int_equal(ipconf_count(&conf, 0) - n_forever, 3);
    ipconf_age(&conf, 6000);
    assert_int_equal(ipconf_count(&conf, 0), n_forever);
    ipconf_clear(&conf);
}

static void other_links_are_dropped(void **state)
{
    struct world *world = *state;
    struct link_info link;
    struct ipconf conf;

    configure(world);
    ip_command(world, "address add 10.4.0.2/24 dev other");
    ip_command(
        world,
        "route add 10.6.0.0/16 nexthop via 10.1.0.1 dev eth0 nexthop via 10.4.0.1 dev other");
    conf = read_conf(world, "eth0", &link);
    assert_int_equal(ipconf_count(&conf, RTM_NEWROUTE), ROUTES + 1);
    ipconf_drop_other_links(&conf);
    assert_int_equal(ipconf_count(&conf, RTM_NEWROUTE), ROUTES);
    ipconf_clear(&conf);
}

static void damaged_bytes_are_noticed(void **state)
{
    struct world *world = *state;
    struct link_info link;
    struct ipconf conf;

    configure(world);
    conf = read_conf(world, "eth0", &link);
    conf.bytes.length -= 4;
    assert_false(ipconf_valid(&conf));
    conf.bytes.length += 4;
    ((struct ip_item *)conf.bytes.bytes)->type = 1;
    assert_false(ipconf_valid(&conf));
    ((struct ip_item *)conf.bytes.bytes)->type = RTM_NEWADDR;
    ((struct ip_item *)conf.bytes.bytes)->size = UINT32_MAX;
    assert_false(ipconf_valid(&conf));
    ((struct ip_item *)conf.bytes.bytes)->size = 2;
    assert_false(ipconf_valid(&conf));
    ipconf_clear(&conf);
}

static void neighbours_answer_or_not(void **state)
{
    struct world *world = *state;
    struct neighbour all[] = {
        {ip("10.1.2.1"), false}, {ip("10.1.2.9"), true}, {ip("fd98::1"), false}};
    struct link_info link;

    plug(world);
    OK(address_add(world->pod, "eth0", &(struct address){.prefix = prefix("10.1.2.3/24")}));
    OK(address_add(world->pod, "eth0", &(struct address){.prefix = prefix("fd98::3/64")}));
    OK(address_add(world->host, "veth1", &(struct address){.prefix = prefix("10.1.2.1/24")}));
    OK(address_add(world->host, "veth1", &(struct address){.prefix = prefix("fd98::1/64")}));
    OK(link_get(world->pod, "eth0", &link));
    ip_command(world, "address add fe80::3/64 dev eth0 nodad"); /* The kernel asks from there. */
    for (int i = 0; i < 2; i++) { /* The second time two of them are known already. */
        const struct deadline soon = deadline_in(500, NULL);

        OK(neighbours_probe(world->pod, &link, all, 3, &soon));
        assert_true(all[0].answers);
        assert_false(all[1].answers);
        assert_true(all[2].answers);
    }
    OK(neighbours_probe(world->pod, &link, NULL, 0, &(struct deadline){0}));
}

static void links_are_awaited(void **state)
{
    struct world *world = *state;
    const struct deadline soon = deadline_in(100, NULL);
    struct link_info link;

    FAILS(link_await(world->pod, "eth0", &link, &soon), OVNK8S_TIMEOUT, "waiting for link eth0");
    plug(world);
    OK(link_await(world->pod, "eth0", &link, &soon));
    assert_string_equal(link.name, "eth0");
    FAILS(link_await_gone(world->pod, "eth0", &soon), OVNK8S_TIMEOUT, "end of link eth0");
    OK(link_delete(world->pod, "eth0"));
    OK(link_await_gone(world->pod, "eth0", &soon));
}

static void settings_of_links(void **state)
{
    struct world *world = *state;
    struct text text = {0};
    char value[16];

    plug(world);
    OK(sysctl_list_link(world->pod, "ipv4", "eth0", &text));
    assert_int_equal(text.length, 0);
    OK(sysctl_set_link(world->pod, "eth0", "ipv4/rp_filter", "2"));
    OK(sysctl_set_link(world->pod, "eth0", "ipv4/there_is_no_such", "2"));
    OK(sysctl_list_link(world->pod, "ipv4", "eth0", &text));
    assert_string_equal(text.bytes, "ipv4/rp_filter=2\n");
    OK(sysctl_get_link(world->pod, "eth0", "ipv4/rp_filter", value, sizeof value));
    assert_string_equal(value, "2");
    FAILS(sysctl_get_link(world->pod, "eth0", "ipv4/../x", value, sizeof value), OVNK8S_INVALID,
          "no such sysctl");
    OK(sysctl_list_link(world->pod, "ipvx", "eth0", &text));
    text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(everything_is_read),          IN_A_WORLD(it_is_carried_whole),
        IN_A_WORLD(adjusting_takes_back_nodad),  IN_A_WORLD(a_failure_names_what_failed),
        IN_A_WORLD(a_thousand_requests_are_one), IN_A_WORLD(lifetimes_run),
        IN_A_WORLD(other_links_are_dropped),     IN_A_WORLD(damaged_bytes_are_noticed),
        IN_A_WORLD(neighbours_answer_or_not),    IN_A_WORLD(links_are_awaited),
        IN_A_WORLD(settings_of_links),
    };
    const int refused = leave_host();

    return refused ? refused : cmocka_run_group_tests(tests, NULL, NULL);
}
