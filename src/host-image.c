// SPDX-License-Identifier: MIT
/* What stands at a place right now, with all its attributes, and what host this is; see host.h. */
#include "host.h"

#include "cleanup.h"
#include "pool.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

/* ---- images ------------------------------------------------------------------------------ */

static int read_xattrs(struct pool *pool, int fd, struct image *image)
{
	char names[4096];
	ssize_t size = flistxattr(fd, names, sizeof names);

	if (size < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *name = names; name < names + size; name += strlen(name) + 1) {
		char bytes[65536];
		if (!xattr_is_kept(name))
			continue;
		ssize_t length = fgetxattr(fd, name, bytes, sizeof bytes);
		if (length < 0)
			return -errno;
		image->xattrs =
			pool_extend(pool, image->xattrs, image->xattr_count, sizeof *image->xattrs);
		image->xattrs[image->xattr_count++] =
			(struct xattr){ .name = pool_strdup(pool, name),
					.bytes = pool_copy(pool, bytes, (size_t)length),
					.size = (size_t)length };
	}
	return 0;
}

int host_image(struct host *host, const char *path, struct image *ret_image)
{
	bool kernel = !strncmp(path, "/proc/sys/", strlen("/proc/sys/"));
	struct image image = { .bytes = "" };
	struct stat st;

	autofd int fd = host_open_file(host, path, &st);
	if (fd == -ENOENT || fd == -ENOTDIR) {
		*ret_image = image;
		return 0;
	}
	if (fd < 0)
		return fd;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > HOST_FILE_MAX)
		return -EFBIG;
	image.exists = true;
	int rc = host_read_all(host_pool(host), fd, (size_t)st.st_size, true, &image.bytes,
			       &image.size);
	if (rc < 0)
		return rc;
	if (kernel) {
		while (image.size && image.bytes[image.size - 1] == '\n')
			image.size--;
		image.bytes = pool_copy(host_pool(host), image.bytes, image.size);
		*ret_image = image;
		return 0;
	}
	image.mode = st.st_mode & 07777;
	image.uid = st.st_uid;
	image.gid = st.st_gid;
	rc = read_xattrs(host_pool(host), fd, &image);
	if (rc < 0)
		return rc;
	*ret_image = image;
	return 0;
}

/* ---- identity ---------------------------------------------------------------------------- */

static const char *first_line(struct host *host, const struct file *file)
{
	if (file->state != FILE_PRESENT || !file->size)
		return NULL;
	size_t size = strcspn(file->bytes, "\n");
	return size ? pool_copy(host_pool(host), file->bytes, size) : NULL;
}

static const char *os_name(struct host *host)
{
	const struct file *file = host_file(host, "/etc/os-release");
	static const char key[] = "PRETTY_NAME=";

	if (file->state != FILE_PRESENT)
		file = host_file(host, "/usr/lib/os-release");
	for (const char *line = file->bytes; *line; line += strcspn(line, "\n") + 1) {
		if (!strncmp(line, key, sizeof key - 1)) {
			const char *text = line + sizeof key - 1;
			bool quoted = *text == '"' || *text == '\'';
			text += quoted;
			return pool_copy(host_pool(host), text,
					 strcspn(text, quoted ? "\"'\n" : "\n"));
		}
		if (!line[strcspn(line, "\n")])
			break;
	}
	return NULL;
}

const char *host_machine_id(struct host *host)
{
	return first_line(host, host_file(host, "/etc/machine-id"));
}

void host_identify(struct host *host, struct host_identity *ret_identity)
{
	struct utsname uts;

	*ret_identity = (struct host_identity){
		.os = os_name(host),
	};
	if (!host_is_live(host)) {
		ret_identity->name = first_line(host, host_file(host, "/etc/hostname"));
	} else if (!uname(&uts)) {
		ret_identity->name = pool_strdup(host_pool(host), uts.nodename);
		ret_identity->kernel = pool_strdup(host_pool(host), uts.release);
	}
	if (!ret_identity->name)
		ret_identity->name = "unknown";
}

const char *host_boot_id(struct host *host)
{
	return first_line(host, host_kernel(host, BOOT_ID));
}
