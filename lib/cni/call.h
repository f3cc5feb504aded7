/* One call of the plugin, and how it fails.
 *
 * Functions of this room return 0 or an error code of CNI, while ovnk8s_last_error() has the line
 * that is to be told. */

#ifndef CNI_CALL_H
#define CNI_CALL_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include <ovnk8s/cancel.h>
#include <ovnk8s/settings.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/text.h"

/* Up to 99 as the specification (and, for CNI_INVALID_NETNS and CNI_INTERNAL, its library) has
 * them; the others are this plugin's. */
enum cni_code {
    CNI_INCOMPATIBLE = 1,  /* The version of the configuration. */
    CNI_BAD_ENV = 4,       /* Environment variables, CNI_ARGS included. */
    CNI_IO = 5,            /* The configuration could not be read. */
    CNI_DECODE = 6,        /* It is no JSON, or not of the shape that every configuration has. */
    CNI_BAD_CONFIG = 7,    /* It makes no sense, or a file that it names does not. */
    CNI_INVALID_NETNS = 8, /* CNI_NETNS is the plugin's own namespace. */
    CNI_UNAVAILABLE = 50,  /* STATUS: ADD would fail now. */
    CNI_LIMITED = 51,      /* And containers that are there may be cut off too. */
    CNI_POD = 100,         /* The pod does not exist. */
    CNI_NO_ANNOTATION = 101,
    CNI_BAD_ANNOTATION = 102,
    CNI_VSWITCH = 103, /* Open vSwitch cannot be reached or refuses. */
    CNI_FLOWS = 104,   /* The port is there, but its flows did not come. */
    CNI_API_SERVER = 105,
    CNI_CONTAINER = 106,    /* The interface in the container could not be made or removed. */
    CNI_NOT_AS_ADDED = 107, /* CHECK: something is not as ADD has left it. */
    CNI_NORTHBOUND = 108,   /* The Northbound database cannot be reached or refuses. */
    CNI_INTERNAL = 999,
};

enum { CNI_ARG_LENGTH = 253, CNI_STAGES = 8 };

/* Of CNI_ARGS. Empty what is not given. */
struct cni_args {
    char pod_namespace[CNI_ARG_LENGTH + 1];
    char pod[CNI_ARG_LENGTH + 1];
    char uid[CNI_ARG_LENGTH + 1];
    char mac[CNI_ARG_LENGTH + 1];
    char ip[CNI_ARG_LENGTH + 1];
};

/* What runtime and configuration wish for the interface, besides what a network gives it. */
struct cni_wishes {
    const char *mac_from; /* Where the wish comes from, such as "runtimeConfig.mac"; NULL: none. */
    struct mac mac;
    const char *ips_from;
    struct prefix ips[2]; /* Of different families; of length 0 where only the address is wished. */
    size_t n_ips;
    uint64_t ingress_rate, ingress_burst, egress_rate, egress_burst; /* As of ovnk8s_plug. */
    const cJSON *annotations; /* Of the pod, as the runtime knows them; NULL: it does not say. */
    cJSON *dns;               /* As results have it; NULL: none. */
};

/* How long each part of a call took. */
struct cni_times {
    const char *names[CNI_STAGES];
    int64_t starts[CNI_STAGES]; /* In us. */
    size_t n;
};

struct cni_call {
    const char *const *env;
    const char *input;
    ovnk8s_cancel *cancel;

    /* From the environment; NULL: not given. */
    const char *command, *container_id, *netns, *ifname;
    struct cni_args args; /* Of ADD and CHECK. */

    /* From the configuration. */
    cJSON *config;
    const char *network;      /* Its name. */
    const char *version;      /* A supported one; the newest as long as none is known. */
    struct cni_wishes wishes; /* Of ADD. */

    ovnk8s_settings *settings;
    struct cni_times times;
    char details[256];  /* Of an error; may be empty. */
    struct text output; /* The result. */
};

/* Records a failure; returns 'code'. */
int cni_fail(enum cni_code code, const char *format, ...) PRINTF(2, 3);

/* Begins a part of the call; 'name' is a constant string. */
void cni_stage(struct cni_call *call, const char *name);

/* The verbs. */
int cni_add(struct cni_call *call);
int cni_delete(struct cni_call *call);
int cni_check(struct cni_call *call);
int cni_gc(struct cni_call *call);
int cni_status(struct cni_call *call);

/* The code for the latest failure of a function of ovnk8s/plug.h. */
int cni_code_of_plug(void);

/* Connects to Open vSwitch as the settings say, and reads what it knows of the others. */
int cni_open_vswitch(struct cni_call *call, ovnk8s_vswitch **out);

#endif /* call.h */
