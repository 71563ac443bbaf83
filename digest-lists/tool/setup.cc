// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/setup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/x509.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "os/files.h"
#include "tool/boot_loader.h"
#include "tool/boot_parameters.h"
#include "tool/installed_lists.h"
#include "tool/keys.h"
#include "tool/label.h"
#include "tool/load.h"
#include "tool/uploader.h"

namespace diglim::tool {
namespace {

constexpr const char* memory_path = "/var/lib/diglim/setup.json";
/// CONFIG_IMA_X509_PATH.
constexpr const char* key_path = "/etc/keys/x509_ima.der";

/// What an earlier setup did.
struct Memory {
  Words words;
  std::vector<std::string> keys;  ///< In hexadecimal, what the file at key_path holds if it is ours.

  static Result<Memory> read(const Root& root) {
    std::error_code ignored;
    const auto file = root(memory_path);
    if (!std::filesystem::exists(file, ignored)) return Memory{};
    const auto json = nlohmann::json::parse(TRY(diglab::read_file(file)), nullptr, false);
    Memory memory;
    if (!strings_of(json, "words", memory.words) || !strings_of(json, "keys", memory.keys))
      return fail(ErrorKind::bad_input, fmt::format("{}: not what `diglim setup` writes", file.string()));
    return memory;
  }

  [[nodiscard]] FileChange change() const {
    if (words.empty() && keys.empty()) return {.path = memory_path, .content = {}};
    return {.path = memory_path, .content = nlohmann::ordered_json{{"words", words}, {"keys", keys}}.dump(2) + "\n"};
  }

  /// What is there while one becomes the other, or if that is interrupted: any of both.
  [[nodiscard]] static Memory of_both(Memory one, const Memory& other) {
    add(other.words, one.words);
    add(other.keys, one.keys);
    return one;
  }

 private:
  static void add(const std::vector<std::string>& strings, std::vector<std::string>& to) {
    for (const auto& each : strings)
      if (std::ranges::find(to, each) == to.end()) to.push_back(each);
  }

