/* A call as libcurl sees it: options in, body and errors out. */

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <ovnk8s/version.h>

#include "base/error.h"
#include "kube/connection.h"

enum {
    CONNECT_MS = 10000,
    ERROR_BODY_MAX = 1 << 20, /* Of an answer that tells a failure. */
    /* A peer that has vanished is noticed after about half a minute, also on an idle watch. */
    KEEPALIVE_IDLE_S = 15,
    KEEPALIVE_INTERVAL_S = 5,
    KEEPALIVE_COUNT = 3,
    UNACKNOWLEDGED_MS = 30000,
};

/* libcurl's own does not close the socket on exec. */
static curl_socket_t open_socket(void *payload, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)payload;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int set_up_socket(void *payload, curl_socket_t fd, curlsocktype purpose)
{
    const int count = KEEPALIVE_COUNT, unacknowledged = UNACKNOWLEDGED_MS;

    (void)payload;
    (void)purpose;
    /* Neither is vital: without them a dead peer is noticed later. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof unacknowledged);
    return CURL_SOCKOPT_OK;
}

/* Ends the call with what was told by fail(). Returns what makes libcurl stop. */
static size_t stop(struct kube_call *call, int error)
{
    call->body_error = error;
    snprintf(call->body_message, sizeof call->body_message, "%s", ovnk8s_last_error()->message);
    return CURL_WRITEFUNC_ERROR;
}

static size_t collect(struct kube_call *call, const char *bytes, size_t n, size_t most)
{
    if (n > most - call->reply.length) {
        return stop(call, fail(OVNK8S_PROTOCOL, "the answer is longer than %zu bytes", most));
    }
    text_add_bytes(&call->reply, bytes, n);
    return call->reply.failed ? stop(call, fail_nomem()) : n;
}

static bool is_good(struct kube_call *call)
{
    long status = 0;

    call->kube->curl->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status < 300;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *payload)
{
    struct kube_call *call = payload;
    int error;

    (void)size; /* Always 1. */
    if (call->state != CALL_RUNNING) {
        return CURL_WRITEFUNC_ERROR; /* Cancelled in the meantime. */
    }
    if (!is_good(call)) {
        return collect(call, bytes, n, ERROR_BODY_MAX);
    }
    if (!call->chunk) {
        return collect(call, bytes, n, call->most);
    }
    error = call->chunk(bytes, n, call->payload);
    return error ? stop(call, error) : n;
}

/* Many writes share one connection by HTTP/2. What is read may be long, and has a connection to
 * itself, one after the other: where several transfers share one, libcurl 7.88 may not notice for
 * seconds that one of more than some hundred kB, read at one go, has come to its end. */
static bool shares_connection(const struct kube_call *call)
{
    return call->kind == CALL_WRITES || (call->kind == CALL_URGENT && strcmp(call->method, "GET"));
}

static void note_version(struct kube_call *call)
{
    long version = 0;

    if (!shares_connection(call)) {
        return;
    }
    call->kube->curl->easy_getinfo(call->easy, CURLINFO_HTTP_VERSION, &version);
    call->kube->multiplexes = version >= CURL_HTTP_VERSION_2_0;
    call->kube->knows_version = true;
}

/* Only the empty line behind all headers is of interest. */
static size_t take_header(char *line, size_t size, size_t n, void *payload)
{
    struct kube_call *call = payload;

    (void)size; /* Always 1. */
    if (*line == '\r') {
        note_version(call);
    }
    if (call->begun && call->state == CALL_RUNNING && *line == '\r' && is_good(call)) {
        call->begun(call->payload);
    }
    return n;
}

static bool add_header(struct kube_call *call, const char *line)
{
    struct curl_slist *headers = call->kube->curl->slist_append(call->headers, line);

    if (headers) {
        call->headers = headers;
    }
    return headers != NULL;
}

static int make_headers(struct kube_call *call)
{
    _cleanup_text_ struct text line = {0};
    const char *token;
    size_t length;
    int error = connection_token(call->kube, &token, &length);

    if (error) {
        return error;
    }
    text_printf(&line, "Content-Type: %s",
                call->content_type ? call->content_type : "application/json");
    if (line.failed || !add_header(call, "Accept: application/json") ||
        (call->body && !add_header(call, line.bytes)) || !add_header(call, "Expect:")) {
        return fail_nomem();
    }
    if (length) {
        text_clear(&line);
        text_printf(&line, "Authorization: Bearer %.*s", (int)length, token);
        if (line.failed || !add_header(call, line.bytes)) {
            return fail_nomem();
        }
    }
    return 0;
}

/* libcurl's setopt takes anything; the first failure is kept. */
#define SET(OPTION, VALUE) (result = result ? result : set(easy, CURLOPT_##OPTION, (VALUE)))

static CURLcode set_request(const struct curl *curl, struct kube_call *call, const char *url)
{
    __typeof__(curl->easy_setopt) set = curl->easy_setopt;
    CURL *easy = call->easy;
    CURLcode result = CURLE_OK;
    const unsigned int timeout = call->timeout_ms;

    SET(URL, url);
    SET(PRIVATE, call);
    SET(HTTPHEADER, call->headers);
    SET(WRITEFUNCTION, take_body);
    SET(WRITEDATA, call);
    SET(HEADERFUNCTION, take_header);
    SET(HEADERDATA, call);
    SET(ERRORBUFFER, call->curl_message);
    SET(TIMEOUT_MS, (long)timeout);
    SET(CONNECTTIMEOUT_MS, (long)(timeout < CONNECT_MS ? timeout : CONNECT_MS));
    if (call->body) {
        SET(POSTFIELDSIZE_LARGE, (curl_off_t)strlen(call->body));
        SET(POSTFIELDS, call->body);
    }
    if (strcmp(call->method, "GET") || call->body) {
        SET(CUSTOMREQUEST, call->method);
    }
    return result;
}

static CURLcode set_connection(const struct curl *curl, struct kube_call *call)
{
    const bool shares = shares_connection(call);
    __typeof__(curl->easy_setopt) set = curl->easy_setopt;
    CURL *easy = call->easy;
    CURLcode result = CURLE_OK;

    SET(NOSIGNAL, 1L);
    SET(QUICK_EXIT, 1L); /* Do not wait for a thread that looks up a name. */
    SET(PROXY, "");      /* What the environment says is not for us. */
    SET(PROTOCOLS_STR, "http,https");
    SET(USERAGENT, "libovnk8s/" OVNK8S_VERSION);
    SET(HTTP_VERSION, shares ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    /* Waits for a connection that is being made, to share it. Only where that will be possible:
     * libcurl wakes nobody up when it turns out that it is not. */
    SET(PIPEWAIT, shares && call->kube->multiplexes ? 1L : 0L);
    SET(OPENSOCKETFUNCTION, open_socket);
    SET(SOCKOPTFUNCTION, set_up_socket);
    SET(TCP_KEEPALIVE, 1L);
    SET(TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    SET(TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_S);
    if (call->kube->connect_to) {
        SET(CONNECT_TO, call->kube->connect_to);
    }
    return result;
}

static struct curl_blob blob(const struct secret *secret)
{
    return (struct curl_blob){secret->text, strlen(secret->text), CURL_BLOB_COPY};
}

static CURLcode set_tls(const struct curl *curl, ovnk8s_kube *kube, CURL *easy)
{
    __typeof__(curl->easy_setopt) set = curl->easy_setopt;
    CURLcode result = CURLE_OK;
    struct curl_blob pem;

    SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(SSL_VERIFYPEER, kube->insecure ? 0L : 1L);
    SET(SSL_VERIFYHOST, kube->insecure ? 0L : 2L);
    if (kube->ca.text) {
        pem = blob(&kube->ca);
        SET(CAINFO_BLOB, &pem);
        SET(CAPATH, NULL); /* It alone: those that the system trusts would do too otherwise. */
    }
    if (kube->certificate.text && kube->key.text) {
        pem = blob(&kube->certificate);
        SET(SSLCERT_BLOB, &pem);
        pem = blob(&kube->key);
        SET(SSLKEY_BLOB, &pem);
    }
    return result;
}

static int set_options(struct kube_call *call)
{
    const struct curl *curl = call->kube->curl;
    _cleanup_text_ struct text url = {0};
    CURLcode result;

    text_printf(&url, "%s%s", call->kube->base, call->path);
    if (url.failed) {
        return fail_nomem();
    }
    result = set_request(curl, call, url.bytes);
    if (!result) {
        result = set_connection(curl, call);
    }
    if (!result) {
        result = set_tls(curl, call->kube, call->easy);
    }
    if (result == CURLE_OUT_OF_MEMORY) {
        return fail_nomem();
    }
    return result ? fail(OVNK8S_UNSUPPORTED, "libcurl: %s", curl->easy_strerror(result)) : 0;
}

int transfer_start(struct kube_call *call)
{
    const struct curl *curl = call->kube->curl;
    int error;

    call->easy = curl->easy_init();
    if (!call->easy) {
        return fail_nomem();
    }
    error = make_headers(call);
    if (!error) {
        error = set_options(call);
    }
    if (!error) {
        call->multi = &call->kube->multis[shares_connection(call) ? WRITES : READS];
        error = multi_open(call->multi);
    }
    if (!error && curl->multi_add_handle(call->multi->handle, call->easy)) {
        error = fail_nomem();
    }
    return error;
}

static int code_of(CURLcode result)
{
    switch (result) {
    case CURLE_OUT_OF_MEMORY:
        return OVNK8S_NOMEM;
    case CURLE_OPERATION_TIMEDOUT:
        return OVNK8S_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return OVNK8S_PERMISSION;
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return OVNK8S_INVALID;
    case CURLE_WRITE_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return OVNK8S_PROTOCOL;
    default:
        return OVNK8S_UNAVAILABLE;
    }
}

/* fail() for a transfer that ended with 'result'. */
int transfer_error(struct kube_call *call, CURLcode result)
{
    const struct curl *curl = call->kube->curl;
    long system_error = 0;

    if (call->body_error) {
        return fail(call->body_error, "%s", call->body_message);
    }
    curl->easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &system_error);
    if (result == CURLE_COULDNT_CONNECT && system_error) {
        return fail(OVNK8S_UNAVAILABLE, "%s", strerrordesc_np((int)system_error));
    }
    return fail(code_of(result), "%s",
                *call->curl_message ? call->curl_message : curl->easy_strerror(result));
}

void transfer_free(struct kube_call *call)
{
    if (call->easy) {
        if (call->multi && call->multi->handle) { /* Fine also for one that was never added. */
            call->kube->curl->multi_remove_handle(call->multi->handle, call->easy);
        }
        call->kube->curl->easy_cleanup(call->easy);
    }
    if (call->headers) {
        call->kube->curl->slist_free_all(call->headers);
    }
}
