/* The gateway helper: keeps the flows of one gateway what they should be.
 *
 * It follows the Services of an API server and has the flows of <ovnk8s/flows.h> on a bridge: those
 * of the gateway itself, and those for each NodePort, external IP and load balancer's IP. They are
 * put back when ovs-vswitchd has restarted, when somebody has deleted or changed one, and when
 * ports of the bridge come again under other numbers; it is told of all that, and looks for nothing
 * by itself. While the API server cannot be reached, what was known last counts; before anything
 * was known, what the bridge has is added to and nothing taken away.
 *
 * It runs in the caller's event loop:
 *
 *     while (!stop) {
 *         struct pollfd fd = {.fd = ovnk8s_gateway_helper_fd(helper), .events = POLLIN};
 *         poll(&fd, 1, ovnk8s_gateway_helper_timeout(helper));
 *         ovnk8s_gateway_helper_step(helper);
 *     }
 *
 * or, in a thread of its own, by ovnk8s_gateway_helper_run(). When it ends, the flows stay.
 *
 * It also tells what load balancers outside are to be answered that ask this node whether it has
 * endpoints of a Service; see ovnk8s_gateway_helper_health_checks(). It opens no socket for that.
 *
 * Thread rule: a helper, and the connections it was given, belong to one thread at a time. */

#ifndef OVNK8S_GATEWAY_HELPER_H
#define OVNK8S_GATEWAY_HELPER_H

#include <ovnk8s/cancel.h>
#include <ovnk8s/common.h>
#include <ovnk8s/flows.h>
#include <ovnk8s/kube.h>
#include <ovnk8s/log.h>

OVNK8S_BEGIN_DECLS

/* The helper of one gateway. */
typedef struct ovnk8s_gateway_helper ovnk8s_gateway_helper;

/* How the helper works. */
typedef struct ovnk8s_gateway_helper_options {
    size_t size;        /* Set by the initialiser. */
    ovnk8s_log_fn *log; /* Receives what is done and what fails; may be NULL. */
    void *log_payload;  /* Passed to 'log'. */
    bool dry_run;       /* Computes the flows, and leaves the bridge as it is. */
    const char *node;   /* As Kubernetes calls the gateway's node, for health checks; copied. NULL:
                           nothing is told of these. */
} ovnk8s_gateway_helper_options;

