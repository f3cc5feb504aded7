/* Namespaces, links and sysctls of the net room. */

#include "net_world.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void a_veth_spans_two_namespaces(void **state)
{
    struct world *world = *state;
    struct link_info in, out, none;

    plug(world);
    OK(link_get(world->pod, "eth0", &in));
    OK(link_get(world->host, "veth1", &out));
    assert_string_equal(in.name, "eth0");
    assert_string_equal(in.kind, "veth");
    assert_memory_equal(in.mac.bytes, pod_mac.bytes, sizeof pod_mac.bytes);
    assert_int_equal(in.mtu, 1400);
    assert_int_equal(out.mtu, 1400);
    assert_int_equal(in.peer_index, out.index);
    assert_int_equal(out.peer_index, in.index);
    assert_true(in.up && out.up);
    FAILS(link_get(world->pod, "veth1", &none), OVNK8S_NOTFOUND, "No such device");
    FAILS(link_get(world->host, "eth0", &none), OVNK8S_NOTFOUND, "looking up link eth0 in network");
}

static void a_taken_name_is_told_and_nothing_done(void **state)
{
    struct world *world = *state;
    struct veth veth = pair(world);
    struct link_info info;

    OK(link_add_veth(&veth));
    veth.outside_name = "veth2";
    FAILS(link_add_veth(&veth), OVNK8S_EXISTS, "link eth0 exists already in network namespace");
    assert_string_equal(ovnk8s_last_error()->object, "eth0");
    FAILS(link_get(world->host, "veth2", &info), OVNK8S_NOTFOUND, "veth2");
    veth.inside_name = "eth1";
    veth.outside_name = "veth1";
    FAILS(link_add_veth(&veth), OVNK8S_EXISTS, "link veth1 exists already in network namespace");
    assert_string_equal(ovnk8s_last_error()->object, "veth1");
    FAILS(link_get(world->pod, "eth1", &info), OVNK8S_NOTFOUND, "eth1");
}

static void the_outer_end_answers_no_arp_when_told_so(void **state)
{
    struct world *world = *state;
    struct veth veth = pair(world);
    struct link_info in, out;

    veth.outside_is_mute = true;
    OK(link_add_veth(&veth));
    OK(link_set_up(world->host, "veth1", true));
    OK(link_get(world->pod, "eth0", &in));
    OK(link_get(world->host, "veth1", &out));
    assert_false(in.mute);
    assert_true(out.mute && out.up);
}

static void deleting_one_end_deletes_both(void **state)
{
    struct world *world = *state;

    plug(world);
    OK(link_delete(world->host, "veth1"));
    FAILS(link_delete(world->pod, "eth0"), OVNK8S_NOTFOUND, "deleting link eth0 in network");
    plug(world);
    OK(link_delete(world->pod, "eth0"));
    FAILS(link_delete(world->host, "veth1"), OVNK8S_NOTFOUND, "No such device");
}

static void links_change(void **state)
{
    struct world *world = *state;
    const struct mac other = {{0x0a, 0x58, 1, 2, 3, 4}}, group = {{1, 0, 0x5e, 0, 0, 1}};
    struct link_info info;

    plug(world);
    OK(link_set_mtu(world->pod, "eth0", 9000));
    OK(link_set_up(world->pod, "eth0", false));
    OK(link_set_mac(world->pod, "eth0", &other));
    OK(link_get(world->pod, "eth0", &info));
    assert_int_equal(info.mtu, 9000);
    assert_memory_equal(info.mac.bytes, other.bytes, sizeof other.bytes);
    assert_false(info.up);
    FAILS(link_set_mtu(world->pod, "eth0", 1), OVNK8S_INVALID, "mtu less than device minimum");
    FAILS(link_set_mac(world->pod, "eth0", &group), OVNK8S_INVALID, "01:00:5e:00:00:01");
    FAILS(link_set_up(world->pod, "eth9", true), OVNK8S_NOTFOUND, "setting up link eth9 in");
}