  static bool strings_of(const nlohmann::json& json, const char* name, std::vector<std::string>& strings) {
    if (!json.is_object() || !json.contains(name) || !json[name].is_array()) return false;
    for (const auto& each : json[name])
      if (each.is_string()) strings.push_back(each.get<std::string>());
    return true;
  }
};

bool needs_uploader(const InstalledList& list) {
  return !list.compact && !list.masked;
}

/// One word each: a boot loader's script would take '|' for its own.
Result<Words> words_of(const Setup& wish, const std::vector<InstalledList>& lists) {
  Words words{"ima_policy=exec_tcb", "ima_policy=tmpfs", "ima_policy=diglim"};
  if (wish.mode == "log" || wish.mode == "enforce") {
    words.insert(words.end(), {"ima_policy=appraise_exec_tcb", "ima_policy=appraise_tmpfs", "ima_policy=appraise_diglim",
                               "ima_appraise=" + wish.mode, "ima_template=ima-modsig"});
  } else if (wish.mode != "measure") {
    return fail(ErrorKind::usage, fmt::format("--mode {}: expected measure, log or enforce", wish.mode));
  }
  if (std::ranges::any_of(lists, needs_uploader)) words.push_back("diglim.uploader=" + wish.uploader);
  return words;
}

bool is_there(const std::string& path, const Root& root) {
  std::error_code ignored;
  return std::filesystem::exists(root(path), ignored);
}

/// Adds what `loader` maps with a program, as it says itself; nothing of one that it does not load: a script, or one without libraries.
Result<void> add_libraries(const std::string& program, const std::string& loader, const Context& context, std::set<std::string>& needed) {
  const auto ask = [&](const char* option) {
    return command_in(context.root, diglab::Command{loader, option, program}.set("LD_LIBRARY_PATH", "").set("LD_PRELOAD", ""));
  };
  const auto verified = TRY(context.processes.run(ask("--verify"), {}));
  if (verified.end.exit_status == 1 || verified.end.exit_status == 2) return {};
  // "\tlibc.so.6 => /lib/libc.so.6 (0x7f...)"; without the name in front where that is a path.
  std::istringstream lines(TRY(context.processes.check(ask("--list"), {}), "the libraries of " + program + " are not known").out);
  for (std::string line; std::getline(lines, line);) {
    const auto arrow = line.find("=> ");
    const auto from = arrow == std::string::npos ? line.find_first_not_of(" \t") : arrow + 3;
    if (from < line.size() && line[from] == '/') needed.insert(line.substr(from, line.find(" (", from) - from));
  }
  return {};
}

/// Without these nothing comes up.
Result<std::set<std::string>> needed_to_boot(const Context& context) {
  std::set<std::string> needed;
  for (const char* program : {"/sbin/init", "/bin/sh"}) {
    if (!is_there(program, context.root)) continue;
    needed.insert(program);
    for (const char* loader : {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"}) {
      if (!is_there(loader, context.root)) continue;
      needed.insert(loader);
      TRY_VOID(add_libraries(program, loader, context, needed));
    }
  }
  return needed;
}

/// An uploader that would run by the header of its own package does not: it would have to convert that first.
Result<void> check_that_it_converts(const std::string& uploader, const std::vector<InstalledList>& installed, const Context& context) {
  std::vector<List> lists;
  for (const auto& each : installed) {
    if (each.masked || !each.compact) continue;
    auto list = TRY(read_list(each));
    if (list.parts().kind) lists.push_back(std::move(list));
  }
  const auto file = context.root(uploader);
  const Digest digest = TRY(digest_of_file(file, default_algorithm()));
  auto lacking = uploader_lacks({&digest, 1}, lists);
  if (TRY(read_label(file, read_attribute)).is_signature()) lacking.erase(diglim::file);
  if (lacking.empty()) return {};
  return fail(ErrorKind::bad_input,
              fmt::format("{} would not convert the headers of packages: as {}, it is in no signed list of the kernel's own format; `diglim generate rpm "
                          "--compact diglim-parser`, `diglim generate rpm --compact --type parser diglim-parser` and `diglim sign` make such lists; "
                          "--force goes on", uploader, to_string(lacking)));
}

Result<void> check_that_it_boots(const Setup& wish, const std::vector<InstalledList>& lists, const Context& context) {
  const auto needed = TRY(needed_to_boot(context));
  Query query{.what = {needed.begin(), needed.end()}, .installed = true};
  const bool converts = std::ranges::any_of(lists, needs_uploader);
  if (converts) query.what.push_back(wish.uploader);
  const auto answer = TRY(tool::query(query, context));
  for (const auto& each : answer.json) {
    if (!each["runs"].get<bool>())
      return fail(
          ErrorKind::bad_input,
          fmt::format("{} would not run: {}; the system would not come up. `diglim generate` and `diglim sign` help with lists; --force goes on",
                      each["query"].get<std::string>(), each["why"].get<std::string>()));
  }
  return converts ? check_that_it_converts(wish.uploader, lists, context) : Result<void>();
}

std::string der_of(::X509* certificate) {
  std::uint8_t* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  std::string bytes(text_of({der, static_cast<std::size_t>(std::max(size, 0))}));
  OPENSSL_free(der);
  return bytes;
}

/// The key as the kernel reads it. It takes either kind from one file, though the file's name speaks of one.
Result<std::string> key_in(const std::filesystem::path& file) {
  Keys keys;
  TRY_VOID(keys.add(file));
  std::vector<std::string> found;
  for (const auto& each : keys.x509()) found.push_back(der_of(each.certificate.get()));
  for (const auto& each : keys.pgp())
    if (!each.packets.empty()) found.push_back(each.packets);
  if (found.size() == 1) return found.front();
  return fail(ErrorKind::bad_input, fmt::format("{}: expected one X.509 certificate or one OpenPGP key, found {}; what one of them has signed "
                                                "(a certificate authority's, gpg --sign-key) can be added later with keyctl", file.string(), found.size()));
}

Result<void> plan_key(const Setup& wish, const Context& context, Memory& memory, std::vector<Change>& changes) {
  const auto present = diglab::read_file(context.root(key_path));
  const bool ours = present && std::ranges::find(memory.keys, to_hex(*present)) != memory.keys.end();
  if (wish.undo) {
    if (ours) changes.emplace_back(FileChange{key_path, {}});
    memory.keys.clear();
  } else if (!wish.key.empty()) {
    const auto key = TRY(key_in(wish.key));
    if (present && !ours && *present != key)
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: holds another key, which is not replaced", context.root(key_path).string()));
    if (!present || ours) memory.keys = {to_hex(key)};
    changes.emplace_back(FileChange{key_path, key});
  }
  return {};
}

/// All that is to be done, in this order. What is remembered meanwhile is everything that may be there: an interrupted setup can be undone.
Result<std::vector<Change>> plan(const Setup& wish, const Context& context, Report& report) {
  auto memory = TRY(Memory::read(context.root));
  if (wish.undo && memory.words.empty())
    return fail(ErrorKind::bad_input, fmt::format("{}: nothing was set up here", context.root(memory_path).string()));
  const Memory old = memory;
  memory.words.clear();
  if (!wish.undo) {
    const auto lists = TRY(installed_lists(context.root, BootParameters().directories));
    memory.words = TRY(words_of(wish, lists));
    report.json["words"] = memory.words;
    report.text += fmt::format("kernel command line: {}\n", fmt::join(memory.words, " "));
    if (wish.mode == "enforce" && !wish.force) TRY_VOID(check_that_it_boots(wish, lists, context));
  }
  std::vector<Change> changes;
  TRY_VOID(plan_key(wish, context, memory, changes));
  const auto found = find_boot_loader(context);
  if (!found)
    return fail(found.error().kind(), fmt::format("{}; {} the kernel's command line by hand: {}", found.error().to_string(),
                                                  wish.undo ? "take these off" : "add these to", fmt::join(wish.undo ? old.words : memory.words, " ")));
  const auto& loader = *found;
  report.text += fmt::format("boot loader: {}\n", loader->name());
  for (auto& change : TRY(loader->replace(old.words, memory.words))) changes.push_back(std::move(change));
  for (auto& change : renew_initramfs(context.root)) changes.push_back(std::move(change));
  changes.insert(changes.begin(), Memory::of_both(memory, old).change());
  changes.push_back(memory.change());
  return changes;
}

}  // namespace

Result<Report> setup(const Setup& wish, const Context& context) {
  Report report;
  const auto changes = TRY(plan(wish, context, report), "nothing was changed");
  report.json["changes"] = nlohmann::ordered_json::array();
  for (const Change& change : changes) {
    const auto what = describe(change, context.root);
    if (what.empty()) continue;
    report.text += what;
    report.json["changes"].push_back(what);
    if (!wish.dry_run) TRY_VOID(apply(change, context), "setup is incomplete; once the cause is gone, set up again, or --undo");
  }
  report.text += wish.dry_run ? "nothing was changed\n"
                 : wish.undo  ? "undone; the next boot is without digest lists\n"
                              : "done; the next boot uses digest lists\n";
  return report;
}

}  // namespace diglim::tool
