// SPDX-License-Identifier: MIT
/* Lines and controls of pam.d files, see conf-pam.h. Follows Linux-PAM 1.5.2 (_pam_assemble_line)
 * and 1.7.0 (_pam_line_assemble), _pam_StrTok and _pam_parse_control, which see C strings: a NUL
 * ends the line. Does no I/O. Example: "session [success=ok default=bad] pam_limits.so
 * conf=/etc/l.conf". */
#include "conf-pam.h"

#include "pool.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define BUFFER_SIZE 1024

/* ---- lines ------------------------------------------------------------------------------- */

struct input {
	const char *bytes;
	size_t size, at;
	unsigned line; /* of the next byte */
	bool tail;     /* the next byte continues a line */
};

enum assembled { LINE_READ, LINE_END, LINE_UNFINISHED, LINE_ENDLESS };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* fgets(3) with a buffer of ROOM bytes: the line at TO, its length (it may have NULs) in *RET_SIZE.
 */
static bool read_string(struct input *in, char *to, size_t room, size_t *ret_size)
{
	size_t size;

	if (in->at == in->size)
		return false;
	in->tail = in->at && in->bytes[in->at - 1] != '\n';
	size = in->size - in->at;
	if (size >= room)
		size = room - 1;
	const char *newline = memchr(in->bytes + in->at, '\n', size);
	if (newline) {
		size = (size_t)(newline - (in->bytes + in->at)) + 1;
		in->line++;
	}
	memcpy(to, in->bytes + in->at, size);
	in->at += size;
	to[size] = '\0';
	*ret_size = size;
	return true;
}

/* Index of the last byte of TEXT[0..SIZE) that is not blank, or 0. */
static size_t last_visible(const char *text, size_t size)
{
	while (size > 0 && is_blank(text[--size]))
		;
	return size;
}

static enum assembled assemble_buffer(struct input *in, char *buffer, struct conf_pam_line *line)
{
	size_t used = 0; /* bytes of earlier lines of a continuation */
	bool begun = false;

	for (;;) {
		unsigned number = in->line;
		char *at = buffer + used;
		size_t size;
		if (BUFFER_SIZE - used == 1)
			return LINE_ENDLESS; /* fgets(3) has no room and reads nothing, for ever */
		if (!read_string(in, at, BUFFER_SIZE - used, &size))
			return used ? LINE_UNFINISHED : LINE_END;

		char *text = at + strspn(at, " \n\t");
		if (!*text || *text == '#')
			continue;
		if (!begun) {
			line->number = number;
			line->tail = in->tail;
		}
		size = strcspn(text, "#");
		if (text[size] == '#') {
			text[size] = '\0';
			return LINE_READ;
		}
		size_t last = last_visible(text, size);
		if (text[last] != '\\')
			return LINE_READ;
		begun |= last > 0;
		text[last] = ' ';
		text[last + 1] = '\0';
		used = (size_t)(text + last + 1 - buffer);
	}
}

/* BUFFER has room for all of the input. */
static enum assembled assemble_getline(struct input *in, char *buffer, struct conf_pam_line *line)
{
	bool pending = false;
	size_t used = 0;

	for (;;) {
		unsigned number = in->line;
		char *text = buffer + used;
		size_t size;
		if (!read_string(in, text, SIZE_MAX, &size))
			return pending ? LINE_UNFINISHED : LINE_END;

		size_t last = last_visible(text, size);
		bool continues = text[last] == '\\';
		if (continues) {
			text[last] = ' ';
			text[last + 1] = '\0';
			size = last + 1;
		}
		char *hash = strchr(text, '#');
		size_t skip = strspn(text, " \t");
		if (hash)
			*hash = '\0';
		bool empty = text[skip] == '\0' || text[skip] == '\n';
		if (used || (continues && !hash) || !empty) {
			if (!used)
				line->number = number;
			memmove(text, text + skip, size - skip + 1);
			used += size - skip;
		}
		pending = continues && !hash;
		if (pending)
			continue;
		if (used && *buffer)
			return LINE_READ;
		used = 0;
	}
}

/* ---- fields ------------------------------------------------------------------------------ */

/* _pam_StrTok(): fields end at blanks; "[...]" is one field, in which "\]" stands for "]". Returns
 * NULL when nothing is left. */
