/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands of `segue` share: how they are called, how they complain.
 */
#ifndef SEGUE_CLI_H
#define SEGUE_CLI_H

#include <stdbool.h>
#include <linux/types.h>

struct segue;
struct output;

/* Exit codes, as in ip and bpftool. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* A window outlasts what the one path is slower than the other by, and then some. */
enum { CLI_WINDOW_MS = 200, CLI_WINDOW_MAX_MS = 60000 };

#define SEGUE_VERSION "0.1"

struct cli {
	const struct cli_command *command;
	struct output *output;
	const char *ingress;		/* --ingress, NULL: not given */
	const char *window;		/* --window, likewise */
	const char *child;		/* --child, likewise */
	bool soft;			/* --soft */
};

struct cli_command {
	const char *name;
	const char *arguments;		/* for the usage line */
	const char *help;
	/* argv holds the arguments alone; returns an exit code */
	int (*run)(struct cli *cli, int argc, char **argv);
};

int attach_command(struct cli *cli, int argc, char **argv);
int detach_command(struct cli *cli, int argc, char **argv);
int status_command(struct cli *cli, int argc, char **argv);
int link_command(struct cli *cli, int argc, char **argv);
int path_command(struct cli *cli, int argc, char **argv);
int session_command(struct cli *cli, int argc, char **argv);
int sa_command(struct cli *cli, int argc, char **argv);
int switch_command(struct cli *cli, int argc, char **argv);
int monitor_command(struct cli *cli, int argc, char **argv);
int check_command(struct cli *cli, int argc, char **argv);

/* `segue link DEV drain`, or resume */
int drain_command(struct cli *cli, const char *device, bool drain);

/* --window in ms: 1 to 60000, unless it was left out; CLI_OK or CLI_USAGE. */
int cli_window(struct cli *cli, unsigned long otherwise, __u64 *out);

/* "segue: ..." on standard error.  Return CLI_FAILED, CLI_USAGE. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int cli_usage(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The pins, or an explanation of why there are none and CLI_FAILED. */
int cli_open(struct segue **out);
const char *cli_pin_dir(void);
/* -EXDEV of segue_open() */
int cli_other_netns(void);
/* -ESTALE, where segue_is_ours() says no */
int cli_not_ours(void);

/* Reading a map that changes while it is read, or that is broken. */
int cli_read_error(const char *what, int err);

/* `segue NOUN [show] [NAME]`: the name, NULL if none was given. */
int cli_show_argument(struct cli *cli, int argc, char **argv, const char **name);

#endif
