// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "attest/log_builder.h"
#include "format/list_name.h"
#include "os/files.h"
#include "tool/early_lists.h"
#include "tool/installed_lists.h"
#include "tool/keys.h"
#include "tool/list.h"
#include "tool/load.h"
#include "tool/metadata_digest.h"
#include "tool/predict.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using diglab::Bytes;
using diglab::ImaEntry;
using diglab::ImaLog;

Bytes bytes_from(std::string_view text) {
  return {text.begin(), text.end()};
}

/// A root file system at boot.
struct Place {
  Root root;
  std::string at;             ///< Where it is mounted: "/", "/sysroot".
  const ReadAttribute* read;  ///< Null: an initramfs, whose files have nothing but content.

  /// Behind all links.
  [[nodiscard]] fs::path real(const fs::path& path) const {
    std::error_code error;
    auto there = root.is_running_system() ? fs::canonical(path, error) : root(path);
    return error ? path : there;
  }
  /// As the kernel names a file of it.
  [[nodiscard]] std::string named(const fs::path& real) const { return (at == "/" ? "" : at) + root.inside(real); }
};

/// A file, as far as it decides what the log says of it.
struct Examined {
  fs::path real;  ///< Empty: a new file, which is not there yet.
  std::string name;
  Digest digest;
  Label label = {};
  bool is_listed = false;  ///< In a list that was loaded before.
};

/// The program is the one whose conversions we know.
bool is_our_parser(const fs::path& program) { return program.filename() == Load{}.parser.filename(); }

/// What our parser takes for a list: by the name alone, before it opens the file.
bool is_for_parser(const InstalledList& list) {
  const auto name = read_list_name(list.name);
  return !list.compact && name && name->format == "rpm" && name->type == "file";
}

/// Makes the entries of one boot.
class Measuring {
 public:
  Measuring(const BootParameters& boot, const Algorithm& algorithm) : boot_(boot), algorithm_(algorithm) {}

  /// As the kernel does it before init: its own format first, then its uploader for what is left.
  Result<void> load_by_kernel(const Place& place) {
    const auto lists = TRY(installed_lists(place.root, boot_.directories));
    for (const auto& list : lists)
      if (list.compact && !list.masked) TRY_VOID(load_native(place, list));
    // It is started for each directory with other lists, whether something masks them or not.
    if (boot_.uploader.empty() || std::ranges::all_of(lists, &InstalledList::compact)) return {};
    return convert(place, lists, place, boot_.uploader);
  }

  /// As `diglim load` does it in an initramfs: `programs` is where that is.
  Result<void> load_by_tool(const Place& place, const Place& programs, const std::string& converter) {
    auto lists = TRY(installed_lists(place.root, boot_.directories));
    std::erase_if(lists, &InstalledList::masked);
    for (const auto& list : lists)
      if (list.compact) TRY_VOID(load_native(place, list));
    if (converter.empty() || std::ranges::all_of(lists, &InstalledList::compact)) return {};
    const auto foreign = std::ranges::find_if(lists, [](const auto& list) { return !list.compact && !is_for_parser(list); });
    if (foreign != lists.end()) return fail(ErrorKind::bad_input, fmt::format("{}: a list of unknown format", foreign->path));
    return convert(place, lists, programs, converter);
  }

  /// As `diglim unload --early` does it after the switch: `initramfs` is where the lists were that are outdated.
  Result<void> unload_by_tool(const Place& initramfs, const Place& root) {
    const auto lists = TRY(outdated_lists(initramfs.root, root.root, boot_.directories));
    for (const auto& list : lists)
      if (list.compact) TRY_VOID(unload(initramfs, list, true));
    if (std::ranges::all_of(lists, &InstalledList::compact)) return {};
    const bool is_converter = TRY(start_converter(root, Load{}.parser));
    for (const auto& list : lists)
      if (is_for_parser(list)) TRY_VOID(unload(initramfs, list, is_converter));
    return {};
  }

  /// If process 1 is our parser: it loads what it can convert of the usual directories, in one run.
  Result<void> load_by_init(const Place& place) {
    const std::string init = boot_.init.empty() ? "/sbin/init" : boot_.init;
    if (!is_our_parser(place.real(init))) return {};
    auto lists = TRY(installed_lists(place.root, BootParameters().directories));
    std::ranges::stable_sort(lists, loads_before, &InstalledList::name);
    return convert(place, lists, place, init);
  }

