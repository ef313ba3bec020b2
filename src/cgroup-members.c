// SPDX-License-Identifier: MIT
/* Processes of a cgroup, see cgroup-members.h. The id that the kernel tells with a socket is a file
 * handle: open_by_handle_at(2) finds the directory without its name. */
#include "cgroup-members.h"

#include "array.h"
#include "cleanup.h"
#include "procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define FILEID_KERNFS 0xfe
#define DEPTH_MAX 32

int pid_list_add(struct pid_list *list, pid_t pid)
{
	pid_t *items = array_extend(list->items, list->count, &list->room, sizeof *list->items);

	if (!items)
		return -ENOMEM;
	list->items = items;
	list->items[list->count++] = pid;
	return 0;
}

void pid_list_free(struct pid_list *list)
{
	free(list->items);
	*list = (struct pid_list){ 0 };
}

/* ---- the tree ----------------------------------------------------------------------------- */

static int open_if_cgroup2(const char *path)
{
	struct statfs fs;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && (fstatfs(fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Mounted at an unusual place: "36 35 0:31 / /mnt/cgroup rw - cgroup2 cgroup2 rw". */
static int search_mounts(void)
{
	autofile FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	int fd = -1;

	while (mounts && fd < 0 && fgets(line, sizeof line, mounts)) {
		const char *at = line;
		if (!strstr(line, " - cgroup2 "))
			continue;
		for (int i = 0; i < 4; i++)
			at += strcspn(at, " ") + (at[strcspn(at, " ")] != 0);
		line[(size_t)(at - line) + strcspn(at, " ")] = '\0';
		fd = open_if_cgroup2(at);
	}
	return fd;
}

void cgroup_tree_open(struct cgroup_tree *ret)
{
	static const char *const usual[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct stat st;

	*ret = (struct cgroup_tree){ .mount = -1 };
	for (size_t i = 0; i < 2 && ret->mount < 0; i++)
		ret->mount = open_if_cgroup2(usual[i]);
	if (ret->mount < 0)
		ret->mount = search_mounts();
	if (ret->mount >= 0 && !fstat(ret->mount, &st))
		ret->root = st.st_ino;
}

void cgroup_tree_close(struct cgroup_tree *tree)
{
	if (tree->mount >= 0)
		close(tree->mount);
	tree->mount = -1;
}

/* ---- members ------------------------------------------------------------------------------ */

/* The numbers in a list of pids; 0 stands for a process outside our pid namespace. */
static int add_pids(int directory, struct pid_list *list)
{
	autofd int fd = openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char buffer[4096];
	pid_t pid = 0;
	ssize_t size;

	if (fd < 0)
		return -errno;
	while ((size = read(fd, buffer, sizeof buffer)) > 0) {
		for (ssize_t i = 0; i < size; i++) {
			if (buffer[i] >= '0' && buffer[i] <= '9' && pid < (1 << 27)) {
				pid = 10 * pid + (buffer[i] - '0');
				continue;
			}
			if (pid && pid_list_add(list, pid) < 0)
				return -ENOMEM;
			pid = 0;
		}
	}
	return size < 0 ? -errno : 0;
}

static int add_members(int directory, int depth, struct pid_list *list)
{
	int rc = add_pids(directory, list);

	if (rc == -EOPNOTSUPP) /* a threaded cgroup: its processes are listed above it */
		rc = 0;
	if (rc < 0 || depth == DEPTH_MAX)
		return rc;
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	if (!entries) {
		rc = -errno;
		if (copy >= 0)
			close(copy);
		return rc;
	}
	for (struct dirent *entry; (entry = readdir(entries));) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		autofd int child =
			openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0 && add_members(child, depth + 1, list) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

int cgroup_members(const struct cgroup_tree *tree, uint64_t id, struct pid_list *list)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} handle = { .head = { .handle_bytes = sizeof id, .handle_type = FILEID_KERNFS } };

	if (tree->mount < 0)
		return -EOPNOTSUPP;
	memcpy(handle.head.f_handle, &id, sizeof id);
	autofd int fd =
		open_by_handle_at(tree->mount, &handle.head, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : add_members(fd, 0, list);
}

uint64_t cgroup_id_of(const struct cgroup_tree *tree, int process)
{
	char text[8192];
	struct stat st;

	if (tree->mount < 0 || procfs_read(process, "cgroup", text, sizeof text) < 0)
		return 0;
	for (char *line = text; *line;
	     line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != 0)) {
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		const char *path = line[4] ? line + 4 : ".";
		return fstatat(tree->mount, path, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_ino;
	}
	return 0;
}
