// SPDX-License-Identifier: GPL-2.0-or-later
// The guest of the machine tests: it is init, and does what one-word lines from the agent's port ask for.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_port(void) {
  for (int bus = 0; bus < 4; ++bus)
    for (int port = 0; port < 4; ++port) {
      char path[64], name[64] = "";
      snprintf(path, sizeof path, "/sys/class/virtio-ports/vport%dp%d/name", bus, port);
      FILE* file = fopen(path, "re");
      if (!file) continue;
      if (!fgets(name, sizeof name, file)) name[0] = 0;
      fclose(file);
      if (strncmp(name, "org.diglab.agent", 16) != 0) continue;
      snprintf(path, sizeof path, "/dev/vport%dp%d", bus, port);
      return open(path, O_RDWR | O_CLOEXEC);
    }
  return -1;
}

// Sends one TPM command and returns the response's size.
static ssize_t tpm(const uint8_t* command, size_t size, uint8_t* response, size_t room) {
  int fd = open("/dev/tpm0", O_RDWR | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t got = write(fd, command, size) == (ssize_t)size ? read(fd, response, room) : -1;
  close(fd);
  return got;
}

static void pcr_extend(char* reply, size_t room) {
  uint8_t command[65] = {0x80, 0x02, 0, 0, 0, 65, 0, 0, 0x01, 0x82, 0, 0, 0, 16, 0, 0, 0, 9, 0x40, 0, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x0b, 1, 2, 3};
  uint8_t response[256];
  ssize_t got = tpm(command, sizeof command, response, sizeof response);
  snprintf(reply, room, "extended %zd %d", got, got >= 10 ? response[9] : -1);
}

static void pcr_read(char* reply, size_t room) {
  static const uint8_t command[] = {0x80, 0x01, 0, 0, 0, 20, 0, 0, 0x01, 0x7e, 0, 0, 0, 1, 0, 0x0b, 3, 0, 0, 1};  // PCR 16 of SHA-256
  uint8_t response[256];
  ssize_t got = tpm(command, sizeof command, response, sizeof response);
  size_t used = (size_t)snprintf(reply, room, "pcr ");
  for (ssize_t i = got - 32; got > 32 && i < got && used + 3 < room; ++i) used += (size_t)snprintf(reply + used, room - used, "%02x", response[i]);
}

static void fill_disk(char* reply, size_t room) {
  static char block[1 << 20];
  memset(block, 0x5a, sizeof block);
  int fd = open("/dev/vda", O_WRONLY | O_DSYNC | O_CLOEXEC);
  int blocks = 0;
  while (fd >= 0 && write(fd, block, sizeof block) == (ssize_t)sizeof block) ++blocks;
  snprintf(reply, room, "filled %d: %s", blocks, strerror(errno));
}

static void sysrq(char key) {
  int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
  if (write(fd, &key, 1) != 1) printf("sysrq: %s\n", strerror(errno));
}

int main(void) {
  mkdir("/proc", 0755), mkdir("/sys", 0755), mkdir("/dev", 0755);
  mount("proc", "/proc", "proc", 0, ""), mount("sysfs", "/sys", "sysfs", 0, ""), mount("dev", "/dev", "devtmpfs", 0, "");
  int console = open("/dev/console", O_RDWR);
  dup2(console, 1), dup2(console, 2);
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("guest: up\n");
  int port = open_port(), count = 0;
  if (port < 0) printf("guest: no port\n");
  for (;;) {
    char line[256] = "", reply[256] = "?";
    size_t size = 0;
    while (size + 1 < sizeof line) {
      ssize_t got = read(port, line + size, 1);
      if (got <= 0) usleep(20000);  // nobody is connected yet
      else if (line[size] == '\n') break;
      else ++size;
    }
    line[size] = 0;
    if (!strcmp(line, "count")) snprintf(reply, sizeof reply, "%d", ++count);
    else if (!strcmp(line, "extend")) pcr_extend(reply, sizeof reply);
    else if (!strcmp(line, "pcr")) pcr_read(reply, sizeof reply);
    else if (!strcmp(line, "fill")) fill_disk(reply, sizeof reply);
    else if (!strcmp(line, "close")) { close(port); sleep(1); port = open_port(); continue; }
    else if (!strcmp(line, "off")) reboot(RB_POWER_OFF);
    else if (!strcmp(line, "reset")) reboot(RB_AUTOBOOT);
    else if (!strcmp(line, "panic")) sysrq('c');
    else if (!strcmp(line, "die")) return 1;  // "Attempted to kill init!"
    else if (!strcmp(line, "hang")) for (;;) {}
    else if (!strcmp(line, "shout")) for (int i = 0; i < 200; ++i) printf("guest: line %d of what is said in one breath\n", i);
    else snprintf(reply, sizeof reply, "echo %s", line);
    size = strlen(reply);
    reply[size++] = '\n';
    if (write(port, reply, size) != (ssize_t)size) printf("guest: cannot answer\n");
  }
}
