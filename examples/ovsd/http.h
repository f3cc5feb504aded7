/* Answering over HTTP from within a daemon's main loop: metrics and health.
 *
 * Each page is made when it is asked for. Nobody can hold up the loop: what comes and goes is bound
 * in number and size, and who is silent or slow is cut off. There is no thread. */

#ifndef HTTP_H
#define HTTP_H

#include <stdint.h>

/* What a page says. */
struct http_reply {
    unsigned int status; /* 200 at first. */
    const char *type;    /* "text/plain; charset=utf-8" at first. */
    char *body;          /* Freed by free(); NULL: the standard words for the status. */
    const char *header;  /* The name of one more header; NULL: there is none. */
    char *value;         /* Of it; freed by free(). */
};

struct http_page {
    const char *path; /* "/metrics"; "*": any. */
    void (*tell)(struct http_reply *reply, void *payload);
};

/* Listens at 'address', "IP:PORT" or "[IPv6]:PORT", and answers with 'pages', an array
 * that ends with a path that is NULL and outlives the server, as does 'payload'. Returns NULL after
 * writing one line into '*why', to be freed by free(). */
struct http *http_listen(const char *address, const struct http_page pages[], void *payload,
                         char **why);

/* The same at 'port' of all addresses of the host. Anybody may come there, and there may be many
 * such servers, so each takes few connections. */
struct http *http_listen_everywhere(uint16_t port, const struct http_page pages[], void *payload,
                                    char **why);

void http_close(struct http *http); /* NULL is accepted. */

/* Handles what is ready, and says what to wait for in the loop of libopenvswitch. */
void http_run(struct http *http);
void http_wait(struct http *http);

#endif /* http.h */
