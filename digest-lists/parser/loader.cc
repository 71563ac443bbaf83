// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/loader.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "format/rpm_list.h"
#include "format/signature.h"
#include "parser/list_file.h"

namespace diglim {
namespace {

using Outcome = std::expected<void, std::string>;

class Loader {
 public:
  Loader(const LoadOptions& options, Repository& repository, Log& log) : options_(options), repository_(repository), log_(log) {}

  Outcome load(const FoundList& found) {
    const auto file = ListFile::open(found.path());
    if (!file) return std::unexpected(file.error());
    if (const auto read = file->read(bytes_); !read) return read;
    const auto parts = split_signature(bytes_);
    if (!parts) return std::unexpected(parts.error().to_string());
    name_signature(found, *parts);
    const auto header = RpmHeader::read(parts->content);
    if (!header) return std::unexpected(header.error().to_string());
    const Conversion conversion{.only_immutable = options_.only_immutable || is_marked_immutable(found.directory),
                                .more_immutable_directories = options_.immutable_directories};
    if (const auto converted = convert(*header, conversion, list_); !converted) return std::unexpected(converted.error().to_string());
    if (list_.empty()) return {};
    const int error = repository_.upload(options_.operation, found.name, list_);
    const int as_wished = options_.operation == Operation::add ? EEXIST : ENOENT;
    if (error == 0 || error == as_wished) return {};
    return std::unexpected("the kernel refused its " + std::to_string(list_.size()) + " bytes: " + ::strerrordesc_np(error));
  }

 private:
  /// Whether the signature is good is IMA's to say, and only where a policy asks for it. But what it cannot verify is better said.
  void name_signature(const FoundList& found, const SignedFile& parts) {
    if (parts.kind != SignatureKind::pgp) return;
    const auto signature = read_pgp_signature(parts.signature);
    if (signature && signature->is_supported()) return;
    log_.error(found.path() + ": the kernel cannot verify this: " + (signature ? signature->to_string() : "the signature: " + signature.error().to_string()));
  }

  bool is_marked_immutable(const std::string& directory) {
    if (directory != marked_directory_) {
      marked_directory_ = directory;
      is_marked_ = ::access((directory + "/.immutable").c_str(), F_OK) == 0;
    }
    return is_marked_;
  }

  const LoadOptions& options_;
  Repository& repository_;
  Log& log_;
  std::vector<std::uint8_t> bytes_, list_;
  std::string marked_directory_;
  bool is_marked_ = false;
};

}  // namespace

LoadCounts load_lists(std::span<const FoundList> lists, const LoadOptions& options, Repository& repository, Log& log) {
  LoadCounts counts;
  Loader loader(options, repository, log);
  for (const FoundList& found : lists) {
    const auto outcome = loader.load(found);
    if (!outcome) log.error(found.path() + ": " + outcome.error());
    (outcome ? counts.done : counts.refused) += 1;
  }
  return counts;
}

}  // namespace diglim
