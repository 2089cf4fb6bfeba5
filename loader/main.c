// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue: attaches the data path, shows and switches what it does.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>
#include <segue/host.h>
#include "cli.h"
#include "output.h"

static const struct cli_command commands[] = {
	{ "attach", "[--ingress auto|xdp|tc] DEV...",
	  "put uplinks under segue", attach_command },
	{ "detach", "[DEV...]",
	  "take uplinks, or everything, out again and restore the host", detach_command },
	{ "status", "",
	  "what is attached, and what the data path counted", status_command },
	{ "link", "[show] [DEV] | [--window MS] DEV drain | DEV resume",
	  "uplinks: state, last change; move everything off one", link_command },
	{ "path", "[show] [SESSION]",
	  "paths of the sessions: device, addresses, which one is active", path_command },
	{ "session", "[show] [SESSION]",
	  "sessions (IKE_SAs): canonical addresses, active path, last switch", session_command },
	{ "sa", "[show] [SESSION]",
	  "IPsec SAs in the maps", sa_command },
	{ "switch", "[--soft [--window MS]] [--child SPI] SESSION PATH",
	  "hand a session over to another path, now or softly", switch_command },
	{ "monitor", "",
	  "events as they happen: links, paths, switches, refusals", monitor_command },
	{ "check", "",
	  "what would spoil a handover on this host, and how to mend it", check_command },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(FILE *file)
{
	unsigned int i;

	fputs("Usage: segue [-j|--json] [-v|--verbose] COMMAND [ARGUMENTS]\n"
	      "       segue -h|--help | -V|--version\n\nCommands:\n", file);
	for (i = 0; i < COMMANDS; i++)
		fprintf(file, "  %-8s%-36s %s\n", commands[i].name, commands[i].arguments,
			commands[i].help);
	fputs("\nSESSION is NAME, NAME[ID] or ID, as strongSwan has them; PATH is the number of\n"
	      "its slot, its device or its local address.  Manual: segue(8)\n", file);
}

static const struct cli_command *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static bool verbose;

/* What libbpf and libxdp have to say, the verifier's log first of all. */
static int print_bpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return verbose && level <= LIBBPF_INFO ? vfprintf(stderr, format, args) : 0;
}

static int print_xdp(enum libxdp_print_level level, const char *format, va_list args)
{
	return verbose && level <= LIBXDP_INFO ? vfprintf(stderr, format, args) : 0;
}

/* What was printed without struct output: is it there? */
static int printed(void)
{
	if (fflush(stdout) && errno != EPIPE)
		return cli_error("cannot write: %s", strerror(errno));
	return CLI_OK;
}

static int run(struct cli *cli, bool json, int argc, char **argv)
{
	int ret, err;

	cli->output = output_open(stdout, json);
	if (!cli->output)
		return cli_error("%s", strerror(ENOMEM));
	ret = cli->command->run(cli, argc, argv);
	err = output_close(cli->output);
	if (err && err != -EPIPE)	/* EPIPE: whoever read has had enough */
		return cli_error("cannot write: %s", strerror(-err));
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "ingress", required_argument, NULL, 'i' },
		{ "soft", no_argument, NULL, 's' },
		{ "window", required_argument, NULL, 'w' },
		{ "child", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct cli cli = {};
	bool json = false;
	int option;

	signal(SIGPIPE, SIG_IGN);
	libbpf_set_print(print_bpf);
	libxdp_set_print(print_xdp);
	/* getopt_long() permutes: options may stand before and after the command */
	while ((option = getopt_long(argc, argv, "jvhVi:sw:c:", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			help(stdout);
			return printed();
		case 'V':
			printf("segue %s (maps version %d)\n", SEGUE_VERSION, SEGUE_MAP_VERSION);
			return printed();
		case 'i':
			cli.ingress = optarg;
			break;
		case 's':
			cli.soft = true;
			break;
		case 'w':
			cli.window = optarg;
			break;
		case 'c':
			cli.child = optarg;
			break;
		default:
			help(stderr);
			return CLI_USAGE;
		}
	}
	if (optind == argc) {
		help(stderr);
		return CLI_USAGE;
	}
	cli.command = find(argv[optind]);
	if (!cli.command) {
		cli_error("no command %s; see: segue --help", argv[optind]);
		return CLI_USAGE;
	}
	if (cli.ingress && cli.command->run != attach_command)
		return cli_usage(&cli, "--ingress is for attach");
	if ((cli.soft || cli.child) && cli.command->run != switch_command)
		return cli_usage(&cli, "--soft and --child are for switch");
	if (cli.window && cli.command->run != switch_command && cli.command->run != link_command)
		return cli_usage(&cli, "--window is for switch and link");
	return run(&cli, json, argc - optind - 1, argv + optind + 1);
}