#define OVNK8S_GATEWAY_HELPER_OPTIONS_INIT                                                         \
    {                                                                                              \
        sizeof(ovnk8s_gateway_helper_options), NULL, NULL, false, NULL                             \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_gateway_helper_options_init(ovnk8s_gateway_helper_options *options);

/* Creates a helper in '*out', to be freed by ovnk8s_gateway_helper_free(), over two connections
 * that must outlive it and are its own until then. 'gateway' says what flows are made of; its
 * strings are copied, and its 'mac', where it is NULL, is that of the bridge's own port at any
 * time. 'options' may be NULL.
 *
 * Errors: OVNK8S_INVALID ('gateway', options), OVNK8S_NOMEM, OVNK8S_SYSTEM (no descriptor left). */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_gateway_helper_new(ovnk8s_gateway_helper **out, ovnk8s_bridge *bridge, ovnk8s_kube *kube,
                          const ovnk8s_gateway_flows *gateway,
                          const ovnk8s_gateway_helper_options *options);

/* Frees the helper; the flows stay. NULL is accepted. */
OVNK8S_API void ovnk8s_gateway_helper_free(ovnk8s_gateway_helper *helper);

/* Returns a file descriptor that is readable when there is something to do. It stays the same and
 * belongs to the helper. */
OVNK8S_API int ovnk8s_gateway_helper_fd(const ovnk8s_gateway_helper *helper);

/* Returns after how many milliseconds there will be something to do even if the descriptor stays
 * silent, as poll() takes it: -1 for never. */
OVNK8S_API int ovnk8s_gateway_helper_timeout(const ovnk8s_gateway_helper *helper);

/* Does what there is to do, without waiting for anything. A failure is logged and tried again later
 * with growing pauses, so there is nothing for the caller to do about it. */
OVNK8S_API void ovnk8s_gateway_helper_step(ovnk8s_gateway_helper *helper);

/* Steps and waits until 'cancel' is triggered, which ends it with OVNK8S_CANCELLED.
 *
 * Errors: OVNK8S_CANCELLED, OVNK8S_SYSTEM (waiting failed). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_helper_run(ovnk8s_gateway_helper *helper,
                                                           ovnk8s_cancel *cancel);

/* How things stand with a helper. */
typedef struct ovnk8s_gateway_helper_status {
    size_t size;        /* Set by the caller, to sizeof(ovnk8s_gateway_helper_status). */
    bool synced;        /* All Services were seen. */
    bool connected;     /* To the bridge. */
    bool installed;     /* The flows on the bridge are, as far as is known, those wanted; in a dry
                           run: those wanted are known. */
    size_t services;    /* Known, that have something to publish. */
    size_t flows;       /* Wanted. */
    size_t foreign;     /* Of these, not there since somebody else has one for the same packets. */
    uint64_t bundles;   /* Sent and committed so far. */
    uint64_t failures;  /* So far. */
    const char *reason; /* Of the latest failure, valid until the next step; "" when all is well. */
} ovnk8s_gateway_helper_status;

/* Tells how things stand.
 *
 * Errors: OVNK8S_INVALID ('status->size'). */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_gateway_helper_get_status(const ovnk8s_gateway_helper *helper,
                                 ovnk8s_gateway_helper_status *status);

/* Puts the flows that are wanted into '*out', as ovnk8s_flows_text() does.
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_gateway_helper_flows_text(const ovnk8s_gateway_helper *helper, char **out);

/* What a load balancer outside is to be told of a Service that has a healthCheckNodePort: of type
 * LoadBalancer, with externalTrafficPolicy Local. It asks by HTTP at that port of each node, and
 * sends to those that answer with status 200 and not with 503. */
typedef struct ovnk8s_health_check {
    size_t size;                   /* Of what is told here. */
    const char *service_namespace; /* Of the Service. */
    const char *name;              /* The same. */
    unsigned int port;             /* Where it is asked for: healthCheckNodePort. */
    size_t local_endpoints;        /* On this node, and ready: 0 is answered by 503. */
} ovnk8s_health_check;

/* Receives a health check, which is valid during the call. It may not call back into the helper. */
typedef void ovnk8s_health_check_fn(const ovnk8s_health_check *check, void *payload);

/* Tells all health checks of the API server's Services to 'tell', one by one, in no certain order:
 * none as long as endpoints are not known, so that nobody is told of no endpoints where there are
 * some, and none without the option 'node'. While the API server cannot be reached, what was known
 * last counts.
 *
 * An endpoint counts if it is ready, or published before it is. One that is terminating serves to
 * the last, if there is no other, but does not count: no load balancer shall send to it any more.
 * Of a Service with both families, those of the family that has more of them are counted.
 *
 * EndpointSlices are followed, all of them, only while some Service has a health check; the token
 * must allow list and watch of them then.
 *
 * Source: Kubernetes ServiceSpec "healthCheckNodePort", discovery.k8s.io/v1 EndpointSlice
 * "endpoints". */
OVNK8S_API void ovnk8s_gateway_helper_health_checks(const ovnk8s_gateway_helper *helper,
                                                    ovnk8s_health_check_fn *tell, void *payload);

/* Returns how often what ovnk8s_gateway_helper_health_checks() tells has changed, or may have: as
 * long as that is the same, there is no need to ask. It changes in steps alone. */
OVNK8S_API uint64_t ovnk8s_gateway_helper_health_changes(const ovnk8s_gateway_helper *helper);

OVNK8S_END_DECLS

#endif /* gateway_helper.h */