static const char *next_field(char **next)
{
	char *from = *next, *end;

	if (!from)
		return NULL;
	from += strspn(from, " \n\t");
	if (*from == '[') {
		char *to = end = ++from;
		for (; *end && *end != ']'; to++, end++) {
			if (*end == '\\' && end[1] == ']')
				end++;
			*to = *end;
		}
		if (to != end)
			*to = '\0';
	} else if (*from) {
		end = from + strcspn(from, " \n\t");
	} else {
		return *next = NULL;
	}
	if (*end)
		*end++ = '\0';
	*next = *end ? end : NULL;
	return from;
}

static enum conf_pam_type type_of(const char *word)
{
	static const char *const words[] = { "auth", "account", "session", "password", "@include" };

	for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(word, words[i]))
			return (enum conf_pam_type)i;
	return CONF_PAM_WRONG_TYPE;
}

static void split_line(struct pool *pool, char *text, bool with_service, struct conf_pam_line *line)
{
	const char **args = NULL, *arg;
	char *next = text;

	line->service = with_service ? next_field(&next) : NULL;
	line->word = next_field(&next);
	line->dash = line->word && *line->word == '-';
	if (line->dash)
		line->word++;
	line->type = type_of(line->word);
	line->control = next_field(&next);
	line->module = next_field(&next);
	while ((arg = next_field(&next))) {
		args = pool_extend(pool, (void *)args, line->arg_count, sizeof *args);
		args[line->arg_count++] = arg;
	}
	line->args = args;
}

void conf_pam_parse(struct pool *pool, const char *bytes, size_t size, enum conf_pam_reader reader,
		    bool with_service, struct conf_pam *ret)
{
	static const enum conf_pam_end ends[] = { [LINE_END] = CONF_PAM_COMPLETE,
						  [LINE_UNFINISHED] = CONF_PAM_UNFINISHED,
						  [LINE_ENDLESS] = CONF_PAM_ENDLESS };
	struct input in = { .bytes = bytes, .size = size, .line = 1 };
	bool getline = reader == CONF_PAM_GETLINE;
	char *buffer = pool_alloc(pool, getline ? size + 2 : BUFFER_SIZE);
	struct conf_pam_line *lines = NULL;
	enum assembled state;

	*ret = (struct conf_pam){ .reader = reader };
	for (;;) {
		struct conf_pam_line line = { .number = in.line };
		state = getline ? assemble_getline(&in, buffer, &line)
				: assemble_buffer(&in, buffer, &line);
		if (state != LINE_READ) {
			ret->end_line = line.number;
			break;
		}
		line.last = in.at && in.bytes[in.at - 1] == '\n' ? in.line - 1 : in.line;
		split_line(pool, pool_strdup(pool, buffer), with_service, &line);
		lines = pool_extend(pool, lines, ret->count, sizeof *lines);
		lines[ret->count++] = line;
	}
	ret->lines = lines;
	ret->end = ends[state];
}

/* A number that is too large for take_jump(), perhaps. */
static bool has_long_number(const char *bytes, size_t size)
{
	/* Ten digits in a row have one at every tenth place. */
	for (size_t i = 9; i < size; i += 10) {
		size_t first = i, end = i;
		while (end < size && bytes[end] >= '0' && bytes[end] <= '9')
			end++;
		while (first > 0 && end > i && bytes[first - 1] >= '0' && bytes[first - 1] <= '9')
			first--;
		if (end - first >= 10)
			return true;
	}
	return false;
}

bool conf_pam_readers_differ(const char *bytes, size_t size)
{
	if (has_long_number(bytes, size))
		return true;
	while (size) {
		const char *newline = memchr(bytes, '\n', size);
		size_t length = newline ? (size_t)(newline - bytes) + 1 : size;
		if (length > BUFFER_SIZE - 2 || memchr(bytes, '\0', length) ||
		    bytes[last_visible(bytes, length)] == '\\')
			return true;
		bytes += length;
		size -= length;
	}
	return false;
}

/* ---- control ----------------------------------------------------------------------------- */

