/* What links leave to others to compute. */

#ifndef NET_OFFLOAD_H
#define NET_OFFLOAD_H

struct netns;

/* Lets the kernel itself complete the checksums of what is sent over the link, which takes
 * segmentation of TCP from the link, too: a reader of raw packets on the other end of a veth gets
 * them unfinished otherwise. */
int link_tx_checksum_off(struct netns *ns, const char *name);

#endif /* offload.h */
