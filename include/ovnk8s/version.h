/* The version of the library. */

#ifndef OVNK8S_VERSION_H
#define OVNK8S_VERSION_H

#include <ovnk8s/common.h>

OVNK8S_BEGIN_DECLS

/* The version that the caller is compiled with, as numbers and as text. */
#define OVNK8S_VERSION_MAJOR 0
#define OVNK8S_VERSION_MINOR 1
#define OVNK8S_VERSION_PATCH 0
#define OVNK8S_VERSION "0.1.0"

/* Returns the version of the library that is loaded, as "MAJOR.MINOR.PATCH": a constant string,
 * which may differ from OVNK8S_VERSION, the version that the caller was compiled with. */
OVNK8S_API const char *ovnk8s_version(void);

OVNK8S_END_DECLS

#endif /* version.h */
