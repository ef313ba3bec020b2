// SPDX-License-Identifier: MIT
/* What stands between pam_limits.so and the system, see limits-session.h: functions of the C
 * library that the module (and libpam for it) finds here first, because the program is linked with
 * -rdynamic. Paths lead into the tree, users and groups come from it, limits are those of the
 * made-up process. */
#include "limits-session.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <utmp.h>

struct limits_session limits_session;

static const char *moved(const char *path, char *buffer, size_t size)
{
	static const char *const ours[] = { "/etc/", "/proc/", "/usr/share/" };

	if (!limits_session.active)
		return path;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		if (strncmp(path, ours[i], strlen(ours[i])) != 0)
			continue;
		snprintf(buffer, size, "%s%s", limits_session.tree, path);
		return buffer;
	}
	return path;
}

/* dlsym() into a function pointer, the way POSIX asks for. */
static void find_real(const char *name, void *place)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	memcpy(place, &function, sizeof function);
}

FILE *fopen(const char *path, const char *mode)
{
	static FILE *(*next)(const char *, const char *);
	char buffer[4096];

	if (!next)
		find_real("fopen", &next);
	return next(moved(path, buffer, sizeof buffer), mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

int stat(const char *restrict path, struct stat *restrict st)
{
	char buffer[4096];

	return fstatat(AT_FDCWD, moved(path, buffer, sizeof buffer), st, 0);
}

int glob(const char *restrict pattern, int flags, int (*on_error)(const char *, int),
	 glob_t *restrict found)
{
	static int (*next)(const char *, int, int (*)(const char *, int), glob_t *);
	char buffer[4096];

	if (!next)
		find_real("glob", &next);
	return next(moved(pattern, buffer, sizeof buffer), flags, on_error, found);
}

int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
	if (!limits_session.active)
		return prlimit(0, resource, NULL, limit);
	*limit = limits_session.limits[resource];
	return 0;
}

/* do_prlimit() of kernel/sys.c. */
static int set_limit(unsigned resource, const struct rlimit *limit)
{
	int error = 0;

	if (limit->rlim_cur > limit->rlim_max)
		error = EINVAL;
	else if ((resource == RLIMIT_NOFILE && limit->rlim_max > limits_session.nr_open) ||
		 (limit->rlim_max > limits_session.limits[resource].rlim_max &&
		  !limits_session.capable))
		error = EPERM;
	if (error) {
		errno = error;
		return -1;
	}
	limits_session.limits[resource] = *limit;
	return 0;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	if (!limits_session.active)
		return prlimit(0, resource, limit, NULL);
	return set_limit(resource, limit);
}

int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit)
{
	return getrlimit(resource, (struct rlimit *)limit);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
	return setrlimit(resource, (const struct rlimit *)limit);
}

int getpriority(__priority_which_t which, id_t who)
{
	(void)which;
	(void)who;
	return 0;
}

int setpriority(__priority_which_t which, id_t who, int priority)
{
	(void)which;
	(void)who;
	(void)priority;
	return 0;
}

int prctl(int option, ...)
{
	(void)option;
	return 0;
}

int chdir(const char *path)
{
	char full[8500];
	struct stat st;

	snprintf(full, sizeof full, "%s/%s", limits_session.tree, path);
	if (fstatat(AT_FDCWD, full, &st, 0))
		return -1;
	if (S_ISDIR(st.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

int chroot(const char *path)
{
	(void)path;
	return 0;
}

void syslog(int priority, const char *format, ...)
{
	(void)priority;
	(void)format;
}

int audit_open(void);
int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

void setutent(void)
{
}

struct utmp *getutent(void)
{
	return NULL;
}

void endutent(void)
{
}

/* As nss_files looks a user up; glibc parses the lines. */
int getpwnam_r(const char *restrict name, struct passwd *restrict user, char *restrict buffer,
	       size_t size, struct passwd **restrict ret)
{
	FILE *file = fopen("/etc/passwd", "re");
	int rc = ENOENT;

	*ret = NULL;
	while (file && !(rc = fgetpwent_r(file, user, buffer, size, ret)))
		if (*user->pw_name != '+' && *user->pw_name != '-' && !strcmp(user->pw_name, name))
			break;
	if (rc)
		*ret = NULL;
	if (file)
		fclose(file);
	return rc == ENOENT ? 0 : rc;
}

static int find_group(const char *name, gid_t gid, struct group *group, char *buffer, size_t size,
		      struct group **ret)
{
	FILE *file = fopen("/etc/group", "re");
	int rc = ENOENT;

	*ret = NULL;
	while (file && !(rc = fgetgrent_r(file, group, buffer, size, ret)))
		if (*group->gr_name != '+' && *group->gr_name != '-' &&
		    (name ? !strcmp(group->gr_name, name) : group->gr_gid == gid))
			break;
	if (rc)
		*ret = NULL;
	if (file)
		fclose(file);
	return rc == ENOENT ? 0 : rc;
}

int getgrnam_r(const char *restrict name, struct group *restrict group, char *restrict buffer,
	       size_t size, struct group **restrict ret)
{
	return find_group(name, 0, group, buffer, size, ret);
}

int getgrgid_r(gid_t gid, struct group *restrict group, char *restrict buffer, size_t size,
	       struct group **restrict ret)
{
	return find_group(NULL, gid, group, buffer, size, ret);
}

int getgrouplist(const char *user, gid_t primary, gid_t *groups, int *count)
{
	FILE *file = fopen("/etc/group", "re");
	char buffer[65536];
	struct group group, *found;
	int total = 0;

	if (total++ < *count)
		groups[0] = primary;
	while (file && !fgetgrent_r(file, &group, buffer, sizeof buffer, &found)) {
		if (*group.gr_name == '+' || *group.gr_name == '-')
			continue;
		for (char **member = group.gr_mem; *member; member++)
			if (!strcmp(*member, user) && group.gr_gid != primary && total++ < *count)
				groups[total - 1] = group.gr_gid;
	}
	if (file)
		fclose(file);
	bool fits = total <= *count;
	*count = total;
	return fits ? total : -1;
}
