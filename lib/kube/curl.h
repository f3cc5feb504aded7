/* libcurl, loaded at the first use.
 *
 * Linking it would cost every program that uses the library 4 to 8 ms of dynamic linking, also
 * those that never talk to Kubernetes. So its functions are called through a table:
 * curl->easy_init() is curl_easy_init(). */

#ifndef KUBE_CURL_H
#define KUBE_CURL_H

#include <curl/curl.h>

#define CURL_FUNCTIONS(X)                                                                          \
    X(global_init)                                                                                 \
    X(version_info)                                                                                \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_cleanup)                                                                                \
    X(easy_strerror)                                                                               \
    X(multi_init)                                                                                  \
    X(multi_setopt)                                                                                \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_socket_action)                                                                         \
    X(multi_info_read)                                                                             \
    X(multi_cleanup)                                                                               \
    X(multi_strerror)                                                                              \
    X(slist_append)                                                                                \
    X(slist_free_all)

struct curl {
#define CURL_MEMBER(NAME) __typeof__(curl_##NAME) *NAME;
    CURL_FUNCTIONS(CURL_MEMBER)
#undef CURL_MEMBER
};

/* Sets '*out' to the table, which stays for good. Fails with OVNK8S_UNSUPPORTED when libcurl is
 * missing or too old. May be called from any thread. */
int curl_load(const struct curl **out);

#endif /* curl.h */
