// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <segue/host.h>
#include "cli.h"
#include "control.h"
#include "load.h"

int cli_error(const char *format, ...)
{
	va_list args;

	fputs("segue: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

int cli_usage(struct cli *cli, const char *format, ...)
{
	va_list args;

	fputs("segue: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nUsage: segue [-j] %s%s%s\n", cli->command->name,
		cli->command->arguments[0] ? " " : "", cli->command->arguments);
	return CLI_USAGE;
}

const char *cli_pin_dir(void)
{
	const char *dir = getenv("SEGUE_PIN_DIR");

	return dir && dir[0] ? dir : SEGUE_PIN_DIR;
}

int cli_other_netns(void)
{
	return cli_error("%s belongs to another network namespace; each needs a bpffs of its own",
			 cli_pin_dir());
}

int cli_not_ours(void)
{
	return cli_error("%s holds pins that segue did not make; SEGUE_PIN_DIR has to be a "
			 "directory of its own, which attach makes", cli_pin_dir());
}

int cli_open(struct segue **out)
{
	int err = segue_open(NULL, out);

	if (err == -ESTALE && !segue_is_ours(NULL))
		return cli_not_ours();
	switch (err) {
	case 0:
		return CLI_OK;
	case -ENOENT:
		return cli_error("not attached; begin with: segue attach DEV...");
	case -ESTALE:
		return cli_error("the pins in %s are of another version of segue; clean up with: "
				 "segue detach", cli_pin_dir());
	case -EXDEV:
		return cli_other_netns();
	case -EPERM:
	case -EACCES:
		return cli_error("no right to read %s: this needs root (CAP_BPF and CAP_NET_ADMIN)",
				 cli_pin_dir());
	default:
		return cli_error("cannot open %s: %s", cli_pin_dir(), strerror(-err));
	}
}

int cli_read_error(const char *what, int err)
{
	if (err == -EBADMSG)
		return cli_error("map %s in %s holds nonsense; segue did not write that",
				 what, cli_pin_dir());
	return cli_error("cannot read map %s: %s", what, strerror(-err));
}

int cli_window(struct cli *cli, unsigned long otherwise, __u64 *out)
{
	unsigned long ms = otherwise;
	char *end;

	if (cli->window) {
		errno = 0;
		ms = strtoul(cli->window, &end, 10);
		if (errno || *end || end == cli->window || *cli->window == '-' || !ms ||
		    ms > CLI_WINDOW_MAX_MS)
			return cli_usage(cli, "--window takes 1 to %d ms", CLI_WINDOW_MAX_MS);
	}
	*out = ms;
	return CLI_OK;
}

int cli_show_argument(struct cli *cli, int argc, char **argv, const char **name)
{
	if (argc && (!strcmp(argv[0], "show") || !strcmp(argv[0], "list"))) {
		argc--;
		argv++;
	}
	if (argc > 1)
		return cli_usage(cli, "too many arguments");
	*name = argc ? argv[0] : NULL;
	return CLI_OK;
}
