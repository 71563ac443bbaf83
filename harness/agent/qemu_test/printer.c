/* SPDX-License-Identifier: GPL-2.0-or-later */
/* printer <tag>: prints "<tag> 0", "<tag> 1", ... until killed. What is printed says when, and for whom. */
#include <stdio.h>

int main(int argc, char **argv)
{
	for (unsigned long i = 0; argc > 1; i++)
		if (printf("%s %lu\n", argv[1], i) < 0 || fflush(stdout) != 0)
			return 1;
	return 2;
}
