// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "format/compact.h"
#include "format/rpm_header.h"
#include "format/signature.h"
#include "packages/package_set.h"
#include "tool/digest.h"

namespace diglim::tool {

/// One digest as a list brings it into the kernel.
struct Listed {
  Digest digest;
  Type type = file;
  std::uint16_t modifiers = 0;
  std::string path;  ///< Of the file, in the header of an RPM package. Empty: the format does not tell.
};

/// A digest list of any format, read and found to be well-formed.
class List {
 public:
  /// ErrorKind::bad_input with the offset of what is wrong, and for a file that is not there.
  /// `only_immutable`: of the header of a package, leave out the files that may be modified, as a parser can be told to.
  static Result<List> read(const std::filesystem::path& file, bool only_immutable = false);
  /// `name` is the file's, from which the format is known; a name that says nothing leaves it to the first bytes. Errors speak of `from`.
  static Result<List> read(std::string name, diglab::Bytes bytes, const std::string& from, bool only_immutable = false);

  // What parts() refers to moves along, and would not be copied.
  List(List&&) noexcept = default;
  List& operator=(List&&) noexcept = default;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_rpm() const { return rpm_; }
  [[nodiscard]] const diglab::Bytes& bytes() const { return bytes_; }  ///< The whole file.
  [[nodiscard]] const SignedFile& parts() const { return parts_; }     ///< Refers to bytes().
  [[nodiscard]] const std::vector<Listed>& digests() const { return digests_; }
  /// What the kernel is given: the list without its signature, or what a parser makes of it.
  [[nodiscard]] const std::string& uploaded() const { return uploaded_; }

 private:
  List() = default;

  std::string name_;
  bool rpm_ = false;
  diglab::Bytes bytes_;
  SignedFile parts_{};
  std::vector<Listed> digests_;
  std::string uploaded_;
};

/// The digests of a package's files, as a list of the package has them.
Result<std::vector<Listed>> digests_of(const diglab::Package& package);

/// Of the package as it was signed: its header's region and the signature.
[[nodiscard]] std::string rpm_list_of(const diglab::Package& package);

/// "bash-5.2.15-2.x86_64": what lists of the package are called. No epoch, as in file names of packages.
[[nodiscard]] std::string subject_of(const diglab::Package& package);

/// The subject in the name of a list.
[[nodiscard]] std::string subject_named(std::string_view list);

/// <number>-<type>_list-<format>-<subject>. ErrorKind::bad_input for a subject that cannot be in a file's name, or
/// makes one that the kernel cannot show.
Result<std::string> list_name(unsigned number, std::string_view type, std::string_view format, std::string_view subject);

}  // namespace diglim::tool
