// SPDX-License-Identifier: GPL-2.0-or-later
//
// diglim-parser with a directory in the place of the kernel, for tests on the host: the real reading and converting of lists, and
// the kernel's rules of who may add and delete what. The directory is `kernel` beside the program, since there is no environment:
//
//     digest_lists_loaded/sha256-<digest>-<label>   what was added
//     log       one line for each accepted addition and deletion
//     refuse    if its only line is part of a label, that list is refused
//     busy      if it is there, others add or delete
//     slow      if it is there, each takes a tenth of a second
//     absent    if it is there, the repository of digests cannot be opened
//     other     if it is there, a deletion is of other bytes than the addition was
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "parser/run.h"

namespace {

namespace fs = std::filesystem;
using namespace diglim;

class DirectoryRepository final : public Repository {
 public:
  explicit DirectoryRepository(fs::path directory) : directory_(std::move(directory)) { fs::create_directories(directory_ / "digest_lists_loaded"); }

  int upload(Operation operation, std::string_view label, ByteView list) override {
    if (std::string part; std::getline(std::ifstream(directory_ / "refuse"), part) && label.find(part) != label.npos) return EACCES;
    if (fs::exists(directory_ / "busy")) return EBUSY;
    if (fs::exists(directory_ / "slow")) ::usleep(100000);
    std::array<std::uint8_t, 32> hash;
    EVP_Digest(list.data(), list.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
    const fs::path loaded = directory_ / "digest_lists_loaded";
    const std::string digest = "sha256-" + to_hex(hash) + "-";
    const fs::path mine = loaded / (digest + std::string(label));
    if (operation == Operation::remove) {
      if (fs::exists(directory_ / "other") || !fs::remove(mine)) return ENOENT;
    } else {
      for (const auto& entry : fs::directory_iterator(loaded))
        if (entry.path().filename().native().starts_with(digest)) return EEXIST;
      std::ofstream(directory_ / "unfinished", std::ios::binary) << text_of(list);
      fs::rename(directory_ / "unfinished", mine);
    }
    std::ofstream(directory_ / "log", std::ios::app) << (operation == Operation::add ? "add " : "del ") << label << '\n';
    return 0;
  }

 private:
  fs::path directory_;
};

}  // namespace

int main(int argc, char** argv) {
  const fs::path kernel = fs::read_symlink("/proc/self/exe").parent_path() / "kernel";
  const auto arguments = read_arguments({argv + 1, static_cast<std::size_t>(argc - 1)});
  if (!arguments || environ[0] != nullptr) return 2;
  SystemLog log(SystemLog::To::standard_error);
  if (fs::exists(kernel / "absent")) {
    log.error("this kernel has no DIGLIM: No such file or directory");
    return static_cast<int>(Status::no_kernel);
  }
  DirectoryRepository repository(kernel);
  return static_cast<int>(run(*arguments, repository, log));
}
