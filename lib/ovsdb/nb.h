/* The Northbound database: what ovnk8s_nb is inside. */

#ifndef OVSDB_NB_H
#define OVSDB_NB_H

#include <ovnk8s/nb.h>
#include <ovnk8s/plan.h>

#include "ovsdb/conn.h"

struct conn *nb_conn(ovnk8s_nb *nb);

/* Waits until ovn-northd, or every chassis, has caught up with all that was committed so far. */
int nb_wait(ovnk8s_nb *nb, enum ovnk8s_wait wait, const struct deadline *deadline);

#endif /* nb.h */
