// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "os/files.h"
#include "tool/boot_parameters.h"
#include "tool/installed_lists.h"
#include "tool/kernel_lists.h"
#include "tool/label.h"
#include "tool/list.h"
#include "tool/load.h"
#include "tool/metadata_digest.h"
#include "tool/policy.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// What is asked about.
struct Subject {
  std::string name;  ///< As it was given.
  Digest digest;
  std::optional<Digest> metadata = {};  ///< Of a file, with its content.
  Label label = {};                     ///< Of a file; the kernel heeds it before any list.
};

/// Where a digest is, in the kernel or in files.
struct Place {
  std::string list;
  Type type = file;
  std::uint16_t modifiers = 0;
  bool trusted = false;  ///< The kernel verified its signature; of files: it has one that the kernel could verify.
  bool measured = false;
  std::string said;  ///< Of that, in words.
  bool admits = type == file;  ///< The kernel takes what is asked about for a file of the list.
};

/// Where to look.
class Lists {
 public:
  virtual ~Lists() = default;
  virtual Result<std::vector<Place>> find(const Digest& digest) = 0;
};

class KernelLists final : public Lists {
 public:
  explicit KernelLists(const Interface& kernel) : kernel_(kernel) {}

  Result<std::vector<Place>> find(const Digest& digest) override {
    std::vector<Place> places;
    for (const Hit& hit : TRY(tool::find(kernel_, digest), "--installed asks the lists in files instead"))
      places.push_back({.list = hit.list.entry,
                        .type = hit.type,
                        .modifiers = hit.modifiers,
                        .trusted = hit.actions.signature_verified(),
                        .measured = hit.actions.measured(),
                        .said = hit.actions.to_string()});
    return places;
  }

 private:
  const Interface& kernel_;
};

class InstalledLists final : public Lists {
 public:
  explicit InstalledLists(const Root& root) : root_(root) {}

  Result<std::vector<Place>> find(const Digest& digest) override {
    TRY_VOID(read());
    std::vector<Place> places;
    for (const auto& [path, list] : lists_) {
      for (const Listed& listed : list.digests())
        if (listed.digest == digest)
          places.push_back({.list = path,
                            .type = listed.type,
                            .modifiers = listed.modifiers,
                            .trusted = list.parts().kind.has_value(),
                            .measured = true,
                            .said = list.parts().kind ? "signed; runs if the kernel trusts the key" : "not signed"});
    }
    return places;
  }

 private:
  Result<void> read() {
    if (read_) return {};
    for (const auto& entry : TRY(installed_lists(root_, BootParameters().directories)))
      if (!entry.masked) lists_.emplace_back(entry.path, TRY(read_list(entry)));
    read_ = true;
    return {};
  }

  const Root& root_;
  bool read_ = false;
  std::vector<std::pair<std::string, List>> lists_;
};

Result<Subject> subject_of(const std::string& word, const Algorithm& algorithm, const Context& context) {
  std::error_code error;
  const fs::path path = fs::path(word).is_absolute() ? context.root(word) : fs::path(word);
  if (!word.contains('/') && !fs::exists(path, error)) {
    if (auto digest = parse_digest(word)) return Subject{.name = word, .digest = *std::move(digest)};
    return fail(ErrorKind::bad_input, fmt::format("'{}' is neither a file nor a digest like sha256-0123...", word));
  }
  auto digest = TRY(digest_of_file(path, algorithm));
  auto metadata = TRY(metadata_digest_of(path, algorithm));
  auto label = TRY(read_label(path, read_attribute));
  return Subject{.name = word, .digest = std::move(digest), .metadata = std::move(metadata), .label = std::move(label)};
}

/// By its content, and by its metadata in lists of such.
Result<std::vector<Place>> places_of(const Subject& subject, Lists& lists) {
  auto places = TRY(lists.find(subject.digest));
  if (!subject.metadata) return places;
  for (auto& place : TRY(lists.find(*subject.metadata))) {
    if (place.type != metadata) continue;
    place.admits = true;
    places.push_back(std::move(place));
  }
  return places;
}

/// Whether the file would run, and the reason in words.
std::pair<bool, std::string> judge(const Subject& subject, const std::vector<Place>& places, const Policy& policy) {
  if (!policy.appraises) return {true, "the IMA policy does not ask digest lists what may run"};
  const std::string_view unless = policy.enforces ? "" : " (ima_appraise is not 'enforce': that is only logged)";
  if (!subject.label.ima.empty()) {
    if (policy.wants_signatures && !subject.label.is_signature())
      return {!policy.enforces,
              fmt::format("its security.ima holds no signature, and no list is asked then; remove it (setfattr -x security.ima){}", unless)};
    return {true, "it runs if what its security.ima holds is good: by that and its keys the kernel decides, and not by lists"};
  }
  const auto good = std::ranges::find_if(places, [&](const Place& place) { return place.admits && place.trusted; });
  if (good != places.end())
    return {true, "it is in a list whose signature " + std::string(good->said.starts_with("signed") ? "is there" : "was verified")};
  if (std::ranges::any_of(places, &Place::admits))
    return {!policy.enforces, fmt::format("no list that it is in has a verified signature{}", unless)};
  if (!places.empty()) return {!policy.enforces, fmt::format("it is listed, but not as a file{}", unless)};
  return {!policy.enforces, fmt::format("it is in no list{}", unless)};
}

}  // namespace

Result<Report> query(const Query& wish, const Context& context) {
  const bool ask_kernel = !wish.installed && context.root.is_running_system();
  const auto boot = BootParameters::parse(ask_kernel ? diglab::read_file("/proc/cmdline").value_or("") : "");
  const Algorithm& algorithm = *TRY(algorithm_called(wish.algorithm.empty() ? boot.file_hash : wish.algorithm));
  const Policy policy = ask_kernel ? Policy::running() : Policy{.measures = true, .appraises = true, .enforces = true};
  KernelLists loaded(context.kernel);
  InstalledLists installed(context.root);
  Lists& lists = ask_kernel ? static_cast<Lists&>(loaded) : installed;

  Report report;
  report.json = nlohmann::ordered_json::array();
  for (const auto& word : wish.what) {
    const auto subject = TRY(subject_of(word, algorithm, context));
    const auto places = TRY(places_of(subject, lists));
    const auto [runs, why] = judge(subject, places, policy);
    const bool measured =
        policy.measures && std::ranges::none_of(places, [](const Place& place) { return place.admits && place.measured; });
    report.text += fmt::format("{}: {}: {}\n  {}\n", subject.name, runs ? "runs" : "DENIED", why, subject.digest.to_string());
    auto where = nlohmann::ordered_json::array();
    for (const auto& place : places) {
      report.text += fmt::format("  as {}{} in {}: {}\n", to_string(place.type), (place.modifiers & immutable) != 0 ? ", immutable," : "",
                                 place.list, place.said);
      where.push_back({{"list", place.list},
                       {"type", to_string(place.type)},
                       {"modifiers", place.modifiers},
                       {"trusted", place.trusted},
                       {"measured", place.measured}});
    }
    if (measured) report.text += "  would be measured\n";
    report.json.push_back({{"query", subject.name},
                           {"digest", subject.digest.to_string()},
                           {"runs", runs},
                           {"why", why},
                           {"measured", measured},
                           {"lists", where}});
    if (!runs) report.status = exit_status::no;
  }
  return report;
}

}  // namespace diglim::tool