static void the_rate_and_the_checksums_of_a_link_change(void **state)
{
    struct world *world = *state;
    struct link_info info;

    plug(world);
    OK(link_get(world->pod, "eth0", &info));
    assert_string_equal(info.qdisc, "noqueue");
    OK(link_limit_rate(world->pod, "eth0", 1000000, 128000, 524288));
    OK(link_limit_rate(world->pod, "eth0", UINT64_C(100000000000), 1000000000, 1000000000));
    OK(link_get(world->pod, "eth0", &info));
    assert_string_equal(info.qdisc, "tbf");
    FAILS(link_limit_rate(world->pod, "eth9", 1000000, 128000, 524288), OVNK8S_NOTFOUND,
          "limiting link eth9 in");
    OK(link_tx_checksum_off(world->pod, "eth0"));
    OK(link_tx_checksum_off(world->pod, "eth0"));
    FAILS(link_tx_checksum_off(world->host, "eth0"), OVNK8S_NOTFOUND, "of link eth0 in");
}

static void addresses_stand_in_for_those_of_a_link(void **state)
{
    struct stand_in pairs[] = {{.own.family = 4}, {.own.family = 6}};
    struct world *world = *state;
    bool has;
    int error;

    assert_true(ip_from_text("192.168.2.2", &pairs[0].own));
    assert_true(ip_from_text("10.96.0.0", &pairs[0].other));
    assert_true(ip_from_text("fd01::2", &pairs[1].own));
    assert_true(ip_from_text("fd96::", &pairs[1].other));
    error = link_has_stand_ins(world->pod, "eth0", &has);
    if (error == OVNK8S_UNSUPPORTED) {
        skip();
    }
    OK(error);
    assert_false(has);
    OK(link_set_stand_ins(world->pod, "eth0", pairs, 0));
    OK(link_set_stand_ins(world->pod, "eth0", pairs, 2));
    OK(link_set_stand_ins(world->pod, "eth0", pairs, 1));
    OK(link_has_stand_ins(world->pod, "eth0", &has));
    assert_true(has);
    OK(link_has_stand_ins(world->host, "eth0", &has));
    assert_false(has);
    OK(link_set_stand_ins(world->pod, "eth0", NULL, 0));
    OK(link_has_stand_ins(world->pod, "eth0", &has));
    assert_false(has);
}

static void a_link_is_found_by_its_address(void **state)
{
    struct world *world = *state;
    const struct ip four = ip("10.1.2.3"), six = ip("fd01::3"), other = ip("10.1.2.4");
    unsigned int index;
    struct link_info info;

    plug(world);
    OK(address_add(world->pod, "eth0", &(struct address){.prefix = prefix("10.1.2.3/24")}));
    OK(address_add(world->pod, "eth0", &(struct address){.prefix = prefix("fd01::3/64")}));
    OK(address_find(world->pod, &four, &index));
    OK(link_get_index(world->pod, index, &info));
    assert_string_equal(info.name, "eth0");
    OK(address_find(world->pod, &six, &index));
    assert_int_equal(index, info.index);
    FAILS(address_find(world->pod, &other, &index), OVNK8S_NOTFOUND, "10.1.2.4");
    FAILS(address_find(world->host, &four, &index), OVNK8S_NOTFOUND, "no link has it");
    FAILS(link_get_index(world->pod, 4242, &info), OVNK8S_NOTFOUND, "link number 4242");
}

static void hostile_names_never_reach_the_kernel(void **state)
{
    static const char *const bad[] = {"",      ".",    "..",   "a/b",  "0123456789abcdef",
                                      "eth%d", "a b",  "a:b",  "a\nb", "a\tb",
                                      "../x",  "\x7f", "a\x01"};
    struct world *world = *state;
    struct link_info info;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct veth veth = pair(world);

        FAILS(link_get(world->pod, bad[i], &info), OVNK8S_INVALID, "no link can have this name");
        FAILS(link_delete(world->pod, bad[i]), OVNK8S_INVALID, "deleting link");
        veth.inside_name = bad[i];
        FAILS(link_add_veth(&veth), OVNK8S_INVALID, "no link can have this name");
        veth.inside_name = "eth0";
        veth.outside_name = bad[i];
        FAILS(link_add_veth(&veth), OVNK8S_INVALID, "no link can have this name");
        assert_null(strchr(ovnk8s_last_error()->message, '\n'));
    }
    assert_false(link_name_valid(NULL));
    assert_true(link_name_valid("0123456789abcde"));
    assert_true(link_name_valid("eth0.100"));
}

