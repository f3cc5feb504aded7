#include "kube/connection.h"
void reflectors_step(ovnk8s_kube *kube)
{
    (void)kube;
}
int64_t reflectors_deadline(const ovnk8s_kube *kube)
{
    (void)kube;
    return INT64_MAX;
}
void reflectors_drop(ovnk8s_kube *kube)
{
    (void)kube;
}
