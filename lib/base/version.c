#include <ovnk8s/version.h>

const char *ovnk8s_version(void)
{
    return OVNK8S_VERSION;
}
