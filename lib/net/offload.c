#include "net/offload.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/netns.h"

/* In the thread that is inside the namespace, since the socket is of that. */
static int turn_off_inside(void *name)
{
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ethtool_value value = {.cmd = ETHTOOL_STXCSUM, .data = 0};
    struct ifreq request = {.ifr_data = (void *)&value};

    if (fd < 0) {
        return fail_errno(errno, "socket");
    }
    memcpy(request.ifr_name, name, strnlen(name, sizeof request.ifr_name - 1));
    return ioctl(fd, SIOCETHTOOL, &request) < 0 ? fail_errno(errno, "SIOCETHTOOL") : 0;
}

int link_tx_checksum_off(struct netns *ns, const char *name)
{
    const int error = netns_run(ns, turn_off_inside, (void *)name);

    return error ? fail_during(error, "link", name,
                               "turning off the TX checksum offload of link %s in %s", name,
                               netns_name(ns))
                 : 0;
}
