// SPDX-License-Identifier: MIT
/* The process table by procps, see processes.h. No PIDS_VAL(): what it takes changed in 4.0.5. This
 * is the only file that knows the library; the Makefile says which there is. */
#include "processes.h"

#include "library.h"
#include "pool.h"

#include <errno.h>

#if defined KEELTUNE_LIBPROC2 || defined KEELTUNE_LIBPROCPS

static void keep(struct pool *pool, pid_t **pids, size_t *count, pid_t pid)
{
	*pids = pool_extend(pool, *pids, *count, sizeof **pids);
	(*pids)[(*count)++] = pid;
}

#endif

#if defined KEELTUNE_LIBPROC2 /* ---- procps 4 ------------------------------------------------ */

#include <libproc2/pids.h>

static struct {
	int (*create)(struct pids_info **info, enum pids_item *items, int count);
	struct pids_fetch *(*select)(struct pids_info *info, unsigned *ids, int count,
				     enum pids_select_type which);
	int (*release)(struct pids_info **info);
} lib;

static bool load(void)
{
	static const struct library_symbol symbols[] = {
		{ "procps_pids_new", &lib.create },
		{ "procps_pids_select", &lib.select },
		{ "procps_pids_unref", &lib.release },
	};

	return lib.create ||
	       library_load(KEELTUNE_LIBPROC2, symbols, sizeof symbols / sizeof *symbols);
}

static int select_user(struct pool *pool, uid_t euid, pid_t **pids, size_t *count)
{
	enum pids_item wanted[] = { PIDS_ID_PID };
	struct pids_info *info = NULL;
	unsigned id = euid;
	int rc = lib.create(&info, wanted, 1);

	if (rc < 0)
		return rc;
	struct pids_fetch *found = lib.select(info, &id, 1, PIDS_SELECT_UID);
	for (int i = 0; found && i < found->counts->total; i++)
		keep(pool, pids, count, found->stacks[i]->head->result.s_int);
	lib.release(&info);
	return found ? 0 : -EIO;
}

#elif defined KEELTUNE_LIBPROCPS /* ---- procps 3.3 ------------------------------------------- */

#include <proc/readproc.h>

static struct {
	PROCTAB *(*open)(int flags, ...);
	proc_t *(*read)(PROCTAB *table, proc_t *process);
	void (*release)(proc_t *process);
	void (*close)(PROCTAB *table);
} lib;

static bool load(void)
{
	static const struct library_symbol symbols[] = {
		{ "openproc", &lib.open },
		{ "readproc", &lib.read },
		{ "freeproc", &lib.release },
		{ "closeproc", &lib.close },
	};

	return lib.open ||
	       library_load(KEELTUNE_LIBPROCPS, symbols, sizeof symbols / sizeof *symbols);
}

static int select_user(struct pool *pool, uid_t euid, pid_t **pids, size_t *count)
{
	PROCTAB *table = lib.open(PROC_FILLSTATUS | PROC_UID, &euid, 1);

	if (!table)
		return -EIO;
	for (proc_t *process; (process = lib.read(table, NULL)); lib.release(process))
		keep(pool, pids, count, process->tid);
	lib.close(table);
	return 0;
}

#else /* ---- neither ------------------------------------------------------------------------- */

static bool load(void)
{
	return false;
}

static int select_user(struct pool *pool, uid_t euid, pid_t **pids, size_t *count)
{
	(void)pool, (void)euid, (void)pids, (void)count;
	return -ENOENT;
}

#endif

int processes_of_user(struct pool *pool, uid_t euid, pid_t **ret_pids, size_t *ret_count)
{
	*ret_pids = NULL;
	*ret_count = 0;
	return load() ? select_user(pool, euid, ret_pids, ret_count) : -ENOENT;
}