static void names_from_hashes_are_short_and_distinct(void **state)
{
    char a[IFNAMSIZ], b[IFNAMSIZ], c[IFNAMSIZ];

    (void)state;
    link_name_from_hash(a, "veth", "0123456789abcdef-1", "eth0");
    link_name_from_hash(b, "veth", "0123456789abcdef-2", "eth0");
    link_name_from_hash(c, "veth", "0123456789abcdef-1e", "th0");
    assert_int_equal(strlen(a), IFNAMSIZ - 1);
    assert_true(link_name_valid(a));
    assert_memory_equal(a, "veth", 4);
    assert_string_not_equal(a, b);
    assert_string_not_equal(a, c);
    /* DEL computes what ADD computed, perhaps with another version: this may never change. */
    assert_string_equal(link_name_from_hash(b, "veth", "x", "eth0"), "veth7ciiihwl63b");
    assert_int_equal(strlen(link_name_from_hash(c, "longer-than-allowed", "", "")), IFNAMSIZ - 1);
}

static void sysctls_are_of_the_namespace(void **state)
{
    struct world *world = *state;

    plug(world);
    OK(sysctl_set(world->pod, "net/ipv6/conf/eth0/accept_dad", "0"));
    OK(sysctl_set(world->pod, "net/ipv6/conf/eth0/accept_dad", "0"));
    FAILS(sysctl_set(world->host, "net/ipv6/conf/eth0/accept_dad", "0"), OVNK8S_NOTFOUND,
          "setting sysctl net/ipv6/conf/eth0/accept_dad to \"0\" in network namespace");
    FAILS(sysctl_set(world->pod, "net/ipv6/conf/eth0/accept_dad", "no"), OVNK8S_SYSTEM, "writing");
    FAILS(sysctl_set(world->pod, "kernel/hostname", "x"), OVNK8S_INVALID, "no such sysctl");
    FAILS(sysctl_set(world->pod, "net/../kernel/hostname", "x"), OVNK8S_INVALID, "no such sysctl");
}

static void what_is_no_namespace_is_refused(void **state)
{
    struct world *world = *state;
    struct netns *ns = world->pod;

    FAILS(netns_open(&ns, in_folder(world, "none")), OVNK8S_NOTFOUND, "/none: does not exist");
    assert_null(ns);
    FAILS(netns_open(&ns, ""), OVNK8S_NOTFOUND, "does not exist");
    FAILS(netns_open(&ns, "/etc/passwd"), OVNK8S_INVALID,
          "network namespace /etc/passwd: is not a namespace");
    FAILS(netns_open(&ns, "/etc/passwd/x"), OVNK8S_NOTFOUND, "does not exist");
    FAILS(netns_open(&ns, "/tmp"), OVNK8S_INVALID, "is not a namespace");
    FAILS(netns_open(&ns, "/proc/self/status"), OVNK8S_INVALID, "is not a namespace");
    FAILS(netns_open(&ns, "/proc/self/ns/mnt"), OVNK8S_INVALID, "not a network namespace");
    assert_int_equal(mkfifo(in_folder(world, "pipe"), 0600), 0);
    FAILS(netns_open(&ns, in_folder(world, "pipe")), OVNK8S_INVALID, "is not a namespace");
    assert_int_equal(unlink(in_folder(world, "pipe")), 0);
}

static void a_namespace_outlives_its_file(void **state)
{
    struct world *world = *state;
    struct netns *ns, *again;
    struct link_info info;

    make_netns(in_folder(world, "short"));
    OK(netns_open(&ns, in_folder(world, "short")));
    OK(netns_open(&again, in_folder(world, "short")));
    assert_true(netns_same(ns, again));
    assert_false(netns_same(ns, world->pod));
    netns_close(again);
    remove_netns(in_folder(world, "short"));
    OK(link_get(ns, "lo", &info));
    netns_close(ns);
    FAILS(netns_open(&ns, in_folder(world, "short")), OVNK8S_NOTFOUND, "does not exist");
    netns_close(NULL);
}

static void the_own_namespace_needs_no_path(void **state)
{
    struct world *world = *state;
    struct netns *own;
    struct veth veth = pair(world);

    OK(netns_open(&own, NULL));
    assert_string_equal(netns_name(own), "own network namespace");
    veth.outside = own;
    OK(link_add_veth(&veth));
    FAILS(link_add_veth(&veth), OVNK8S_EXISTS, "peer veth1 in own network namespace");
    OK(link_delete(own, "veth1"));
    netns_close(own);
}

