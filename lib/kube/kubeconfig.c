/* The kubeconfig file: clusters, users, and contexts that join one of each. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/error.h"
#include "base/mem.h"
#include "kube/base64.h"
#include "kube/credentials.h"
#include "kube/file.h"

enum { KUBECONFIG_MAX = 4 << 20 };

struct kubeconfig {
    const char *path;
    yaml_document_t document;
};

/* What a user may have that we cannot honour, and may not overlook either. */
static const struct {
    const char *key, *why;
} refused[] = {
    {"exec", "it gets its credentials by executing a program, and no program is ever executed here;"
             " give a token, a tokenFile or a client certificate"},
    {"auth-provider", "auth-provider is not supported; give a token, a tokenFile or a client"
                      " certificate"},
    {"username", "user names with passwords are not supported"},
    {"as", "impersonation is not supported"},
    {"as-uid", "impersonation is not supported"},
    {"as-groups", "impersonation is not supported"},
};

static const char *scalar(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static yaml_node_t *member(struct kubeconfig *config, yaml_node_t *map, const char *key)
{
    if (!map || map->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top;
         pair++) {
        const char *name = scalar(yaml_document_get_node(&config->document, pair->key));

        if (name && !strcmp(name, key)) {
            return yaml_document_get_node(&config->document, pair->value);
        }
    }
    return NULL;
}

/* The text of a member; NULL when it is missing or empty. */
static const char *value(struct kubeconfig *config, yaml_node_t *map, const char *key)
{
    const char *text = scalar(member(config, map, key));

    return text && *text ? text : NULL;
}

/* In the list 'plural', the element called 'name': its member 'singular'. */
static yaml_node_t *named(struct kubeconfig *config, const char *plural, const char *singular,
                          const char *name)
{
    yaml_node_t *list = member(config, yaml_document_get_root_node(&config->document), plural);

    if (!list || list->type != YAML_SEQUENCE_NODE) {
        return NULL;
    }
    for (yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        yaml_node_t *element = yaml_document_get_node(&config->document, *item);
        const char *its_name = value(config, element, "name");

        if (its_name && !strcmp(its_name, name)) {
            return member(config, element, singular);
        }
    }
    return NULL;
}

static int copy(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return text && !*out ? fail_nomem() : 0;
}

static int copy_path(struct kubeconfig *config, char **out, const char *path)
{
    const char *slash = strrchr(config->path, '/');

    *out = NULL;
    if (!path || *path == '/' || !slash) {
        return copy(out, path);
    }
    if (asprintf(out, "%.*s/%s", (int)(slash - config->path), config->path, path) < 0) {
        *out = NULL;
        return fail_nomem();
    }
    return 0;
}

/* A PEM that is in the file itself ("KEY-data", which goes first) or in another one. */
static int copy_pem(struct kubeconfig *config, char **out, yaml_node_t *map, const char *key)
{
    char data_key[64];
    const char *data;

    snprintf(data_key, sizeof data_key, "%s-data", key);
    data = value(config, map, data_key);
    if (!data) {
        return copy_path(config, out, value(config, map, key));
    }
    *out = base64_decode_text(data);
    if (!*out || !kube_is_pem(*out)) {
        return fail(OVNK8S_INVALID, "%s is not PEM in base64", data_key);
    }
    return 0;
}

static bool is_true(const char *text)
{
    return text && (!strcmp(text, "true") || !strcmp(text, "True") || !strcmp(text, "TRUE"));
}

static int take_cluster(struct kubeconfig *config, struct kube_credentials *out, yaml_node_t *map)
{
    int error = copy(&out->server, value(config, map, "server"));

    if (!error && !out->server) {
        error = fail(OVNK8S_INVALID, "no server");
    }
    if (!error) {
        error = copy_pem(config, &out->ca_certificate, map, "certificate-authority");
    }
    if (!error) {
        error = copy(&out->tls_server_name, value(config, map, "tls-server-name"));
    }
    out->insecure_skip_tls_verify = is_true(value(config, map, "insecure-skip-tls-verify"));
    if (!error && value(config, map, "proxy-url")) {
        error = fail(OVNK8S_INVALID, "proxy-url is not supported");
    }
    return error;
}

static int take_user(struct kubeconfig *config, struct kube_credentials *out, yaml_node_t *map)
{
    int error;

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (member(config, map, refused[i].key)) {
            return fail(OVNK8S_INVALID, "%s", refused[i].why);
        }
    }
    error = copy(&out->token, value(config, map, "token"));
    if (!error) {
        error = copy_path(config, &out->token_file, value(config, map, "tokenFile"));
    }
    if (!error) {
        error = copy_pem(config, &out->client_certificate, map, "client-certificate");
    }
    return error ? error : copy_pem(config, &out->client_key, map, "client-key");
}

/* Looks up what 'context' calls its 'singular', and takes it. */
static int take_part(struct kubeconfig *config, struct kube_credentials *out, yaml_node_t *context,
                     const char *plural, const char *singular,
                     int (*take)(struct kubeconfig *, struct kube_credentials *, yaml_node_t *))
{
    const char *name = value(config, context, singular);
    yaml_node_t *map;
    int error;

    if (!name) {
        return fail(OVNK8S_INVALID, "the context has no %s", singular);
    }
    map = named(config, plural, singular, name);
    if (!map) {
        return fail(OVNK8S_INVALID, "there is no %s \"%s\"", singular, name);
    }
    error = take(config, out, map);
    return error ? fail_during(error, NULL, NULL, "%s \"%s\"", singular, name) : 0;
}

static int take_context(struct kubeconfig *config, struct kube_credentials *out, const char *name)
{
    yaml_node_t *context;
    int error;

    if (!name) {
        name = value(config, yaml_document_get_root_node(&config->document), "current-context");
    }
    if (!name) {
        return fail(OVNK8S_INVALID, "no context is given and there is no current-context");
    }
    context = named(config, "contexts", "context", name);
    if (!context) {
        return fail(OVNK8S_INVALID, "there is no context \"%s\"", name);
    }
    error = take_part(config, out, context, "clusters", "cluster", take_cluster);
    if (!error && value(config, context, "user")) { /* Without one: anonymous. */
        error = take_part(config, out, context, "users", "user", take_user);
    }
    return error ? fail_during(error, NULL, NULL, "context \"%s\"", name) : 0;
}

static int parse(struct kubeconfig *config, const char *text)
{
    yaml_parser_t parser;
    int error = 0;

    if (!yaml_parser_initialize(&parser)) {
        return fail_nomem();
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    if (!yaml_parser_load(&parser, &config->document)) {
        error = parser.error == YAML_MEMORY_ERROR
                    ? fail_nomem()
                    : fail(OVNK8S_INVALID, "line %zu: %s", parser.problem_mark.line + 1,
                           parser.problem ? parser.problem : "not YAML");
    }
    yaml_parser_delete(&parser);
    return error;
}

int kube_credentials_from_kubeconfig(struct kube_credentials *out, const char *path,
                                     const char *context)
{
    struct kubeconfig config = {.path = path};
    _cleanup_free_ char *text = NULL;
    int error = file_read(path, KUBECONFIG_MAX, &text);

    *out = (struct kube_credentials){0};
    if (error) {
        return fail_during(error, "credentials", path, "reading kubeconfig");
    }
    error = parse(&config, text);
    if (!error) {
        error = take_context(&config, out, context);
        yaml_document_delete(&config.document);
    }
    if (error) {
        kube_credentials_clear(out);
        return fail_during(error, "credentials", path, "kubeconfig %s", path);
    }
    return 0;
}
