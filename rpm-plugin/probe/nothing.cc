// SPDX-License-Identifier: GPL-2.0-or-later

// The interpreter of files that are executed only to see whether they may be.
int main()
{
  return 0;
}
