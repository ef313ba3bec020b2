// SPDX-License-Identifier: MIT
/* The process table by procps, see processes.h. Only items that cost one small file each are asked
 * for: its namespaces and systemd items read ten times as much. No PIDS_VAL(): what it takes
 * changed in 4.0.5. This is the only file that knows the library; the Makefile says which there is.
 */
#include "processes.h"

#include "library.h"
#include "pool.h"

#include <errno.h>
#include <string.h>

#define SELECT_MAX 200 /* at once; the library takes 255 */

#if defined KEELTUNE_LIBPROC2 || defined KEELTUNE_LIBPROCPS

static void keep(struct pool *pool, struct process_name **items, size_t *count,
		 struct process_name name)
{
	*items = pool_extend(pool, *items, *count, sizeof **items);
	name.comm = pool_strdup(pool, name.comm ? name.comm : "");
	name.user = pool_strdup(pool, name.user ? name.user : "");
	(*items)[(*count)++] = name;
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

enum { ITEM_PID, ITEM_TICKS, ITEM_COMM, ITEM_EUID, ITEM_USER, ITEM_COUNT };

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

/* IDS are pids or users. The library takes a limited number at once. */
static int select_chunk(struct pool *pool, unsigned *ids, size_t count, bool are_users,
			struct process_name **items, size_t *item_count)
{
	enum pids_item wanted[ITEM_COUNT] = { PIDS_ID_PID, PIDS_TICS_BEGAN, PIDS_CMD, PIDS_ID_EUID,
					      PIDS_ID_EUSER };
	struct pids_info *info = NULL;
	int rc = lib.create(&info, wanted, ITEM_COUNT);

	if (rc < 0)
		return rc;
	struct pids_fetch *found =
		lib.select(info, ids, (int)count, are_users ? PIDS_SELECT_UID : PIDS_SELECT_PID);
	for (int i = 0; found && i < found->counts->total; i++) {
		const struct pids_result *row = found->stacks[i]->head;
		keep(pool, items, item_count,
		     (struct process_name){ .pid = row[ITEM_PID].result.s_int,
					    .ticks = row[ITEM_TICKS].result.ull_int,
					    .comm = row[ITEM_COMM].result.str,
					    .euid = row[ITEM_EUID].result.u_int,
					    .user = row[ITEM_USER].result.str });
	}
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

static int select_chunk(struct pool *pool, unsigned *ids, size_t count, bool are_users,
			struct process_name **items, size_t *item_count)
{
	const int what = PROC_FILLSTAT | PROC_FILLSTATUS | PROC_FILLUSR;
	pid_t pids[SELECT_MAX + 1] = { 0 };
	uid_t user = ids[0];

	for (size_t i = 0; !are_users && i < count; i++)
		pids[i] = (pid_t)ids[i];
	PROCTAB *table =
		are_users ? lib.open(what | PROC_UID, &user, 1) : lib.open(what | PROC_PID, pids);
	if (!table)
		return -EIO;
	for (proc_t *process; (process = lib.read(table, NULL)); lib.release(process))
		keep(pool, items, item_count,
		     (struct process_name){ .pid = process->tid,
					    .ticks = process->start_time,
					    .comm = process->cmd,
					    .euid = (uid_t)process->euid,
					    .user = process->euser });
	lib.close(table);
	return 0;
}

#else /* ---- neither ------------------------------------------------------------------------- */

static bool load(void)
{
	return false;
}

static int select_chunk(struct pool *pool, unsigned *ids, size_t count, bool are_users,
			struct process_name **items, size_t *item_count)
{
	(void)pool, (void)ids, (void)count, (void)are_users, (void)items, (void)item_count;
	return -ENOENT;
}

#endif

int processes_select(struct pool *pool, const pid_t *pids, size_t count,
		     struct process_name **ret_items, size_t *ret_count)
{
	unsigned ids[SELECT_MAX];
	int rc = 0;

	*ret_items = NULL;
	*ret_count = 0;
	if (!count)
		return 0;
	if (!load())
		return -ENOENT;
	for (size_t first = 0; first < count && !rc; first += SELECT_MAX) {
		size_t size = count - first < SELECT_MAX ? count - first : SELECT_MAX;
		for (size_t i = 0; i < size; i++)
			ids[i] = (unsigned)pids[first + i];
		rc = select_chunk(pool, ids, size, false, ret_items, ret_count);
	}
	return rc;
}

int processes_of_user(struct pool *pool, uid_t euid, struct process_name **ret_items,
		      size_t *ret_count)
{
	unsigned id = euid;

	*ret_items = NULL;
	*ret_count = 0;
	return load() ? select_chunk(pool, &id, 1, true, ret_items, ret_count) : -ENOENT;
}