  [[nodiscard]] const ImaLog& log() const { return log_; }

 private:
  Result<void> load_native(const Place& place, const InstalledList& entry) {
    const auto list = TRY(read_list(entry));
    const auto file = TRY(examine(place, place.real(entry.path), diglab::text_of(list.bytes())));
    const bool told = TRY(read_as_list(file, list));
    // A list in a file is known by all of that, and the entry of its file is the record of it.
    return load(entry, list, file.digest, told ? "" : "add_file");
  }

  /// Returns whether the kernel takes the program for a converter.
  Result<bool> start_converter(const Place& programs, const std::string& program) {
    const auto real = programs.real(program);
    if (!is_our_parser(real))
      return fail(ErrorKind::bad_input, fmt::format("{}: what this program makes of lists is not foretold, only what {} does", program,
                                                    Load{}.parser.filename().string()));
    const auto file = TRY(examine(programs, real, TRY(diglab::read_file(real))));
    if (programs.read && !runs(file))
      return fail(ErrorKind::bad_input, fmt::format("{}: is not signed and in no list: under this policy it would not run", file.name));
    // The kernel looks at what may be a converter by the name of its directory.
    const bool is_candidate = boot_.has_lsm && real.parent_path().filename() == "diglim";
    const bool is_seen_executed = boot_.has("exec_tcb") && (programs.read || boot_.has("tmpfs"));
    if (is_candidate || is_seen_executed) (void)TRY(measure(file, nullptr));
    return is_candidate && parsers_.contains(file.digest);
  }

  /// A program makes native lists of all others.
  Result<void> convert(const Place& place, const std::vector<InstalledList>& lists, const Place& programs, const std::string& program) {
    const bool is_converter = TRY(start_converter(programs, program));
    for (const auto& entry : lists) {
      if (entry.masked || !is_for_parser(entry)) continue;
      const auto list = TRY(read_list(entry));
      // What others read, no rule is about.
      if (is_converter) (void)TRY(read_as_list(TRY(examine(place, place.real(entry.path), diglab::text_of(list.bytes()))), list));
      // Of a package without files nothing is uploaded.
      if (list.uploaded().empty()) continue;
      TRY_VOID(load(entry, list, TRY(digest_of(list.uploaded(), algorithm_)), "add_buffer"));
    }
    return {};
  }

  Result<Examined> examine(const Place& place, const fs::path& real, std::string_view content) {
    Examined file;
    file.real = real;
    file.name = place.named(real);
    if (place.read) file.label = TRY(read_label(file.real, *place.read));
    const Algorithm& algorithm = *TRY(file.label.algorithm(algorithm_));
    file.digest = TRY(digest_of(content, algorithm));
    file.is_listed = known_.contains(file.digest);
    if (!file.is_listed && !known_metadata_.empty()) {
      if (!place.read)
        return fail(ErrorKind::bad_input, fmt::format("{}: whether a list of metadata holds it in the initramfs is not foretold", file.name));
      file.is_listed = known_metadata_.contains(TRY(metadata_digest_of(file.real, algorithm)));
    }
    return file;
  }

  /// Of a program of the root.
  [[nodiscard]] bool runs(const Examined& program) const {
    if (!boot_.appraises_programs() || !boot_.enforces()) return true;
    return program.label.is_signature() || (program.is_listed && boot_.appraises_by_lists());
  }

  /// By the rules for digest lists. Returns whether that made an entry.
  Result<bool> read_as_list(const Examined& file, const List& list) {
    const bool is_appended = TRY(is_signed(file, list.parts()));
    if (boot_.appraises_by_lists() && boot_.enforces() && !is_appended && !file.label.is_signature())
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: has no signature, neither appended nor in security.ima: what becomes of it under this policy is not foretold", file.name));
    return measure(file, is_appended ? &list.parts() : nullptr);
  }

  /// IMA would find an appended signature. It looks for one only where a rule appraises by it.
  Result<bool> is_signed(const Examined& file, const SignedFile& parts) {
    if (!boot_.appraises_by_lists() || !parts.kind) return false;
    if (*parts.kind != SignatureKind::pgp) return true;
    const auto signature = read_pgp_signature(parts.signature);
    if (!signature) return fail_format(file.name, signature.error());
    if (!signature->is_supported())
      return fail(ErrorKind::bad_input, fmt::format("{}: the kernel cannot verify this: {}", file.name, signature->to_string()));
    return true;
  }

