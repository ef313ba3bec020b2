// SPDX-License-Identifier: MIT
/* Does the libpam of this host load the stacks that a plan edits? Asked of libpam itself, in a
 * child with mounts of its own, where a private copy of /etc/pam.d has the new bytes: a module that
 * hangs or crashes ends the child, and nothing is seen outside of it. No module is called, but
 * libpam loads them all, as every login does. */
#include "pam-trial.h"

#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "library.h"
#include "plan.h"
#include "pool.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIRECTORY "/etc/pam.d"
#define SECONDS 10 /* for a module that does not come back from being loaded */

/* Exit statuses of the child; from 10 on what pam_start(3) returned. */
enum answer { LOADS, NO_COPY, NO_LIBPAM, REFUSED = 10 };

/* _pam_types.h; libpam is not linked, as most commands do not need it. */
struct pam_conv {
	int (*conv)(int count, const void **messages, void **responses, void *data);
	void *data;
};
typedef int pam_start_function(const char *service, const char *user, const struct pam_conv *conv,
			       void **ret_handle);

static int no_conversation(int count, const void **messages, void **responses, void *data)
{
	(void)count;
	(void)messages;
	(void)responses;
	(void)data;
	return 19; /* PAM_CONV_ERR */
}

/* A file system that nobody else sees, with the files as HOST, with the plan, has them. */
static bool copy_directory(struct host *host)
{
	const struct directory *names = host_directory(host, DIRECTORY);

	/* Without the second step the mount would be seen by everybody. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", DIRECTORY, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755"))
		return false;
	autofd int directory = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < names->count; i++) {
		const struct file *file = host_file(
			host, pool_printf(host_pool(host), DIRECTORY "/%s", names->names[i]));
		if (file->state == FILE_PRESENT &&
		    store_put_private(directory, names->names[i], file->bytes, file->size))
			return false;
	}
	return directory >= 0;
}

static int ask_libpam(const char *service)
{
	static const struct pam_conv conversation = { .conv = no_conversation };
	void *handle = NULL;
	pam_start_function *start;
	const struct library_symbol symbol = { "pam_start", &start };

	if (!library_load("libpam.so.0", &symbol, 1))
		return NO_LIBPAM;
	int rc = start(service, "root", &conversation, &handle);
	return rc ? REFUSED + (rc & 63) : LOADS;
}

/* Signals are held, or ignored, in a keeltune that has begun to change something or whose parent
 * wanted it so: a module that hangs must end all the same. */
static void receive_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGALRM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child(struct host *host, const char *service)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	receive_signals();
	alarm(SECONDS);
	return copy_directory(host) ? ask_libpam(service) : NO_COPY;
}

static int try_service(struct host *host, const char *service, struct plan *plan, struct error *err)
{
	struct origin origin = { .file = pool_printf(plan->pool, DIRECTORY "/%s", service) };
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return error_set(err, -errno, "cannot try the PAM stack of %s: %s", service,
				 strerror(errno));
	if (!pid)
		_exit(child(host, service));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return error_set(err, -EINVAL,
				 "the PAM stack of %s would not load: libpam %s when it is tried",
				 service,
				 WTERMSIG(status) == SIGALRM ? "hangs" : "ends with a signal");
	if (WEXITSTATUS(status) >= REFUSED)
		return error_set(err, -EINVAL,
				 "the PAM stack of %s would not load: pam_start(3) fails with %d "
				 "when it is tried",
				 service, WEXITSTATUS(status) - REFUSED);
	if (WEXITSTATUS(status) != LOADS)
		notes_add(&plan->notes, NULL, origin, "not tried with libpam: %s",
			  WEXITSTATUS(status) == NO_COPY ? "this process may not mount"
							 : "there is no libpam.so.0");
	return 0;
}

int pam_trial(struct host *host, struct plan *plan, struct error *err)
{
	static const char prefix[] = DIRECTORY "/";
	int rc = 0;

	for (size_t i = 0; !rc && i < plan->count && host_is_live(host); i++) {
		const struct change *change = &plan->changes[i];
		if (change->kind == CHANGE_FILE && change->after.exists &&
		    !strncmp(change->path, prefix, strlen(prefix)))
			rc = try_service(host, change->path + strlen(prefix), plan, err);
	}
	return rc;
}
