// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/rounds.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace diglim {
namespace {

constexpr std::uint16_t used_algorithms[] = {2, 4, 4, 4, 6, 20};  // sha1, sha256, sha512, sha3-256

std::string errno_text(int error) { return error == 0 ? "success" : std::string(::strerrorname_np(error)); }

std::string counts_text(const Counts& counts) {
  std::string text;
  for (const auto count : counts) text += (text.empty() ? "" : " ") + std::to_string(count);
  return text;
}

/// While it exists, this process's allocations in DIGLIM may fail: fail_diglim must be set up with its task filter.
class FaultsAllowed {
 public:
  explicit FaultsAllowed(bool wanted) : wanted_(wanted) { set("1"); }
  FaultsAllowed(const FaultsAllowed&) = delete;
  FaultsAllowed& operator=(const FaultsAllowed&) = delete;
  ~FaultsAllowed() { set("0"); }

 private:
  void set(const char* value) const {
    if (!wanted_) return;
    const int fd = ::open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)!::write(fd, value, 1);
    ::close(fd);
  }
  bool wanted_;
};

/// What was found and what should have been, with enough to do it again.
class Comparison {
 public:
  Comparison(std::uint64_t seed) : seed_(seed) {}
  void step(std::size_t number, std::string what) {
    number_ = number;
    what_ = std::move(what);
  }
  [[nodiscard]] Finding differs(const std::string& subject, const std::string& expected, const std::string& found) const {
    return "seed " + std::to_string(seed_) + ", operation " + std::to_string(number_) + " (" + what_ + "): " + subject + "\nexpected: " + expected +
           "\nfound: " + found;
  }

 private:
  std::uint64_t seed_;
  std::size_t number_ = 0;
  std::string what_;
};

std::string label_of(Dice& dice, std::size_t list) {
  // The same list always by the same label, but for now and then.
  return dice.one_in(12) ? "other-" + std::to_string(dice.below(3)) : list % 5 == 0 ? "" : "list-" + std::to_string(list);
}

}  // namespace

std::string Dice::bytes(std::size_t count) {
  std::string out(count, '\0');
  for (char& c : out) c = static_cast<char>(engine_());
  return out;
}

std::vector<std::string> colliding_lists(Dice& dice, std::size_t count) {
  std::vector<std::vector<std::string>> digests(algorithms().size());
  for (const auto number : used_algorithms)
    for (int i = 0; i < 8; ++i) digests[number].push_back(dice.bytes(algorithm(number)->size));
  // Digests of two algorithms of one size that are the same bytes are not the same digest.
  digests[20][0] = digests[4][0];
  std::vector<std::string> lists;
  while (lists.size() < count) {
    std::vector<Block> blocks(1 + dice.below(4));
    for (Block& block : blocks) {
      block.type = static_cast<std::uint16_t>(dice.below(3));
      block.modifiers = static_cast<std::uint16_t>(dice.below(2));
      block.algorithm = used_algorithms[dice.below(std::size(used_algorithms))];
      for (auto n = dice.below(6); n > 0; --n) block.digests.push_back(digests[block.algorithm][dice.below(8)]);
    }
    lists.push_back(encode(blocks));
  }
  return lists;
}

