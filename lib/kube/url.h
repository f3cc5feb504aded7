/* URLs of servers and requests. */

#ifndef KUBE_URL_H
#define KUBE_URL_H

#include <stdbool.h>

#include "base/text.h"

/* A server's URL taken apart. */
struct url {
    bool tls;
    char host[256]; /* IPv6 addresses in brackets. */
    char port[6];   /* Never empty. */
    char path[256]; /* "" or "/prefix", without a slash at the end. */
};

/* Takes apart "https://HOST[:PORT][/PREFIX]", "http://..." or "HOST[:PORT]", which is http. Fails
 * with OVNK8S_INVALID. */
int url_parse(const char *server, struct url *out);

/* Whether 'path' can be sent as it is: begins with "/", no spaces, no control characters. */
bool url_path_is_valid(const char *path);

/* Adds 'value' with all but unreserved characters percent-encoded. */
void url_add_encoded(struct text *text, const char *value);

#endif /* url.h */
