// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/each.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace diglim {
namespace {

/// Three different digests, and one of them again.
Block block_of(const Algorithm& algo, std::uint16_t type) {
  Block block{.type = type, .modifiers = static_cast<std::uint16_t>(type == file ? 1 : 0), .algorithm = algo.number, .digests = {}};
  for (const int first : {0x11, 0x80, 0xff, 0x11}) {
    std::string digest(algo.size, static_cast<char>(algo.number));
    digest.front() = static_cast<char>(first);
    digest.back() = static_cast<char>(type);
    block.digests.push_back(std::move(digest));
  }
  return block;
}

Finding differs(const std::string& subject, const std::string& expected, const std::string& found) {
  return expected == found ? Finding() : subject + "\nexpected: " + expected + "\nfound: " + found;
}

std::string text_of(const Counts& counts) {
  std::string text;
  for (const auto count : counts) text += std::to_string(count) + " ";
  return text;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

std::string text_of(int error) { return error == 0 ? "success" : ::strerrorname_np(error); }

/// Everything that the kernel shows of the lists that the model has, and of the digests of `block`.
Finding compare(const Interface& kernel, const Model& model, const Block& block) {
  if (auto finding = differs("digests_count", text_of(model.counts()), text_of(kernel.counts())); !finding.empty()) return finding;
  if (auto finding = differs("digest_lists_loaded", text_of(model.entries()), text_of(kernel.entries())); !finding.empty()) return finding;
  for (const std::string& digest : block.digests) {
    const Algorithm& algo = *algorithm(block.algorithm);
    if (auto finding = differs("digest_query", model.query(algo, digest), kernel.query(algo, digest)); !finding.empty()) return finding;
  }
  for (const auto& list : model.lists()) {
    const std::string file = "digest_lists_loaded/" + list.name();
    if (auto finding = differs(file, to_hex(list.bytes), to_hex(kernel.read(file))); !finding.empty()) return finding;
    if (auto finding = differs(file + ".ascii", model.ascii(list.name()), kernel.read(file + ".ascii")); !finding.empty()) return finding;
  }
  return {};
}

/// One list there and back again. An empty `path`: as a buffer.
Finding there_and_back(const Interface& kernel, const EachRun& run, const Block& block, const std::string& path) {
  Model model(run.actions);
  const std::string list = encode({block});
  const std::string label = path.empty() ? "each" : path;
  const std::string& upload = path.empty() ? list : path;
  if (!path.empty()) std::ofstream(path, std::ios::binary) << list;
  for (const bool adding : {true, false}) {
    const char* what = adding ? "add" : "delete";
    if (path.empty())
      if (auto finding = differs("digest_list_label", "success", text_of(kernel.label(label))); !finding.empty()) return finding;
    const int expected = adding ? model.add(list, label) : model.remove(list, label);
    if (auto finding = differs(what, text_of(expected), text_of(adding ? kernel.add(upload) : kernel.remove(upload))); !finding.empty()) return finding;
    if (auto finding = compare(kernel, model, block); !finding.empty()) return std::string("after ") + what + ": " + finding;
  }
  if (!path.empty()) ::unlink(path.c_str());
  return {};
}

}  // namespace

Finding run_each(const Interface& kernel, const EachRun& run, std::size_t& lists) {
  lists = 0;
  if (!kernel.entries().empty()) return "lists are loaded already: their digests would be counted";
  for (const Algorithm& algo : algorithms()) {
    for (const std::uint16_t type : {parser, file, metadata}) {
      for (const std::string& path : {std::string(), run.directory + "/0-file_list-compact-each"}) {
        const auto finding = there_and_back(kernel, run, block_of(algo, type), path);
        if (!finding.empty()) return std::string(algo.name) + ", type " + std::to_string(type) + (path.empty() ? ", buffer: " : ", file: ") + finding;
        ++lists;
      }
    }
  }
  return {};
}

}  // namespace diglim
