/* What every header of libovnk8s stands on: the export mark and the attributes of declarations. */

#ifndef OVNK8S_COMMON_H
#define OVNK8S_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define OVNK8S_BEGIN_DECLS extern "C" {
#define OVNK8S_END_DECLS }
#else
#define OVNK8S_BEGIN_DECLS
#define OVNK8S_END_DECLS
#endif

#if defined(__GNUC__)
#define OVNK8S_API __attribute__((visibility("default")))
#define OVNK8S_MUST_CHECK __attribute__((warn_unused_result))
#else
#define OVNK8S_API
#define OVNK8S_MUST_CHECK
#endif

#endif /* common.h */
