/* Lists of remotes, "tcp:10.0.0.1:6641,tcp:10.0.0.2:6641": the servers of one database. */

#ifndef OVSDB_REMOTES_H
#define OVSDB_REMOTES_H

/* Fails with OVNK8S_INVALID unless 'remotes', which may be NULL, is such a list. */
int remotes_check(const char *remotes);

/* Moves the first remote of the list to its end, in place. */
void remotes_rotate(char *remotes);

#endif /* remotes.h */