Finding run_model(const Interface& kernel, const ModelRun& run, ModelStatistics& statistics) {
  Dice dice(run.seed);
  const auto lists = colliding_lists(dice, 24);
  if (!kernel.entries().empty()) return "lists are loaded already: their digests would be counted";
  Model model(run.actions);
  Comparison comparison(run.seed);
  for (std::size_t i = 1; i <= run.operations; ++i) {
    const auto which = dice.below(lists.size());
    const std::string& list = lists[which];
    const auto kind = dice.below(5);
    if (kind < 4) {
      const bool adding = kind < 2;
      const std::string label = label_of(dice, which);
      comparison.step(i, std::string(adding ? "add" : "delete") + " list " + std::to_string(which) + " as '" + label + "'");
      if (!label.empty())
        if (const int error = kernel.label(label); error != 0) return comparison.differs("digest_list_label", "success", errno_text(error));
      int found = 0;
      {
        const FaultsAllowed allowed(run.faults);
        found = adding ? kernel.add(list) : kernel.remove(list);
      }
      if (run.faults && adding && (found == EINVAL || found == ENOMEM)) {
        ++statistics.failed_by_fault;
        // Whether the label was consumed depends on where the fault struck.
        if (!label.empty()) (void)kernel.label(std::string(1, '\0'));
      } else {
        const int expected = adding ? model.add(list, label) : model.remove(list, label);
        if (found != expected) return comparison.differs("errno", errno_text(expected), errno_text(found));
        (found != 0 ? statistics.refused : adding ? statistics.added : statistics.removed) += 1;
        // A refused upload may leave the label for the next one.
        if (found != 0 && !label.empty()) (void)kernel.label(std::string(1, '\0'));
      }
      if (!run.quick_reads || dice.one_in(10)) {
        if (const auto counts = kernel.counts(); counts != model.counts())
          return comparison.differs("digests_count", counts_text(model.counts()), counts_text(counts));
      }
    } else {
      const auto blocks = decode(list);
      std::vector<std::pair<const Algorithm*, std::string>> known = {{algorithm(4), sha256(list)}};
      for (const Block& block : *blocks)
        for (const std::string& digest : block.digests) known.emplace_back(algorithm(block.algorithm), digest);
      const auto& [algo, digest] = known[dice.below(known.size())];
      comparison.step(i, "query " + std::string(algo->name) + "-" + to_hex(digest));
      ++statistics.queried;
      const auto found = kernel.query(*algo, digest);
      if (const auto expected = model.query(*algo, digest); found != expected) return comparison.differs("digest_query", expected, found);
    }
    if (dice.one_in(run.quick_reads ? 200 : 25)) {
      if (const auto entries = kernel.entries(); entries != model.entries())
        return comparison.differs("digest_lists_loaded", std::to_string(model.entries().size()) + " lists", std::to_string(entries.size()) + " lists");
      if (!model.lists().empty()) {
        const auto& one = model.lists()[dice.below(model.lists().size())];
        if (const auto bytes = kernel.read("digest_lists_loaded/" + one.name()); bytes != one.bytes)
          return comparison.differs(one.name(), to_hex(one.bytes), to_hex(bytes));
        if (const auto text = kernel.read("digest_lists_loaded/" + one.name() + ".ascii"); text != model.ascii(one.name()))
          return comparison.differs(one.name() + ".ascii", model.ascii(one.name()), text);
      }
    }
  }
  comparison.step(run.operations + 1, "delete everything");
  for (const auto& loaded : std::vector(model.lists())) {
    (void)kernel.label(loaded.label);
    if (const int error = kernel.remove(loaded.bytes); error != 0) return comparison.differs(loaded.name(), "success", errno_text(error));
  }
  if (const auto counts = kernel.counts(); counts != Counts{}) return comparison.differs("digests_count", "0 0 0 0", counts_text(counts));
  return {};
}

Finding run_malformed(const Interface& kernel, const MalformedRun& run, MalformedStatistics& statistics) {
  Dice dice(run.seed);
  const auto originals = colliding_lists(dice, 32);
  const Counts before = kernel.counts();
  Comparison comparison(run.seed);
  constexpr std::uint32_t edges[] = {0, 1, 3, 4, 15, 16, 31, 32, 33, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
  for (std::size_t i = 1; i <= run.lists; ++i) {
    std::string list = originals[dice.below(originals.size())];
    for (auto damages = 1 + dice.below(3); damages > 0; --damages) {
      switch (dice.below(5)) {
        // Every other time in the first header: of many digests each bit is as good as another.
        case 0: {
          char& hit = list[dice.below(dice.one_in(2) ? std::min(header_size, list.size()) : list.size())];
          hit = static_cast<char>(hit ^ (1 << dice.below(8)));
          break;
        }
        case 1: list.resize(1 + dice.below(list.size())); break;
        case 2: list += dice.bytes(1 + dice.below(40)); break;
        case 3: {  // a field of the first header gets a value at the edge of something
          const auto value = edges[dice.below(std::size(edges))];
          constexpr std::size_t fields[] = {0, 2, 4, 6, 8, 12};
          const auto offset = fields[dice.below(std::size(fields))];
          const std::size_t size = offset < 8 ? 2 : 4;
          for (std::size_t b = 0; b < size && offset + b < list.size(); ++b) list[offset + b] = static_cast<char>(value >> (8 * b) & 0xff);
          break;
        }
        default: list += originals[dice.below(originals.size())]; break;
      }
    }
    if (list.front() == '/') continue;  // that would be a path
    std::string believed = list;
    if (run.lenient && believed.size() > 1) believed[1] = 0;
    const bool valid = decode(believed).has_value();
    comparison.step(i, to_hex(std::string_view(list).substr(0, 64)));
    const int added = kernel.add(list);
    if (added != (valid ? 0 : EINVAL)) return comparison.differs("add", errno_text(valid ? 0 : EINVAL), errno_text(added));
    if (valid) {
      if (const int removed = kernel.remove(list); removed != 0) return comparison.differs("delete", "success", errno_text(removed));
    } else if (const int removed = kernel.remove(list); removed != EINVAL) {
      return comparison.differs("delete", "EINVAL", errno_text(removed));
    }
    (valid ? statistics.accepted : statistics.refused) += 1;
    if (const auto counts = kernel.counts(); counts != before) return comparison.differs("digests_count", counts_text(before), counts_text(counts));
  }
  if (!kernel.entries().empty()) return comparison.differs("digest_lists_loaded", "nothing", std::to_string(kernel.entries().size()) + " lists");
  return {};
}

}  // namespace diglim
