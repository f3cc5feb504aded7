/* Drawing, of scenes made by hand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "base/mem.h"
#include "topology/draw.h"
#include "topology/view.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static const ovnk8s_cluster cluster = {sizeof cluster, "kube-master", "192.168.0.0/16",
                                       "100.64.1.0/24,fd98::/64"};
static const ovnk8s_node_state master = {
    sizeof master, "kube-master", "192.168.1.0/24", "192.168.1.1/24", "192.168.1.2/24", 0, 252};
static const ovnk8s_node_state minion = {sizeof minion,
                                         "m",
                                         "192.168.2.0/24,fd01:0:0:2::/64",
                                         "192.168.2.1/24,fd01:0:0:2::1/64",
                                         "192.168.2.2/24,fd01:0:0:2::2/64",
                                         2,
                                         UINT64_MAX};
static const ovnk8s_port port1 = {
    sizeof port1,        "default", "web", "m", "192.168.2.3/24,fd01:0:0:2::3/64",
    "0a:58:c0:a8:02:03", "u1"};
static const ovnk8s_port port2 = {sizeof port2,     "kube-system", "<&\"\\\n>", "m",
                                  "192.168.2.4/24", NULL,          NULL};
static const ovnk8s_port *const ports[] = {&port1, &port2};

typedef void draw_fn(const struct drawing *, struct text *);

/* Two nodes, the second with both pods if 'with_ports'. To be freed by free(). */
static char *drawn(draw_fn *draw, bool with_ports)
{
    struct drawn_node nodes[] = {{.state = &master},
                                 {.state = &minion, .ports = ports, .n_ports = with_ports ? 2 : 0}};
    const struct drawing drawing = {&cluster, nodes, 2, with_ports};
    struct text text = {0};
    char *out;

    draw(&drawing, &text);
    assert_int_equal(text_take(&text, &out), 0);
    return out;
}

static char *drawn_empty(draw_fn *draw)
{
    const struct drawing drawing = {.has_ports = true};
    struct text text = {0};
    char *out;

    draw(&drawing, &text);
    assert_int_equal(text_take(&text, &out), 0);
    return out;
}

static void assert_drawn(draw_fn *draw, bool with_ports, const char *expected)
{
    _cleanup_free_ char *text = drawn(draw, with_ports);

    assert_string_equal(text, expected);
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("\"%s\" is not in:\n%s", part, text);
    }
}

static void text_is_a_tree(void **state)
{
    (void)state;
    assert_drawn(draw_text, true,
                 "kube-master  192.168.0.0/16\n"
                 "├── join         100.64.1.0/24,fd98::/64\n"
                 "├── kube-master  192.168.1.0/24                  0 of 252 ports\n"
                 "└── m            192.168.2.0/24,fd01:0:0:2::/64  2 ports\n"
                 "    ├── default/web  192.168.2.3/24,fd01:0:0:2::3/64  0a:58:c0:a8:02:03\n"
                 "    └── kube-system/<&\"\\?>  192.168.2.4/24  -\n");
}

#define JSON_BEGIN                                                                                 \
    "{\"cluster\":{\"name\":\"kube-master\",\"subnet\":\"192.168.0.0/16\","                        \
    "\"join_subnet\":\"100.64.1.0/24,fd98::/64\"},\"nodes\":["                                     \
    "{\"name\":\"kube-master\",\"subnet\":\"192.168.1.0/24\",\"gateways\":[\"192.168.1.1/24\"],"   \
    "\"addresses\":[\"192.168.1.2/24\"],\"n_ports\":0,\"capacity\":252"
#define JSON_MINION                                                                                \
    "},{\"name\":\"m\",\"subnet\":\"192.168.2.0/24,fd01:0:0:2::/64\","                             \
    "\"gateways\":[\"192.168.2.1/24\",\"fd01:0:0:2::1/64\"],"                                      \
    "\"addresses\":[\"192.168.2.2/24\",\"fd01:0:0:2::2/64\"],\"n_ports\":2,\"capacity\":null"

static void json_has_all(void **state)
{
    (void)state;
    assert_drawn(draw_json, true,
                 JSON_BEGIN ",\"ports\":[]" JSON_MINION
                            ",\"ports\":[{\"namespace\":\"default\",\"pod\":\"web\","
                            "\"addresses\":[\"192.168.2.3/24\",\"fd01:0:0:2::3/64\"],"
                            "\"mac\":\"0a:58:c0:a8:02:03\",\"pod_uid\":\"u1\"},"
                            "{\"namespace\":\"kube-system\",\"pod\":\"<&\\\"\\\\\\n>\","
                            "\"addresses\":[\"192.168.2.4/24\"],\"mac\":null,\"pod_uid\":null}]}]}"
                            "\n");
    assert_drawn(draw_json, false, JSON_BEGIN JSON_MINION "}]}\n");
}

