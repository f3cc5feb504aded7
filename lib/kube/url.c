#include "kube/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static bool take_host(const char **p, struct url *out)
{
    size_t length;

    if (**p == '[') {
        length = 1 + strspn(*p + 1, "0123456789abcdefABCDEF:.");
        if ((*p)[length++] != ']' || length < 4) {
            return false;
        }
    } else {
        length = strspn(*p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._");
    }
    if (!length || length >= sizeof out->host) {
        return false;
    }
    memcpy(out->host, *p, length);
    out->host[length] = '\0';
    *p += length;
    return true;
}

static bool take_port(const char **p, struct url *out)
{
    size_t length;

    strcpy(out->port, out->tls ? "443" : "80");
    if (**p != ':') {
        return true;
    }
    ++*p;
    length = strspn(*p, "0123456789");
    if (!length || length >= sizeof out->port || **p == '0') {
        return false;
    }
    memcpy(out->port, *p, length);
    out->port[length] = '\0';
    *p += length;
    return atoi(out->port) <= 65535;
}

static bool take_path(const char *p, struct url *out)
{
    size_t length = strlen(p);

    while (length && p[length - 1] == '/') {
        length--;
    }
    if (length >= sizeof out->path) {
        return false;
    }
    memcpy(out->path, p, length);
    out->path[length] = '\0';
    return !length || (url_path_is_valid(out->path) && !strpbrk(out->path, "?#"));
}

int url_parse(const char *server, struct url *out)
{
    const char *p = server;

    memset(out, 0, sizeof *out);
    out->tls = !strncmp(p, "https://", 8);
    p += out->tls ? 8 : !strncmp(p, "http://", 7) ? 7 : 0;
    if (!take_host(&p, out) || !take_port(&p, out) || !take_path(p, out)) {
        return fail(OVNK8S_INVALID,
                    "server \"%s\": expected https://HOST[:PORT], http://HOST[:PORT] or HOST:PORT",
                    server);
    }
    return 0;
}

bool url_path_is_valid(const char *path)
{
    if (*path != '/') {
        return false;
    }
    for (; *path; path++) {
        if ((unsigned char)*path <= ' ' || (unsigned char)*path >= 0x7f || *path == '#') {
            return false;
        }
    }
    return true;
}

void url_add_encoded(struct text *text, const char *value)
{
    while (*value) {
        const size_t plain = strspn(value, alphanumeric);

        text_add_bytes(text, value, plain);
        value += plain;
        if (*value && strchr("-._~", *value)) {
            text_add_bytes(text, value++, 1);
        } else if (*value) {
            text_printf(text, "%%%02X", (unsigned char)*value++);
        }
    }
}
