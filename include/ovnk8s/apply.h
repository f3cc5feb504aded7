/* Plans applied in the caller's event loop.
 *
 * ovnk8s_plan_apply() and ovnk8s_plan_compute() wait. Here the same goes on step by step, and
 * waiting is the caller's:
 *
 *     error = ovnk8s_plan_apply_start(&apply, plan, nb, NULL);
 *     while (!error && !ovnk8s_apply_is_over(apply)) {
 *         struct pollfd fd = {.fd = ovnk8s_apply_fd(apply), .events = POLLIN};
 *         poll(&fd, 1, ovnk8s_apply_timeout(apply));
 *         error = ovnk8s_apply_step(apply);
 *     }
 *     ovnk8s_apply_free(apply);
 *
 * Thread rule: it belongs to one thread at a time, together with its plan and its connection. */

#ifndef OVNK8S_APPLY_H
#define OVNK8S_APPLY_H

#include <stdbool.h>

#include <ovnk8s/common.h>
#include <ovnk8s/nb.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* A plan that is being applied, or computed. */
typedef struct ovnk8s_apply ovnk8s_apply;

/* Start, in '*out', what ovnk8s_plan_apply() and ovnk8s_plan_compute() do; nothing is done before
 * the first step. '*out' is to be freed by ovnk8s_apply_free(). Until then plan and connection must
 * not be used otherwise. 'options' may be NULL; its timeout runs from now on.
 *
 * Errors: OVNK8S_INVALID (options), OVNK8S_NOMEM, OVNK8S_SYSTEM (no descriptor left). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plan_apply_start(ovnk8s_apply **out, ovnk8s_plan *plan,
                                                         ovnk8s_nb *nb,
                                                         const ovnk8s_apply_options *options);
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plan_compute_start(ovnk8s_apply **out, ovnk8s_plan *plan,
                                                           ovnk8s_nb *nb,
                                                           const ovnk8s_apply_options *options);

/* Frees it; one that is not over is given up: nobody knows then whether it was committed, and
 * applying the plan again is safe. NULL is accepted. */
OVNK8S_API void ovnk8s_apply_free(ovnk8s_apply *apply);

/* Returns a file descriptor that is readable when there is something to do. It stays the same and
 * belongs to 'apply'. */
OVNK8S_API int ovnk8s_apply_fd(const ovnk8s_apply *apply);

/* Returns after how many milliseconds there will be something to do even if the descriptor stays
 * silent, as poll() takes it. */
OVNK8S_API int ovnk8s_apply_timeout(const ovnk8s_apply *apply);

/* Does what there is to do, without waiting for anything. Returns 0 as long as it is not over, and
 * when it has succeeded.
 *
 * Errors: once it is over, as ovnk8s_plan_apply() or ovnk8s_plan_compute(). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_apply_step(ovnk8s_apply *apply);

/* Returns whether it is over, well or not. */
OVNK8S_API bool ovnk8s_apply_is_over(const ovnk8s_apply *apply);

OVNK8S_END_DECLS

#endif /* apply.h */
