#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int descriptor_aside(int fd)
{
    int aside, error;

    if (fd < 0 || fd > STDERR_FILENO) {
        return fd;
    }
    aside = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    error = errno;
    close(fd);
    errno = error;
    return aside;
}

struct descriptor_guard descriptors_take(void)
{
    struct descriptor_guard guard = {.taken = {false}};
    int fd;

    while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO) {
        guard.taken[fd] = true;
    }
    if (fd >= 0) {
        close(fd);
    }
    return guard;
}

void descriptors_give_back(const struct descriptor_guard *guard)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (guard->taken[fd]) {
            close(fd);
        }
    }
}
