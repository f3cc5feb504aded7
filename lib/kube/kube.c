#include "kube/kube.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"
#include "kube/connection.h"
#include "kube/credentials.h"
#include "kube/event.h"
#include "kube/url.h"

#define CERTIFICATE_BEGIN "-----BEGIN CERTIFICATE-----"

void ovnk8s_kube_options_init(ovnk8s_kube_options *options)
{
    *options = (ovnk8s_kube_options)OVNK8S_KUBE_OPTIONS_INIT;
}

static int replace(char **kept, const char *value)
{
    if (value && *value) {
        free(*kept);
        *kept = strdup(value);
        if (!*kept) {
            return fail_nomem();
        }
    }
    return 0;
}

/* A token goes in place of a token file and the other way round, else the wrong one would win. */
static int replace_token(struct kube_credentials *credentials, const ovnk8s_kube_options *options)
{
    int error;

    if ((options->token && *options->token) || (options->token_file && *options->token_file)) {
        free(credentials->token);
        free(credentials->token_file);
        credentials->token = credentials->token_file = NULL;
    }
    error = replace(&credentials->token, options->token);
    return error ? error : replace(&credentials->token_file, options->token_file);
}

static int replace_given(struct kube_credentials *credentials, const ovnk8s_kube_options *options)
{
    const struct {
        char **kept;
        const char *value;
    } fields[] = {
        {&credentials->server, options->server},
        {&credentials->ca_certificate, options->ca_certificate},
        {&credentials->client_certificate, options->client_certificate},
        {&credentials->client_key, options->client_key},
        {&credentials->tls_server_name, options->tls_server_name},
    };
    int error = replace_token(credentials, options);

    for (size_t i = 0; !error && i < COUNT_OF(fields); i++) {
        error = replace(fields[i].kept, fields[i].value);
    }
    credentials->insecure_skip_tls_verify |= options->insecure_skip_tls_verify;
    return error;
}

static int collect_credentials(struct kube_credentials *out, const ovnk8s_kube_options *options)
{
    int error = 0;

    if (options->kubeconfig && *options->kubeconfig) {
        error = kube_credentials_from_kubeconfig(out, options->kubeconfig, options->context);
    } else if (!options->server || !*options->server) {
        error = kube_credentials_in_cluster(out, NULL);
        if (error) {
            fail_during(error, "credentials", NULL, "no API server given");
        }
    }
    return error ? error : replace_given(out, options);
}

static int check_pem(const struct secret *secret, const char *begin, const char *what)
{
    if (!secret->text || strstr(secret->text, begin)) {
        return 0;
    }
    return fail(OVNK8S_INVALID, "the %s%s%s is not PEM with a \"%s\"", what,
                secret->path ? " in " : "", secret->path ? secret->path : "", begin);
}

static int take_certificates(ovnk8s_kube *kube, const struct kube_credentials *credentials)
{
    int error = secret_from_value(&kube->ca, credentials->ca_certificate, "CA certificate");

    if (!error) {
        error = secret_from_value(&kube->certificate, credentials->client_certificate,
                                  "client certificate");
    }
    if (!error) {
        error = secret_from_value(&kube->key, credentials->client_key, "client key");
    }
    if (!error && !kube->certificate.text != !kube->key.text) {
        error = fail(OVNK8S_INVALID, "a client certificate needs its key, and the other way round");
    }
    if (!error) {
        error = check_pem(&kube->ca, CERTIFICATE_BEGIN, "CA certificate");
    }
    if (!error) {
        error = check_pem(&kube->certificate, CERTIFICATE_BEGIN, "client certificate");
    }
    return error ? error : check_pem(&kube->key, "PRIVATE KEY-----", "client key");
}

static int take_token(ovnk8s_kube *kube, const struct kube_credentials *credentials)
{
    const char *token;
    size_t length;
    int error = 0;

    if (credentials->token_file) {
        error = secret_from_file(&kube->token, credentials->token_file, "token");
    } else {
        kube->token.text = credentials->token ? strdup(credentials->token) : NULL;
        if (credentials->token && !kube->token.text) {
            error = fail_nomem();
        }
    }
    return error ? error : connection_token(kube, &token, &length);
}

int connection_token(const ovnk8s_kube *kube, const char **token, size_t *length)
{
    static const char space[] = " \t\r\n";
    const char *text = kube->token.text ? kube->token.text : "";

    text += strspn(text, space);
    *token = text;
    *length = strcspn(text, space);
    for (size_t i = 0; i < *length; i++) {
        if (text[i] < '!' || text[i] > '~') {
            return fail(OVNK8S_INVALID, "the token holds a character that no token has");
        }
    }
    if (text[*length + strspn(text + *length, space)]) {
        return fail(OVNK8S_INVALID, "the token holds white space");
    }
    return 0;
}

