/* The beginning and the end of competing for a Lease. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/wait.h"
#include "kube/request.h"
#include "topology/names.h"
#include "watch/lease_private.h"

enum {
    DURATION_MS = 15000,
    RENEW_MS = 10000,
    RETRY_MS = 2000,
    RELEASE_MS = 2000,
};

/* Giving it back. */

static int look_now(struct lease *lease)
{
    const struct kube_request request = {.path = lease->path, .timeout_ms = RELEASE_MS};
    _cleanup_free_ char *body = NULL;
    struct lease_record record;
    int status, error = request_run(lease->kube, &request, &status, &body);

    error = error ? error : lease_record_take(cJSON_Parse(body), &record);
    if (!error) {
        lease_observe(lease, record);
    }
    return error;
}

static int give_back(struct lease *lease)
{
    struct kube_request request = {.method = "PUT", .path = lease->path, .timeout_ms = RELEASE_MS};
    _cleanup_free_ char *body = NULL, *answer = NULL;
    int status, error = lease->is_known ? 0 : look_now(lease);
    struct lease_claim claim;

    if (error || !lease_is_ours(lease, &lease->record)) {
        return error;
    }
    claim = lease_claim_as(lease, "");
    body = lease_claim_text(&lease->record, &claim);
    request.body = body;
    return body ? request_run(lease->kube, &request, &status, &answer) : fail_nomem();
}

static void release(struct lease *lease)
{
    int error;

    if (lease->call) {
        kube_call_cancel(STEAL(lease->call));
        lease->is_known = false; /* It may have been heard. */
    }
    if (!lease->claimed) {
        return;
    }
    lease->held_until = 0;
    error = give_back(lease);
    if (error == OVNK8S_CONFLICT) {
        lease->is_known = false;
        error = give_back(lease);
    }
    if (error && error != OVNK8S_NOTFOUND) {
        lease_tell_failure(lease);
    }
}

/* Life. */

static void lease_free(struct lease *lease)
{
    lease_record_clear(&lease->record);
    free(lease->collection);
    free(lease->path);
    free(lease->lease_namespace);
    free(lease->name);
    free(lease->identity);
    free(lease);
}

DEFINE_CLEANUP(lease, struct lease *, lease_free)

void lease_stop(struct lease *lease)
{
    if (lease) {
        kube_reflector_stop(lease->reflector);
        release(lease);
        lease_free(lease);
    }
}

static int check_times(const struct lease *lease)
{
    if (lease->duration_ms < 1000 || lease->duration_ms <= lease->renew_ms ||
        lease->renew_ms <= lease->retry_ms) {
        return fail(OVNK8S_INVALID,
                    "lease of %u ms, renewed within %u ms and every %u ms: expected each to be"
                    " shorter than the one before, and the first a second at least",
                    lease->duration_ms, lease->renew_ms, lease->retry_ms);
    }
    return 0;
}

/* "<host>_<random number>". */
static int make_identity(char **out)
{
    struct text text = {0};
    uint64_t number = 0;
    char host[256] = "";

    gethostname(host, sizeof host - 1);
    if (getrandom(&number, sizeof number, 0) != sizeof number) {
        return fail(OVNK8S_SYSTEM, "the system has no random number");
    }
    text_printf(&text, "%s_%016" PRIx64, host, number);
    return text_take(&text, out);
}

static int make_paths(struct lease *lease)
{
    struct text collection = {0}, path = {0};
    int error;

    text_printf(&collection, "/apis/coordination.k8s.io/v1/namespaces/%s/leases",
                lease->lease_namespace);
    text_printf(&path, "%s/%s", collection.failed ? "" : collection.bytes, lease->name);
    error = text_take(&collection, &lease->collection);
    return error ? error : text_take(&path, &lease->path);
}

static int set_up(struct lease *lease, const struct lease_options *options)
{
    int error = check_dns_label("namespace of the lease", options->lease_namespace);

    lease->duration_ms = options->duration_ms ? options->duration_ms : DURATION_MS;
    lease->renew_ms = options->renew_ms ? options->renew_ms : RENEW_MS;
    lease->retry_ms = options->retry_ms ? options->retry_ms : RETRY_MS;
    error = error ? error : check_dns_name("name of the lease", options->name);
    error = error ? error : check_times(lease);
    if (error) {
        return error;
    }
    lease->lease_namespace = strdup(options->lease_namespace);
    lease->name = strdup(options->name);
    lease->identity = options->identity ? strdup(options->identity) : NULL;
    if (!lease->lease_namespace || !lease->name || (options->identity && !lease->identity)) {
        return fail_nomem();
    }
    error = lease->identity ? 0 : make_identity(&lease->identity);
    return error ? error : make_paths(lease);
}

static int follow(struct lease *lease)
{
    const struct kube_handler handler = {
        .object = lease_take_event, .gone = lease_take_deletion, .payload = lease};
    _cleanup_text_ struct text selector = {0};

    text_printf(&selector, "metadata.name=%s", lease->name);
    if (selector.failed) {
        return fail_nomem();
    }
    return kube_reflector_start(
        &lease->reflector, lease->kube,
        &(struct kube_collection){.path = lease->collection, .field_selector = selector.bytes},
        &handler);
}

int lease_start(struct lease **out, ovnk8s_kube *kube, const struct lease_options *options)
{
    CLEANUP(leasep) struct lease *lease = calloc(1, sizeof *lease);
    int error;

    *out = NULL;
    if (!lease) {
        return fail_nomem();
    }
    lease->kube = kube;
    lease->log = options->log;
    lease->record = lease_record_none();
    lease->next_at = now_ms();
    error = set_up(lease, options);
    error = error ? error : follow(lease);
    if (!error) {
        *out = STEAL(lease);
    }
    return error;
}
