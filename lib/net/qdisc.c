#include "net/qdisc.h"

#include <inttypes.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "base/error.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/private.h"

#define ROOT_HANDLE 0x10000u /* "1:" */

static uint32_t bytes_of(uint64_t bits)
{
    return bits / 8 < UINT32_MAX ? (uint32_t)(bits / 8) : UINT32_MAX;
}

static int send_limit(struct netns *ns, unsigned int index, uint64_t rate, uint64_t burst,
                      uint64_t backlog)
{
    const struct tcmsg header = {.tcm_family = AF_UNSPEC,
                                 .tcm_ifindex = (int)index,
                                 .tcm_handle = ROOT_HANDLE,
                                 .tcm_parent = TC_H_ROOT};
    const struct tc_tbf_qopt options = {.rate.rate = bytes_of(rate),
                                        .rate.linklayer = TC_LINKLAYER_ETHERNET,
                                        .limit = bytes_of(backlog + burst)};
    const uint64_t rate64 = rate / 8;
    _cleanup_request_ struct request request =
        request_new(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
    struct nlattr *nest;

    request_put_string(&request, TCA_KIND, "tbf");
    nest = request_nest(&request, TCA_OPTIONS);
    request_put(&request, TCA_TBF_PARMS, &options, sizeof options);
    request_put(&request, TCA_TBF_RATE64, &rate64, sizeof rate64);
    request_put_u32(&request, TCA_TBF_BURST, bytes_of(burst));
    request_nest_end(&request, nest);
    return request_send(ns, &request, NULL, NULL);
}

int link_limit_rate(struct netns *ns, const char *name, uint64_t rate, uint64_t burst,
                    uint64_t backlog)
{
    struct link_info link;
    int error = link_find(ns, name, &link);

    error = error ? error : send_limit(ns, link.index, rate, burst, backlog);
    return error ? fail_during(error, "link", name,
                               "limiting link %s in %s to %" PRIu64 " bit/s (tbf)", name,
                               netns_name(ns), rate)
                 : 0;
}
