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
                                       "100.64.1.0/24,fd98::/64", NULL};
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
    const struct drawing drawing = {
        .cluster = &cluster, .nodes = nodes, .n_nodes = 2, .has_ports = with_ports};
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
                            "\"addresses\":[\"192.168.2.4/24\"],\"mac\":null,\"pod_uid\":null}]}],"
                            "\"gateways\":[]}"
                            "\n");
    assert_drawn(draw_json, false, JSON_BEGIN JSON_MINION "}],\"gateways\":[]}\n");
}

/* Gateways. */

static const ovnk8s_gateway gateway1 = {sizeof gateway1,
                                        "m",
                                        "chassis-1",
                                        "eth1",
                                        "02:00:00:00:00:05",
                                        "10.0.0.5/24,fd10::5/64",
                                        "10.0.0.1,fd10::1",
                                        "192.168.3.0/24,192.168.4.0/24",
                                        false,
                                        NULL,
                                        true};
static const ovnk8s_gateway gateway2 = {sizeof gateway2,
                                        "<n>",
                                        "chassis-2",
                                        "br",
                                        "02:00:00:00:00:06",
                                        "10.0.0.6/24",
                                        "",
                                        "",
                                        true,
                                        NULL,
                                        false};
static const ovnk8s_gateway_state state1 = {sizeof state1, &gateway1, "100.64.1.2/24,fd98::2/64",
                                            true};
static const ovnk8s_gateway_state state2 = {sizeof state2, &gateway2, "100.64.1.3/24", false};

/* One node and 'n' gateways, which alternate. To be freed by free(). */
static char *drawn_with_gateways(draw_fn *draw, size_t n)
{
    const ovnk8s_gateway_state *gateways[16];
    struct drawn_node node = {.state = &master};
    const struct drawing drawing = {.cluster = &cluster,
                                    .nodes = &node,
                                    .n_nodes = 1,
                                    .has_ports = true,
                                    .gateways = gateways,
                                    .n_gateways = n};
    struct text text = {0};
    char *out;

    for (size_t i = 0; i < n; i++) {
        gateways[i] = i % 2 ? &state2 : &state1;
    }
    draw(&drawing, &text);
    assert_int_equal(text_take(&text, &out), 0);
    return out;
}

static void text_has_gateways_below_join(void **state)
{
    _cleanup_free_ char *text = drawn_with_gateways(draw_text, 2);

    (void)state;
    assert_string_equal(
        text, "kube-master  192.168.0.0/16\n"
              "├── join         100.64.1.0/24,fd98::/64\n"
              "│   ├── gateway m  100.64.1.2/24,fd98::2/64  10.0.0.5/24,fd10::5/64 on eth1"
              " via 10.0.0.1,fd10::1  for 192.168.3.0/24,192.168.4.0/24  first\n"
              "│   └── gateway <n>  100.64.1.3/24  10.0.0.6/24 on br  single\n"
              "└── kube-master  192.168.1.0/24  0 of 252 ports\n");
}

static void json_has_gateways(void **state)
{
    _cleanup_free_ char *text = drawn_with_gateways(draw_json, 2);

    (void)state;
    assert_contains(
        text,
        "\"gateways\":[{\"node\":\"m\",\"chassis\":\"chassis-1\",\"interface\":\"eth1\","
        "\"mac\":\"02:00:00:00:00:05\",\"physical_ips\":[\"10.0.0.5/24\",\"fd10::5/64\"],"
        "\"default_gateways\":[\"10.0.0.1\",\"fd10::1\"],"
        "\"rampout_subnets\":[\"192.168.3.0/24\",\"192.168.4.0/24\"],"
        "\"single_default\":false,\"shared\":true,"
        "\"join_addresses\":[\"100.64.1.2/24\",\"fd98::2/64\"],\"first\":true},{\"node\":\"<n>\"");
    assert_contains(
        text,
        "\"default_gateways\":[],\"rampout_subnets\":[],\"single_default\":true,\"shared\":false,"
        "\"join_addresses\":[\"100.64.1.3/24\"],\"first\":false}]}\n");
}

static void dot_has_gateways(void **state)
{
    _cleanup_free_ char *text = drawn_with_gateways(draw_dot, 2);

    (void)state;
    assert_contains(text, "\"gateway:m\" [label=\"GR_m (first)\", shape=ellipse];\n");
    assert_contains(text,
                    "\"switch:join\" -- \"gateway:m\" [label=\"100.64.1.2/24\\nfd98::2/64\"];\n");
    assert_contains(
        text, "\"outside:m\" [label=\"eth1\\n10.0.0.1\\nfd10::1\", shape=box, style=dashed];\n");
    assert_contains(text, "\"gateway:m\" -- \"outside:m\" [label=\"10.0.0.5/24\\nfd10::5/64\"];\n");
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (; (text = strstr(text, part)); text += strlen(part)) {
        n++;
    }
    return n;
}

static void svg_has_a_card_for_each_gateway(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 13; n++) {
        _cleanup_free_ char *text = drawn_with_gateways(draw_svg, n);

        assert_int_equal(count(text, "class=\"gate-plug\""), n);
        assert_int_equal(count(text, ">NEXT HOP<"), n);
        assert_int_equal(count(text, ">FIRST<"), (n + 1) / 2);
        assert_int_equal(count(text, "&lt;n&gt;"), n / 2);
        assert_int_equal(count(text, ">192.168.4.0/24<"), (n + 1) / 2);
        assert_int_equal(count(text, "gateways</text>"), n > 1);
    }
}

/* No box reaches beyond the picture. */
static void svg_shows_whole_boxes(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 13; n++) {
        _cleanup_free_ char *text = drawn_with_gateways(draw_svg, n);
        int width = 0;

        assert_int_equal(sscanf(strstr(text, "viewBox="), "viewBox=\"0 0 %d", &width), 1);
        for (const char *box = text; (box = strstr(box, "\" x=\"")); box++) {
            int x, y, own = 0;

            if (sscanf(box, "\" x=\"%d\" y=\"%d\" width=\"%d\"", &x, &y, &own) == 3) {
                assert_in_range(x, 0, width - own);
            }
        }
    }
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
    const struct drawing drawing = {
        .cluster = &cluster, .nodes = &node, .n_nodes = 1, .has_ports = true};
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
    const struct drawing drawing = {.cluster = &cluster, .nodes = &node, .n_nodes = 1};
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
                 {draw_json, "{\"cluster\":null,\"nodes\":[],\"gateways\":[]}\n"},
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
        cmocka_unit_test(text_is_a_tree),
        cmocka_unit_test(json_has_all),
        cmocka_unit_test(dot_quotes_names),
        cmocka_unit_test(svg_escapes_names),
        cmocka_unit_test(svg_leaves_pods_out),
        cmocka_unit_test(svg_cuts_between_characters),
        cmocka_unit_test(text_has_gateways_below_join),
        cmocka_unit_test(json_has_gateways),
        cmocka_unit_test(dot_has_gateways),
        cmocka_unit_test(svg_has_a_card_for_each_gateway),
        cmocka_unit_test(svg_shows_whole_boxes),
        cmocka_unit_test(no_cluster_is_drawn_too),
        cmocka_unit_test(a_topology_is_sorted_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
