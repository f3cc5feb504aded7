/* Answering load balancers outside: a listener for each healthCheckNodePort. */

#include "helper.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(health);

enum {
    FIRST_PAUSE_MS = 1000, /* After a failure. */
    MOST_PAUSE_MS = 60000,
};

/* A Service that asks for one. Another port makes it another one. */
struct check {
    char *service_namespace, *name;
    uint16_t port;
    size_t local_endpoints;
    bool is_wanted;

    struct http *http; /* NULL: nobody is answered, ... */
    char *why;         /* ... for this reason, ... */
    int pause;         /* ... until it is tried again, after that much, ... */
    long long int at;  /* ... at that time. */
};

/* Answering. */

static char *body_of(const struct check *check)
{
    struct json *service = json_object_create(), *body = json_object_create();
    char *text;

    json_object_put_string(service, "namespace", check->service_namespace);
    json_object_put_string(service, "name", check->name);
    json_object_put(body, "service", service);
    json_object_put(body, "localEndpoints", json_integer_create((long long)check->local_endpoints));
    json_object_put(body, "serviceProxyHealthy", json_boolean_create(true));
    text = json_to_string(body, JSSF_SORT);
    json_destroy(body);
    return text;
}

static void tell_health(struct http_reply *reply, void *payload)
{
    const struct check *check = payload;

    reply->status = check->local_endpoints ? 200 : 503;
    reply->type = "application/json";
    reply->body = body_of(check);
    reply->header = "X-Load-Balancing-Endpoint-Weight";
    reply->value = xasprintf("%zu", check->local_endpoints);
}

/* Listening. */

static void wait_longer(struct check *check)
{
    check->pause = check->pause ? MIN(2 * check->pause, MOST_PAUSE_MS) : FIRST_PAUSE_MS;
    check->at = time_msec() + check->pause;
}

/* A reason is told once. */
static void tell_failure(struct check *check, char *why)
{
    if (!check->why || strcmp(check->why, why) != 0) {
        VLOG_WARN("health checks of service %s/%s: %s", check->service_namespace, check->name, why);
    }
    free(check->why);
    check->why = why;
}

static void listen_for_check(struct check *check)
{
    static const struct http_page pages[] = {{"*", tell_health}, {NULL, NULL}};
    char *why;

    check->http = http_listen_everywhere(check->port, pages, check, &why);
    if (!check->http) {
        wait_longer(check);
        tell_failure(check, why);
        return;
    }
    VLOG_INFO("health checks of service %s/%s: answered at port %u", check->service_namespace,
              check->name, check->port);
    free(check->why);
    check->why = NULL;
}

static void run_check(struct check *check)
{
    if (!check->http && time_msec() >= check->at) {
        listen_for_check(check);
    }
    if (check->http) {
        http_run(check->http);
        http_wait(check->http);
    } else {
        poll_timer_wait_until(check->at);
    }
}

/* Following the Services. */

static struct check *add_check(struct shash *checks, const char *key,
                               const ovnk8s_health_check *from)
{
    struct check *check = xzalloc(sizeof *check);

    check->service_namespace = xstrdup(from->service_namespace);
    check->name = xstrdup(from->name);
    check->port = (uint16_t)from->port;
    shash_add(checks, key, check);
    return check;
}

static void take_check(const ovnk8s_health_check *from, void *checks)
{
    char *key = xasprintf("%s/%s %u", from->service_namespace, from->name, from->port);
    struct check *check = shash_find_data(checks, key);

    check = check ? check : add_check(checks, key, from);
    check->local_endpoints = from->local_endpoints;
    check->is_wanted = true;
    free(key);
}

static void drop_check(struct shash *checks, struct shash_node *node)
{
    struct check *check = node->data;

    if (check->http) {
        VLOG_INFO("health checks of service %s/%s: no longer answered at port %u",
                  check->service_namespace, check->name, check->port);
    }
    shash_delete(checks, node);
    http_close(check->http);
    free(check->service_namespace);
    free(check->name);
    free(check->why);
    free(check);
}

/* Those that are gone go first: another Service may have the port of one now. */
static void follow_services(struct daemon *daemon)
{
    struct shash_node *node, *next;

    SHASH_FOR_EACH(node, &daemon->checks)
    {
        ((struct check *)node->data)->is_wanted = false;
    }
    ovnk8s_gateway_helper_health_checks(daemon->helper, take_check, &daemon->checks);
    SHASH_FOR_EACH_SAFE(node, next, &daemon->checks)
    {
        if (!((struct check *)node->data)->is_wanted) {
            drop_check(&daemon->checks, node);
        }
    }
}

void answer_health_checks(struct daemon *daemon)
{
    const uint64_t changes = ovnk8s_gateway_helper_health_changes(daemon->helper);
    struct shash_node *node;

    if (daemon->health_changes != changes) {
        daemon->health_changes = changes;
        follow_services(daemon);
    }
    SHASH_FOR_EACH(node, &daemon->checks)
    {
        run_check(node->data);
    }
}

void forget_health_checks(struct daemon *daemon)
{
    struct shash_node *node, *next;

    SHASH_FOR_EACH_SAFE(node, next, &daemon->checks)
    {
        drop_check(&daemon->checks, node);
    }
    shash_destroy(&daemon->checks);
}

/* Telling of it. */

size_t count_health_checks(const struct daemon *daemon, bool is_answered)
{
    const struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH(node, &daemon->checks)
    {
        n += !((const struct check *)node->data)->http == !is_answered;
    }
    return n;
}

void tell_health_checks(const struct daemon *daemon, struct ds *text)
{
    const struct shash_node *node;

    ds_put_format(text, "health-checks: %zu\n", count_health_checks(daemon, true));
    SHASH_FOR_EACH(node, &daemon->checks)
    {
        const struct check *check = node->data;

        if (!check->http) {
            ds_put_format(text, "unanswered: %s/%s: %s\n", check->service_namespace, check->name,
                          check->why ? check->why : "not yet");
        }
    }
}
