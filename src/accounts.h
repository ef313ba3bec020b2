/* SPDX-License-Identifier: MIT
 *
 * The users and groups of /etc/passwd and /etc/group, as glibc's "files" service reads them. Other
 * sources (LDAP, systemd-userdb) are not asked: an offline tree has none.
 */
#ifndef KEELTUNE_ACCOUNTS_H
#define KEELTUNE_ACCOUNTS_H

#include "model.h"

struct host;

struct account {
	const char *name;
	uid_t uid;
	gid_t gid;
	const char *shell;   /* "" : the default one */
	const gid_t *groups; /* supplementary, as the group file says */
	size_t group_count;
};

struct user_group {
	const char *name;
	gid_t gid;
	const char **members;
	size_t member_count;
};

struct accounts {
	struct account *users; /* in the order of the file; a repeated name only the first time */
	size_t user_count;
	struct user_group *groups; /* in the order of the file, all of them */
	size_t group_count;
	const struct account **users_by_name;
	const struct user_group **groups_by_name; /* a repeated name: the first of the file first */
	const struct user_group **groups_by_gid;
	const char *unreadable; /* why a file could not be read, or NULL */
	struct origin unreadable_file;
};

/* Pure. Malformed lines are skipped. */
void accounts_parse(struct pool *pool, const char *passwd, size_t passwd_size, const char *group,
		    size_t group_size, struct accounts *ret);

void accounts_read(struct host *host, struct accounts *ret);

const struct account *accounts_find(const struct accounts *accounts, const char *name);
const struct user_group *accounts_find_group(const struct accounts *accounts, const char *name);
bool accounts_has_gid(const struct accounts *accounts, gid_t gid);

bool account_in_group(const struct account *account, gid_t gid);
/* Is it meant for people: a shell that is not nologin, false, sync, shutdown or halt. */
bool account_has_login_shell(const struct account *account);

#endif
