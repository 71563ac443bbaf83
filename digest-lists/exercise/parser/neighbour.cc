// SPDX-License-Identifier: GPL-2.0-or-later
//
// parser_neighbour: what others can do beside a converter of digest lists.
//
//   parser_neighbour file|pipe|socket|memfd|descriptor|message FILE PROGRAM [ARGUMENT...]
//   parser_neighbour ring PROGRAM [ARGUMENT...]
//   parser_neighbour write|take PID
//
// The first ones hand the content of FILE to PROGRAM: as its standard input, which was opened before; by a descriptor that is sent over
// its standard input, a socket; or by a message in a queue. With ring the standard input is a ring of io_uring, and when PROGRAM has
// ended, this submits a request with the credentials that PROGRAM registered there. With write and take this writes into the
// memory of a process, or takes its descriptor 0. Exit status: that of PROGRAM; otherwise 0, or 1 if the kernel refused (the errno's name is
// printed); 2 bad use.
#include "exercise/parser/neighbour.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using diglim::QueueMessage;

int refused(const char* what) {
  std::fprintf(stderr, "parser_neighbour: %s: %s\n", what, ::strerrorname_np(errno));
  return 1;
}

[[noreturn]] void give_up(const char* what) { std::exit(refused(what)); }

int checked(int result, const char* what) {
  if (result < 0) give_up(what);
  return result;
}

/// Both ends of `pipe` or `socketpair`, the first of which is to be read.
struct Ends {
  int reading;
  int writing;
};

Ends make_pipe() {
  int ends[2];
  checked(::pipe2(ends, O_CLOEXEC), "pipe");
  return {ends[0], ends[1]};
}

Ends make_sockets() {
  int ends[2];
  checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  return {ends[0], ends[1]};
}

/// As much as fits into all that it is handed over by.
std::string_view content_of(int file) {
  static QueueMessage message;
  return {message.text.data(), static_cast<std::size_t>(checked(static_cast<int>(::read(file, message.text.data(), message.text.size())), "read"))};
}

void fill(int descriptor, std::string_view content) {
  if (::write(descriptor, content.data(), content.size()) != static_cast<ssize_t>(content.size())) give_up("write");
}

int filled(Ends ends, std::string_view content) {
  fill(ends.writing, content);
  ::close(ends.writing);
  return ends.reading;
}

int memory_with(std::string_view content) {
  const int descriptor = checked(::memfd_create("list", MFD_CLOEXEC), "memfd_create");
  fill(descriptor, content);
  checked(static_cast<int>(::lseek(descriptor, 0, SEEK_SET)), "lseek");
  return descriptor;
}

int socket_with_descriptor(int file) {
  const Ends ends = make_sockets();
  char byte = 0;
  ::iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  ::msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ::cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &file, sizeof file);
  checked(static_cast<int>(::sendmsg(ends.writing, &message, 0)), "sendmsg");
  return ends.reading;
}

int send_message(std::string_view content) {
  QueueMessage message{.type = 1, .text = {}};
  std::ranges::copy(content, message.text.begin());
  checked(::msgsnd(checked(::msgget(diglim::queue_key, IPC_CREAT | 0600), "msgget"), &message, content.size(), 0), "msgsnd");
  return STDIN_FILENO;
}

/// The descriptor that is to be the program's standard input, or -1 for a way that nobody knows.
int handed_over(std::string_view way, const char* path) {
  const int file = checked(::open(path, O_RDONLY | O_CLOEXEC), path);
  if (way == "file") return file;
  if (way == "pipe") return filled(make_pipe(), content_of(file));
  if (way == "socket") return filled(make_sockets(), content_of(file));
  if (way == "memfd") return memory_with(content_of(file));
  if (way == "descriptor") return socket_with_descriptor(file);
  if (way == "message") return send_message(content_of(file));
  return -1;
}

[[noreturn]] void execute(char** argv, int input) {
  checked(::dup2(input, STDIN_FILENO), "dup2");
  ::execv(argv[0], argv);
  give_up(argv[0]);
}

