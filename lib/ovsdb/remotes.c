#include "ovsdb/remotes.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const char *const forms[] = {"unix:", "tcp:", "ssl:"};

static int check_remote(const char *remote)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (!strncmp(remote, forms[i], strlen(forms[i])) && remote[strlen(forms[i])]) {
            return 0;
        }
    }
    return fail(OVNK8S_INVALID,
                "remote \"%s\": expected unix:PATH, tcp:IP:PORT or ssl:IP:PORT, or several of them"
                " with commas between",
                remote);
}

int remotes_check(const char *remotes)
{
    _cleanup_free_ char *copy = strdup(remotes ? remotes : "");
    char *rest = copy, *remote;
    int error = copy ? 0 : fail_nomem();

    while (!error && (remote = strsep(&rest, ",")) != NULL) {
        error = check_remote(remote + strspn(remote, " \t"));
    }
    return error;
}

static void reverse(char *from, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const char other = from[i];

        from[i] = from[n - 1 - i];
        from[n - 1 - i] = other;
    }
}

/* "a,b,c" as a whole back to front is "c,b,a" with each part reversed; so is what is wanted. */
void remotes_rotate(char *remotes)
{
    const size_t length = strlen(remotes), first = strcspn(remotes, ",");

    if (first < length) {
        reverse(remotes, first);
        reverse(remotes + first + 1, length - first - 1);
        reverse(remotes, length);
    }
}
