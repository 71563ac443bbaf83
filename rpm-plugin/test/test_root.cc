// SPDX-License-Identifier: GPL-2.0-or-later
#include "test/test_root.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "format/bytes.h"
#include "format/compact.h"

namespace diglim::test {
namespace {

constexpr std::string_view prefix = "0-file_list-rpm-";

std::string from_environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

/// Of this process; removed at its end.
const fs::path& scratch() {
  struct Directory {
    fs::path path;
    Directory() {
      std::string name = from_environment("TMPDIR", "/tmp") + "/rpm-plugin-test.XXXXXX";
      path = ::mkdtemp(name.data());
    }
    ~Directory() { fs::remove_all(path); }
  };
  static const Directory directory;
  return directory.path;
}

std::string spec_of(const Recipe& recipe) {
  std::ostringstream spec;
  spec << "Name: " << recipe.name << "\nVersion: " << recipe.version << "\nRelease: 1\nSummary: for a test\nLicense: none\n" << recipe.tags
       << "\nAutoReqProv: no\n%description\nfor a test\n%install\n";
  for (const auto& [path, content] : recipe.files)
    spec << "mkdir -p %{buildroot}" << fs::path(path).parent_path().native() << "\nprintf %s '" << content << "' > %{buildroot}" << path
         << "\nchmod 755 %{buildroot}" << path << '\n';
  spec << recipe.install << "%files\n";
  for (const auto& [path, content] : recipe.files) spec << path << '\n';
  spec << recipe.list << '\n' << recipe.sections << '\n';
  return spec.str();
}

}  // namespace

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void put(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string sha256_of(const std::string& content) {
  unsigned char digest[32];
  EVP_Digest(content.data(), content.size(), digest, nullptr, EVP_sha256(), nullptr);
  return to_hex(ByteView(digest));
}

fs::path package(const Recipe& recipe) {
  const std::string spec = spec_of(recipe);
  const fs::path store = from_environment("DIGLIM_TEST_PACKAGES", DIGLIM_TEST_PACKAGES);
  const fs::path found = store / sha256_of(spec + recipe.architecture).substr(0, 16) / (recipe.name + "-" + recipe.version + "-1." + recipe.architecture + ".rpm");
  if (fs::exists(found)) return found;
  const fs::path work = scratch() / "build";
  put(work / "test.spec", spec);
  const auto built = run({"rpmbuild", "-bb", "--target", recipe.architecture, "--define", "_topdir " + work.native(), "--define", "_rpmdir " + work.native(),
                          "--define", "_build_name_fmt package.rpm", "--define", "_source_filedigest_algorithm 8", "--define",
                          "_binary_filedigest_algorithm 8", "--define", "__os_install_post %{nil}", "--define", "debug_package %{nil}",
                          (work / "test.spec").native()});
  if (built.status != 0) throw std::runtime_error("rpmbuild: " + built.output + spec);
  fs::create_directories(found.parent_path());
  // Other test programs may be at it too, and find it whole or not at all.
  const fs::path unfinished = found.native() + std::to_string(::getpid());
  fs::copy_file(work / "package.rpm", unfinished);
  fs::rename(unfinished, found);
  return found;
}

fs::path with_wrong_digest(const fs::path& package) {
  // In the signature header, which comes first: the only long row of hexadecimal digits there is.
  std::string bytes = content_of(package);
  const std::string_view digits = "0123456789abcdef";
  std::size_t start = 0, end = 0;
  while (end - start != 64) {
    start = bytes.find_first_of(digits, end);
    if (start == bytes.npos) throw std::runtime_error(package.native() + " has no digest");
    end = std::min(bytes.find_first_not_of(digits, start), bytes.size());
  }
  bytes[start] = bytes[start] == '0' ? '1' : '0';
  const fs::path path = scratch() / ("wrong-digest-" + package.filename().native());
  put(path, bytes);
  return path;
}

TestRoot::TestRoot() {
  static unsigned number = 0;
  path_ = scratch() / ("root" + std::to_string(number++));
  fs::create_directories(path() / "var/lib/rpm");
  fs::create_directories(kernel() / "digest_lists_loaded");
  fs::copy_file(from_environment("DIGLIM_TEST_PARSER", DIGLIM_TEST_PARSER), path_ / "parser");
  macros = {"_diglim_kernel always"};
}

TestRoot::~TestRoot() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> TestRoot::rpm(const std::vector<std::string>& words) const {
  const fs::path plugin = from_environment("DIGLIM_TEST_PLUGIN", DIGLIM_TEST_PLUGIN);
  std::vector<std::string> all{"rpm", "--root", path(), "--nosignature", "--define", "_dbpath /var/lib/rpm", "--define", "_pkgverify_level none", "--define",
                               "__plugindir " + plugin.parent_path().native(), "--define", "__transaction_diglim " + plugin.native(), "--define",
                               "_diglim_parser " + (path_ / "parser").native()};
  all.insert(all.end(), {"--define", "_diglim_interface " + kernel().native()});
  for (const auto& macro : macros) all.insert(all.end(), {"--define", macro});
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

std::vector<std::string> TestRoot::reconcile() const {
  std::vector<std::string> all{from_environment("DIGLIM_TEST_RECONCILE", DIGLIM_TEST_RECONCILE), "--root", path(), "--dbpath", "/var/lib/rpm", "--define",
                               "_diglim_parser " + (path_ / "parser").native()};
  all.insert(all.end(), {"--define", "_diglim_interface " + kernel().native()});
  for (const auto& macro : macros) all.insert(all.end(), {"--define", macro});
  return all;
}

std::set<std::string> TestRoot::known() const {
  std::set<std::string> digests;
  for (const auto& entry : fs::directory_iterator(kernel() / "digest_lists_loaded")) {
    const auto blocks = decode(content_of(entry.path()));
    if (!blocks) throw std::runtime_error(entry.path().native() + ": " + blocks.error().to_string());
    for (const auto& block : *blocks)
      for (const auto& digest : block.digests) digests.insert(to_hex(digest));
  }
  return digests;
}

std::vector<std::string> TestRoot::loaded() const {
  std::vector<std::string> labels;
  for (const auto& entry : fs::directory_iterator(kernel() / "digest_lists_loaded")) {
    const std::string name = entry.path().filename();
    labels.push_back(name.substr(name.find(prefix) + prefix.size()));
  }
  std::ranges::sort(labels);
  return labels;
}

std::vector<std::string> TestRoot::listed() const {
  std::vector<std::string> names;
  if (!fs::exists(lists())) return names;
  for (const auto& entry : fs::recursive_directory_iterator(lists())) {
    const std::string name = entry.path().lexically_relative(lists());
    if (entry.is_directory() || name == ".rpm/lock" || name == ".rpm/database") continue;
    names.push_back(name.starts_with(prefix) ? name.substr(prefix.size()) : name);
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> TestRoot::kernel_log() const { return lines_of(content_of(kernel() / "log")); }

std::vector<std::string> TestRoot::installed() const {
  auto names = lines_of(run({"rpm", "--root", path(), "--define", "_dbpath /var/lib/rpm", "-qa", "--nodigest", "--nosignature"}).output);
  std::ranges::sort(names);
  return names;
}

void TestRoot::copy(const TestRoot& other) {
  fs::remove_all(path_);
  fs::copy(other.path_, path_, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  macros = other.macros;
}

void TestRoot::reboot() const {
  fs::remove_all(kernel() / "digest_lists_loaded");
  fs::create_directories(kernel() / "digest_lists_loaded");
  if (fs::exists(lists())) (void)run({"env", "-i", path_ / "parser", "add", lists()});
}

}  // namespace diglim::test