static void dot_quotes_names(void **state)
{
    _cleanup_free_ char *text = drawn(draw_dot, true);

    (void)state;
    assert_contains(text, "graph topology {\n");
    assert_contains(text, "\"router:kube-master\" -- \"switch:m\" "
                          "[label=\"192.168.2.1/24\\nfd01:0:0:2::1/64\"];\n");
    assert_contains(text, "\"switch:m\" -- \"pod:kube-system/<&\\\"\\\\ >\";\n");
}

static void svg_escapes_names(void **state)
{
    _cleanup_free_ char *text = drawn(draw_svg, true);

    (void)state;
    assert_contains(text, "/</tspan>&lt;&amp;&quot;\\?&gt;</text>");
    assert_contains(text, "<title>default/web 192.168.2.3/24,fd01:0:0:2::3/64 0a:58:c0:a8:02:03<");
    assert_contains(text, ">0 / 252<");
    assert_contains(text, ">2 pods<");
}

/* Of many pods only the first are shown; a picture is as high as its cards. */
static void svg_leaves_pods_out(void **state)
{
    enum { N = 100 };
    const ovnk8s_port *many[N];
    struct drawn_node node = {.state = &minion, .ports = many, .n_ports = N};
    const struct drawing drawing = {&cluster, &node, 1, true};
    _cleanup_text_ struct text text = {0};

    (void)state;
    for (size_t i = 0; i < N; i++) {
        many[i] = &port1;
    }
    draw_svg(&drawing, &text);
    assert_contains(text.bytes, "+92 more");
}

static void svg_cuts_between_characters(void **state)
{
    static const char name[] = "ééééééééééééééééééééééééééééééé";
    ovnk8s_node_state long_name = minion;
    struct drawn_node node = {.state = &long_name};
    const struct drawing drawing = {&cluster, &node, 1, false};
    _cleanup_text_ struct text text = {0};

    (void)state;
    long_name.name = name;
    draw_svg(&drawing, &text);
    assert_contains(text.bytes, ">ééééééé…éééé</text>");
}

static void no_cluster_is_drawn_too(void **state)
{
    static const struct {
        draw_fn *draw;
        const char *contains;
    } cases[] = {{draw_text, "no cluster\n"},
                 {draw_json, "{\"cluster\":null,\"nodes\":[]}\n"},
                 {draw_dot, "graph topology {\n"},
                 {draw_svg, ">no cluster<"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        _cleanup_free_ char *text = drawn_empty(cases[i].draw);

        assert_contains(text, cases[i].contains);
    }
}

/* Each node gets its own ports, also after one that has none. */
static void a_topology_is_sorted_out(void **state)
{
    ovnk8s_node_state nodes[] = {minion, minion, minion};
    ovnk8s_port theirs[] = {port1, port1, port1};
    ovnk8s_topology topology = {.nodes = nodes, .ports = theirs, .n_nodes = 3, .n_ports = 3};
    char *text;

    (void)state;
    topology.has_cluster = true;
    topology.cluster = cluster;
    nodes[0].name = "a";
    nodes[1].name = "b";
    nodes[2].name = "c";
    theirs[0].node = "a";
    theirs[1].node = "c";
    theirs[2].node = "c";
    assert_int_equal(ovnk8s_topology_draw(&text, &topology, OVNK8S_DRAWING_DOT), 0);
    assert_contains(text, "\"switch:a\" -- \"pod:default/web\";\n    \"switch:b\"");
    assert_contains(text, "\"switch:c\" -- \"pod:default/web\";\n}\n");
    free(text);
    assert_int_equal(ovnk8s_topology_draw(&text, &topology, (enum ovnk8s_drawing)4),
                     OVNK8S_INVALID);
    assert_null(text);
    assert_string_equal(ovnk8s_last_error()->message, "drawing: there is no form 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_a_tree),          cmocka_unit_test(json_has_all),
        cmocka_unit_test(dot_quotes_names),        cmocka_unit_test(svg_escapes_names),
        cmocka_unit_test(svg_leaves_pods_out),     cmocka_unit_test(svg_cuts_between_characters),
        cmocka_unit_test(no_cluster_is_drawn_too), cmocka_unit_test(a_topology_is_sorted_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