  /// A file is measured once, whoever reads it by which path; not if a list holds it. `parts`: with an appended signature that IMA finds; or null.
  Result<bool> measure(const Examined& file, const SignedFile* parts) {
    if (!file.real.empty()) {
      struct ::stat status {};
      if (::stat(file.real.c_str(), &status) != 0) return fail(ErrorKind::infra, fmt::format("{}: {}", file.real.string(), std::strerror(errno)));
      if (!measured_.emplace(status.st_dev, status.st_ino).second) return false;
    }
    if (file.is_listed) return false;
    std::vector<Bytes> fields{tagged(file.digest), diglab::name_field(file.name)};
    if (boot_.file_template == "ima-sig" || boot_.file_template == "ima-modsig") fields.push_back(file.label.logged());
    if (boot_.file_template == "ima-modsig") {
      fields.push_back(parts ? tagged(TRY(signed_digest(*parts), file.name)) : Bytes());
      fields.push_back(parts ? Bytes(parts->signature.begin(), parts->signature.end()) : Bytes());
    }
    return log_once(diglab::make_entry(boot_.pcr, boot_.file_template, fields));
  }

  /// What becomes of a list after it was read. One that the kernel has already changes nothing, and is not recorded.
  Result<void> load(const InstalledList& entry, const List& list, const Digest& digest, std::string_view recorded_as) {
    if (loaded_.contains(digest) || !has_room_for_name(entry.name, digest)) return {};
    loaded_[digest] = entry.name;
    const unsigned times = ++times_[{entry.name, list.uploaded()}];
    if (!recorded_as.empty()) {
      const auto event = times == 1 ? fmt::format("{}_{}", recorded_as, entry.name) : fmt::format("{}#{}_{}", recorded_as, times, entry.name);
      TRY_VOID(record(event, list.uploaded()));
    }
    // What is measured from now on as part of a list is not measured for itself.
    for (const Listed& listed : list.digests())
      if (auto* known = known_as(listed.type)) known->insert(listed.digest);
    return {};
  }

  std::multiset<Digest>* known_as(Type type) {
    switch (type) {
      case diglim::file: return &known_;
      case diglim::parser: return &parsers_;
      case diglim::metadata: return &known_metadata_;
      default: return nullptr;
    }
  }

  /// By the copy of its file that was kept; `is_read`: in a way that rules are about.
  Result<void> unload(const Place& initramfs, const InstalledList& entry, bool is_read) {
    const auto list = TRY(read_list(entry));
    auto file = TRY(examine(initramfs, initramfs.real(entry.path), diglab::text_of(list.bytes())));
    file.real.clear();
    file.name = early_directory + entry.path;
    if (is_read) (void)TRY(read_as_list(file, list));
    const auto digest = entry.compact ? file.digest : TRY(digest_of(list.uploaded(), algorithm_));
    const auto found = loaded_.find(digest);
    if (found == loaded_.end() || found->second != entry.name) return {};
    loaded_.erase(found);
    TRY_VOID(record(fmt::format("{}_{}", entry.compact ? "del_file" : "del_buffer", entry.name), list.uploaded()));
    for (const Listed& listed : list.digests())
      if (auto* known = known_as(listed.type)) known->erase(known->find(listed.digest));
    return {};
  }

  /// For what shows the list, with ".ascii" behind it; otherwise the kernel refuses the list.
  static bool has_room_for_name(const std::string& name, const Digest& digest) {
    constexpr std::size_t most = 255;
    return digest.to_string().size() + 1 + name.size() + std::size(".ascii") - 1 <= most;
  }

  /// Critical data, always in the template ima-buf.
  Result<void> record(const std::string& event, const std::string& list) {
    const auto digest = TRY(digest_of(list, algorithm_));
    (void)log_once(diglab::make_entry(boot_.pcr, "ima-buf", {tagged(digest), diglab::name_field(event), bytes_from(list)}));
    return {};
  }

  /// The kernel does not log the same twice.
  bool log_once(ImaEntry entry) {
    const bool first = logged_.insert(entry.template_digest).second;
    if (first) log_.entries.push_back(std::move(entry));
    return first;
  }

