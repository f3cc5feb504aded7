/* All of libovnk8s. */

#ifndef OVNK8S_OVNK8S_H
#define OVNK8S_OVNK8S_H

#include <ovnk8s/apply.h>
#include <ovnk8s/cancel.h>
#include <ovnk8s/cni.h>
#include <ovnk8s/common.h>
#include <ovnk8s/error.h>
#include <ovnk8s/flows.h>
#include <ovnk8s/gateway.h>
#include <ovnk8s/gateway_helper.h>
#include <ovnk8s/gateway_host.h>
#include <ovnk8s/host.h>
#include <ovnk8s/kube.h>
#include <ovnk8s/leader.h>
#include <ovnk8s/log.h>
#include <ovnk8s/memory.h>
#include <ovnk8s/nb.h>
#include <ovnk8s/network.h>
#include <ovnk8s/plan.h>
#include <ovnk8s/plug.h>
#include <ovnk8s/port.h>
#include <ovnk8s/sb.h>
#include <ovnk8s/service.h>
#include <ovnk8s/settings.h>
#include <ovnk8s/subnet.h>
#include <ovnk8s/topology.h>
#include <ovnk8s/trace.h>
#include <ovnk8s/uplink.h>
#include <ovnk8s/version.h>
#include <ovnk8s/vswitch.h>
#include <ovnk8s/watcher.h>

#endif /* ovnk8s.h */