/// A ring of one entry.
class Ring {
 public:
  Ring() : descriptor_(checked(static_cast<int>(::syscall(SYS_io_uring_setup, 1, &parameters_)), "io_uring_setup")) {
    queue_ = map<char>(IORING_OFF_SQ_RING, std::max(parameters_.sq_off.array + sizeof(unsigned), parameters_.cq_off.cqes + 2 * sizeof(::io_uring_cqe)));
    entry_ = map<::io_uring_sqe>(IORING_OFF_SQES, sizeof(::io_uring_sqe));
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// What came of the request to do nothing with the credentials of that number: 0 or a negative errno.
  int do_nothing_as(unsigned short credentials) {
    *entry_ = {};
    entry_->opcode = IORING_OP_NOP;
    entry_->personality = credentials;
    *at<unsigned>(parameters_.sq_off.array) = 0;
    std::atomic_ref(*at<unsigned>(parameters_.sq_off.tail)).fetch_add(1, std::memory_order_release);
    checked(static_cast<int>(::syscall(SYS_io_uring_enter, descriptor_, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0)), "io_uring_enter");
    return at<::io_uring_cqe>(parameters_.cq_off.cqes)->res;
  }

 private:
  template <typename Type>
  Type* map(off_t offset, std::size_t size) {
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor_, offset);
    if (memory == MAP_FAILED) give_up("mmap");
    return static_cast<Type*>(memory);
  }
  template <typename Type>
  Type* at(unsigned offset) {
    return reinterpret_cast<Type*>(queue_ + offset);
  }

  ::io_uring_params parameters_{};
  int descriptor_;
  char* queue_ = nullptr;
  ::io_uring_sqe* entry_ = nullptr;
};

int lend_ring(char** argv) {
  Ring ring;
  const pid_t child = checked(::fork(), "fork");
  if (child == 0) execute(argv, ring.descriptor());
  int status = 0;
  checked(::waitpid(child, &status, 0), "waitpid");
  if (status != 0) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  errno = -ring.do_nothing_as(1);
  return errno == 0 ? 0 : refused("request");
}

/// Where something can be written to; anywhere, if nobody may know. Long enough for any number that the kernel prints there.
unsigned long writable_address(const char* process) {
  char name[32], line[512];
  std::snprintf(name, sizeof name, "/proc/%.20s/maps", process);
  std::FILE* maps = std::fopen(name, "re");
  unsigned long start = 0;
  while (maps != nullptr && std::fgets(line, sizeof line, maps) != nullptr) {
    char permissions[5] = "";
    if (std::sscanf(line, "%lx-%*x %4s", &start, permissions) == 2 && permissions[1] == 'w') break;
  }
  if (maps != nullptr) std::fclose(maps);
  return start;
}

int write_into(const char* process) {
  char byte = 0;
  const ::iovec here{.iov_base = &byte, .iov_len = 1};
  const ::iovec there{.iov_base = reinterpret_cast<void*>(writable_address(process)), .iov_len = 1};
  return ::process_vm_writev(std::atoi(process), &here, 1, &there, 1, 0) < 0 ? refused("process_vm_writev") : 0;
}

int take_from(const char* process) {
  const int descriptor = checked(static_cast<int>(::syscall(SYS_pidfd_open, std::atoi(process), 0)), "pidfd_open");
  return ::syscall(SYS_pidfd_getfd, descriptor, 0, 0) < 0 ? refused("pidfd_getfd") : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view way = argc >= 3 ? argv[1] : "";
  if (way == "ring") return lend_ring(argv + 2);
  if (way == "write" && argc == 3) return write_into(argv[2]);
  if (way == "take" && argc == 3) return take_from(argv[2]);
  if (argc >= 4)
    if (const int input = handed_over(way, argv[2]); input >= 0) execute(argv + 3, input);
  std::fputs("Usage: parser_neighbour file|pipe|socket|memfd|descriptor|message FILE PROGRAM [ARGUMENT...]\n"
             "       parser_neighbour ring PROGRAM [ARGUMENT...]\n       parser_neighbour write|take PID\n", stderr);
  return 2;
}