static int note_where(void *text)
{
    where_am_i(text);
    return OVNK8S_CONFLICT;
}

static int close_descriptor(void *fd)
{
    close(*(int *)fd);
    return 0;
}

static void running_inside_comes_back(void **state)
{
    struct world *world = *state;
    const int home = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
    int next = dup(home);
    char there[64];

    assert_int_equal(netns_run(world->pod, note_where, there), OVNK8S_CONFLICT);
    assert_at_home(world);
    assert_string_not_equal(there, world->home);
    /* The way back is the next descriptor to be opened: cut it off. */
    close(next);
    assert_int_equal(netns_run(world->pod, close_descriptor, &next), OVNK8S_SYSTEM);
    assert_string_equal(ovnk8s_last_error()->stage, "leave-netns");
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    close(home);
    assert_at_home(world);
}

static void without_rights_it_says_so(void **state)
{
    struct world *world = *state;
    const pid_t child = fork();
    int status;

    if (!child) {
        struct netns *ns;
        const bool told = !chmod(world->folder, 0755) && !setuid(65534) &&
                          netns_open(&ns, in_folder(world, "pod")) == OVNK8S_PERMISSION &&
                          strstr(ovnk8s_last_error()->message, "Operation not permitted");

        _exit(told ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

struct worker {
    const struct world *world;
    const char *path;
    int failures;
};

static int plug_and_unplug(const struct worker *worker)
{
    const struct address address = {.prefix = prefix("10.1.2.3/24")};
    const struct route route = {.to = prefix("0.0.0.0/0"), .via = ip("10.1.2.1")};
    _cleanup_netns_ struct netns *pod = NULL, *own = NULL;
    struct veth veth = {.inside_name = "eth0", .mac = &pod_mac, .mtu = 1400};
    char name[IFNAMSIZ];

    if (netns_open(&pod, worker->path) || netns_open(&own, NULL)) {
        return 1;
    }
    veth.inside = pod;
    veth.outside = own;
    veth.outside_name = link_name_from_hash(name, "veth", worker->path, "eth0");
    return link_add_veth(&veth) || link_set_up(pod, "eth0", true) ||
           address_add(pod, "eth0", &address) || route_add(pod, "eth0", &route) ||
           sysctl_set(pod, "net/ipv4/conf/eth0/arp_notify", "1") || link_delete(own, name);
}

static void *work(void *worker_)
{
    struct worker *worker = worker_;
    char here[64];

    for (int i = 0; i < 8; i++) {
        worker->failures += plug_and_unplug(worker);
        where_am_i(here);
        worker->failures += strcmp(here, worker->world->home) != 0;
    }
    return NULL;
}

static void threads_do_not_meet(void **state)
{
    struct world *world = *state;
    char pod[80], host[80];
    struct worker workers[] = {{world, pod, 0}, {world, host, 0}};
    pthread_t threads[2];

    snprintf(pod, sizeof pod, "%s/pod", world->folder);
    snprintf(host, sizeof host, "%s/host", world->folder);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_at_home(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_veth_spans_two_namespaces),
        IN_A_WORLD(a_taken_name_is_told_and_nothing_done),
        IN_A_WORLD(the_outer_end_answers_no_arp_when_told_so),
        IN_A_WORLD(deleting_one_end_deletes_both),
        IN_A_WORLD(links_change),
        IN_A_WORLD(the_rate_and_the_checksums_of_a_link_change),
        IN_A_WORLD(addresses_stand_in_for_those_of_a_link),
        IN_A_WORLD(a_link_is_found_by_its_address),
        IN_A_WORLD(hostile_names_never_reach_the_kernel),
        cmocka_unit_test(names_from_hashes_are_short_and_distinct),
        IN_A_WORLD(sysctls_are_of_the_namespace),
        IN_A_WORLD(what_is_no_namespace_is_refused),
        IN_A_WORLD(a_namespace_outlives_its_file),
        IN_A_WORLD(the_own_namespace_needs_no_path),
        IN_A_WORLD(running_inside_comes_back),
        IN_A_WORLD(without_rights_it_says_so),
        IN_A_WORLD(threads_do_not_meet),
    };
    const int refused = leave_host();

    return refused ? refused : cmocka_run_group_tests(tests, NULL, NULL);
}