void connection_refresh(ovnk8s_kube *kube)
{
    struct {
        struct secret *secret;
        const char *what;
    } secrets[] = {
        {&kube->token, "token"},
        {&kube->ca, "CA certificate"},
        {&kube->certificate, "client certificate"},
        {&kube->key, "client key"},
    };

    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        if (secret_refresh(secrets[i].secret, secrets[i].what)) {
            log_line(&kube->log, OVNK8S_LOG_WARN, "%s; going on with what was in it",
                     ovnk8s_last_error()->message);
        }
    }
}

static int print(char **out, const char *format, ...) PRINTF(2, 3);

static int print(char **out, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vasprintf(out, format, args);
    va_end(args);
    if (length < 0) {
        *out = NULL;
        return fail_nomem();
    }
    return 0;
}

/* A server whose certificate bears another name than its host is addressed by that name, while the
 * connection goes to the host. */
static int connect_elsewhere(ovnk8s_kube *kube, const struct url *url, const char *name)
{
    _cleanup_free_ char *route = NULL;
    int error = print(&route, "%s:%s:%s:%s", name, url->port, url->host, url->port);

    if (error) {
        return error;
    }
    kube->connect_to = kube->curl->slist_append(NULL, route);
    return kube->connect_to ? 0 : fail_nomem();
}

static int take_server(ovnk8s_kube *kube, const struct kube_credentials *credentials)
{
    const char *name = credentials->tls_server_name;
    struct url url, named = {.host = ""};
    const char *scheme;
    int error = url_parse(credentials->server ? credentials->server : "", &url);

    if (!error && name && (url_parse(name, &named) || strcmp(named.host, name))) {
        error = fail(OVNK8S_INVALID, "TLS server name \"%s\": expected a name", name);
    }
    if (error) {
        return error;
    }
    scheme = url.tls ? "https" : "http";
    kube->knows_version = !url.tls; /* There it is HTTP/1.1. */
    error = print(&kube->server, "%s://%s:%s%s", scheme, url.host, url.port, url.path);
    if (!error) {
        error = print(&kube->base, "%s://%s:%s%s", scheme, *named.host ? named.host : url.host,
                      url.port, url.path);
    }
    return error || !*named.host ? error : connect_elsewhere(kube, &url, named.host);
}

static int prepare(ovnk8s_kube *kube, const ovnk8s_kube_options *options,
                   struct kube_credentials *credentials)
{
    int error = curl_load(&kube->curl);

    if (!error) {
        error = collect_credentials(credentials, options);
    }
    if (!error) {
        error = take_server(kube, credentials);
    }
    if (!error) {
        error = take_certificates(kube, credentials);
    }
    if (!error) {
        error = take_token(kube, credentials);
    }
    kube->insecure = credentials->insecure_skip_tls_verify;
    return error ? error : event_open(kube);
}

int ovnk8s_kube_open(ovnk8s_kube **out, const ovnk8s_kube_options *theirs)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    struct kube_credentials credentials = {0};
    ovnk8s_kube *kube;
    int error = options_take(&options, sizeof options, theirs);

    *out = NULL;
    if (error) {
        return error;
    }
    kube = calloc(1, sizeof *kube);
    if (!kube) {
        return fail_nomem();
    }
    kube->epoll = -1;
    kube->calls_end = &kube->calls;
    kube->timeout_ms = options.timeout_ms ? options.timeout_ms : DEFAULT_TIMEOUT_MS;
    kube->cancel = options.cancel;
    kube->log = (struct log){options.log, options.log_payload};
    error = prepare(kube, &options, &credentials);
    kube_credentials_clear(&credentials);
    if (error) {
        ovnk8s_kube_close(kube);
        return fail_during(error, "credentials", options.server,
                           "setting up the connection"
                           " to Kubernetes");
    }
    *out = kube;
    return 0;
}

void ovnk8s_kube_close(ovnk8s_kube *kube)
{
    if (!kube) {
        return;
    }
    reflectors_drop(kube);
    calls_drop(kube);
    event_close(kube);
    if (kube->connect_to) {
        kube->curl->slist_free_all(kube->connect_to);
    }
    secret_clear(&kube->token);
    secret_clear(&kube->ca);
    secret_clear(&kube->certificate);
    secret_clear(&kube->key);
    free(kube->server);
    free(kube->base);
    free(kube);
}

void ovnk8s_kube_set_timeout(ovnk8s_kube *kube, unsigned int timeout_ms)
{
    kube->timeout_ms = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS;
}

const char *kube_server(const ovnk8s_kube *kube)
{
    return kube->server;
}