  static Bytes tagged(const Digest& digest) { return diglab::tagged_digest_field(digest.algorithm->name, bytes_from(digest.bytes)); }

  const BootParameters& boot_;
  const Algorithm& algorithm_;
  std::multiset<Digest> known_, known_metadata_, parsers_;  ///< Once for each list that has it.
  std::map<Digest, std::string> loaded_;                    ///< The names of lists.
  std::set<std::pair<dev_t, ino_t>> measured_;
  std::map<std::pair<std::string, std::string>, unsigned> times_;  ///< By name and content.
  std::set<Bytes> logged_;
  ImaLog log_;
};

/// What the kernel cannot mount itself.
bool needs_initramfs(const std::string& root_device) {
  constexpr std::string_view kinds[] = {"UUID=", "LABEL=", "/dev/disk/", "/dev/mapper/", "ZFS=", "zfs"};
  return std::ranges::any_of(kinds, [&](std::string_view kind) { return root_device.starts_with(kind); });
}

/// What is not there before somebody mounts it.
Result<void> expect_on_root(const Root& root, const std::string& directory) {
  struct ::stat top {}, below {};
  if (::stat(root.directory().c_str(), &top) != 0 || ::stat(root(directory).c_str(), &below) != 0 || top.st_dev == below.st_dev) return {};
  return fail(ErrorKind::bad_input, fmt::format("{}: on another file system than the root, it is not there when the kernel loads lists", directory));
}

/// All that decides what is in the log must be known.
Result<void> expect_foretellable(const BootParameters& boot, const Root& root, bool has_initramfs) {
  const auto refuse = [](const std::string& why) -> Result<void> { return fail(ErrorKind::bad_input, why); };
  if (!boot.measures_by_lists()) return refuse("without 'diglim' in ima_policy= the PCR depends on what runs, and cannot be foretold");
  if (boot.measures_reads()) return refuse("ima_policy=tcb: the PCR depends on what root reads, and cannot be foretold; exec_tcb would do");
  if (boot.file_template != "ima-ng" && boot.file_template != "ima-sig" && boot.file_template != "ima-modsig")
    return refuse(fmt::format("ima_template={}: expected ima-ng, ima-sig or ima-modsig", boot.file_template));
  if (boot.appraise == "off" && boot.appraises_by_lists())
    return refuse("ima_appraise=off: whether signatures are looked for depends on the firmware (Secure Boot)");
  // What systemd and dracut load, after the kernel's own.
  for (const char* policy : {"/etc/ima/ima-policy", "/etc/sysconfig/ima-policy"})
    if (std::error_code error; fs::exists(root(policy), error)) return refuse(fmt::format("{}: this policy takes the place of ima_policy= when it is loaded", policy));
  if (has_initramfs) {
    if (boot.rdinit != "/init") return refuse(fmt::format("rdinit={}: what it does with lists is not known", boot.rdinit));
    return {};
  }
  if (boot.names_initramfs || needs_initramfs(boot.root_device))
    return refuse(fmt::format("{}: the boot begins in an initramfs: which one (--initramfs)?",
                              boot.names_initramfs ? "initrd=" : "root=" + boot.root_device));
  for (const auto& directory : boot.directories) TRY_VOID(expect_on_root(root, directory));
  return {};
}

}  // namespace

Result<ImaLog> predict_log(const BootParameters& boot, const Root& root, const std::optional<EarlyRoot>& early, const ReadAttribute& read) {
  TRY_VOID(expect_foretellable(boot, root, early.has_value()));
  Measuring measuring(boot, *TRY(algorithm_called(boot.file_hash)));
  const Place mounted{root, "/", &read};
  if (!early) {
    TRY_VOID(measuring.load_by_kernel(mounted));
    TRY_VOID(measuring.load_by_init(mounted));
    return measuring.log();
  }
  const Place initramfs{early->files(), "/", nullptr};
  const bool loads_of_root = boot.loads_of_root && !early->new_root.empty();
  TRY_VOID(measuring.load_by_kernel(initramfs));
  if (loads_of_root) TRY_VOID(measuring.load_by_tool({root, early->new_root, &read}, initramfs, early->converter));
  TRY_VOID(measuring.load_by_init(mounted));
  if (loads_of_root && early->keeps_outdated) TRY_VOID(measuring.unload_by_tool(initramfs, mounted));
  return measuring.log();
}

}  // namespace diglim::tool
