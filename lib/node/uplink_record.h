/* The record of an uplink: what is needed to finish moving an interface onto its bridge, to undo
 * it, or to do it again after a reboot. It is kept in external_ids of the bridge. */

#ifndef NODE_UPLINK_RECORD_H
#define NODE_UPLINK_RECORD_H

#include <ovnk8s/uplink.h>

#include "base/row.h"
#include "net/net.h"

#define UPLINK_KEY "ovnk8s-uplink" /* Whose value is the interface's name. */

enum { LIFE_TEXT = 64 };

struct uplink_record {
    char nic[IFNAMSIZ];
    enum ovnk8s_uplink_state state;
    unsigned int mtu;
    int64_t time;         /* When it was made, in seconds since 1970: lifetimes run from then on. */
    char life[LIFE_TEXT]; /* Of the bridge's link that the configuration was given to; of a link
                           * with index 0 before that. */
    struct text sysctls;  /* As sysctl_list_link() gives them, of both families. */
    struct ipconf conf;
};

void uplink_record_clear(struct uplink_record *record);
#define _cleanup_record_ __attribute__((cleanup(uplink_record_clear)))

/* Adds the record to the Bridge row that is wanted. */
int uplink_record_write(const struct uplink_record *record, struct row *bridge);

/* Reads the record out of a Bridge row. Lifetimes are what is left of them now. What leads over
 * other links as well is lost by a reboot. */
int uplink_record_read(const struct row *bridge, struct uplink_record *out);

/* Tells this link from any that had its name earlier, or in an earlier boot. */
void uplink_life(const struct link_info *link, char out[static LIFE_TEXT]);

/* The value of the setting, such as "ipv6/disable_ipv6", in 'out'; false when it is the usual. */
bool uplink_record_sysctl(const struct uplink_record *record, const char *key, char *out,
                          size_t size);

#endif /* uplink_record.h */