static const char *const code_names[PAM_CODE_COUNT] = {
	"success",
	"open_err",
	"symbol_err",
	"service_err",
	"system_err",
	"buf_err",
	"perm_denied",
	"auth_err",
	"cred_insufficient",
	"authinfo_unavail",
	"user_unknown",
	"maxtries",
	"new_authtok_reqd",
	"acct_expired",
	"session_err",
	"cred_unavail",
	"cred_expired",
	"cred_err",
	"no_module_data",
	"conv_err",
	"authtok_err",
	"authtok_recover_err",
	"authtok_lock_busy",
	"authtok_disable_aging",
	"try_again",
	"ignore",
	"abort",
	"authtok_expired",
	"module_unknown",
	"bad_item",
	"conv_again",
	"incomplete",
};

const char *conf_pam_code_name(int code)
{
	return code >= 0 && code < PAM_CODE_COUNT ? code_names[code] : "unknown";
}

int conf_pam_code(const char *name)
{
	for (int code = 0; code < PAM_CODE_COUNT; code++)
		if (!strcmp(name, code_names[code]))
			return code;
	return -1;
}

#define ACTION_UNSET (-6) /* _PAM_ACTION_UNDEF */

static void set_unset(int *action, int value)
{
	for (int code = 0; code < PAM_CODE_COUNT; code++)
		if (action[code] == ACTION_UNSET)
			action[code] = value;
}

static const char *skip_space(const char *text)
{
	return text + strspn(text, " \t\n\v\f\r");
}

/* The word at the start of *TEXT; what follows it need not be blank: "success=okdefault=bad" is
 * understood by libpam. -1: none. */
static int take_word(const char **text, const char *const *words, int count)
{
	for (int i = 0; i < count; i++) {
		size_t size = strlen(words[i]);
		if (!strncmp(*text, words[i], size)) {
			*text += size;
			return i;
		}
	}
	return -1;
}

/* Before 1.6.0 a huge number wraps around, and may become the code of an action. */
static bool take_jump(const char **text, enum conf_pam_reader reader, int *ret_jump)
{
	uint32_t jump = 0;

	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		uint64_t wide = (uint64_t)jump * 10 + (uint32_t)(**text - '0');
		if (reader == CONF_PAM_GETLINE && wide > INT32_MAX)
			return false;
		jump = (uint32_t)wide;
	}
	*ret_jump = (int)jump;
	return jump != 0;
}

/* The inside of [...]. */
static bool parse_actions(const char *text, enum conf_pam_reader reader, int *action)
{
	static const char *const words[] = { "ignore", "ok", "done", "bad", "die", "reset" };
	static const char *const fallback[] = { "default" };

	for (text = skip_space(text); *text; text = skip_space(text)) {
		int code = take_word(&text, code_names, PAM_CODE_COUNT);
		if (code < 0 && take_word(&text, fallback, 1) < 0)
			return false;
		text = skip_space(text);
		if (*text++ != '=')
			return false;
		text = skip_space(text);
		int value = take_word(&text, words, 6);
		if (value >= 0)
			value = -value;
		else if (!take_jump(&text, reader, &value))
			return false;
		if (code >= 0)
			action[code] = value;
		else
			set_unset(action, value);
	}
	return true;
}

void conf_pam_control(const char *text, enum conf_pam_reader reader, struct conf_pam_control *ret)
{
	static const struct {
		const char *word;
		int success, ignore, other;
	} words[] = {
		{ "required", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_BAD },
		{ "requisite", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_DIE },
		{ "optional", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_IGNORE },
		{ "sufficient", PAM_ACTION_DONE, PAM_ACTION_IGNORE, PAM_ACTION_IGNORE },
	};
	const int new_authtok_reqd = 12;

	*ret = (struct conf_pam_control){ 0 };
	for (int code = 0; code < PAM_CODE_COUNT; code++)
		ret->action[code] = ACTION_UNSET;
	for (size_t i = 0; text && i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(text, words[i].word))
			continue;
		set_unset(ret->action, words[i].other);
		ret->action[PAM_CODE_SUCCESS] = words[i].success;
		ret->action[new_authtok_reqd] = words[i].success;
		ret->action[PAM_CODE_IGNORE] = words[i].ignore;
		return;
	}
	ret->substack = text && !strcasecmp(text, "substack");
	ret->include = ret->substack || (text && !strcasecmp(text, "include"));
	if (!ret->include && (!text || !parse_actions(text, reader, ret->action))) {
		ret->wrong = true;
		for (int code = 0; code < PAM_CODE_COUNT; code++)
			ret->action[code] = PAM_ACTION_BAD;
	}
	set_unset(ret->action, PAM_ACTION_BAD);
}
