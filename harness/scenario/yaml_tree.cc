// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/yaml_tree.h"

#include <algorithm>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>
#include <yaml-cpp/eventhandler.h>

namespace diglab {
namespace {

Position position_of(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

/// yaml-cpp takes the end of the file for a closing quote.
bool quote_is_closed(std::string_view text, int start) {
  auto at = static_cast<std::size_t>(std::max(start, 0));
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return true;  // A block, or plain.
  char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (text[at] == quote) return true;  // A doubled one within '...' is taken for the end: still a quote closed.
    if (quote == '"' && text[at] == '\\') ++at;
  }
  return false;
}

/// How large a scenario may be with its aliases written out: they would let a small file grow without bound.
constexpr std::size_t most_nodes = 20'000;

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const auto* nodes : {&node.keys, &node.items})
    for (const YamlNode& inner : *nodes) count += count_nodes(inner);
  return count;
}

/// Builds the tree from events, with aliases replaced by what they name.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Problems& problems) : text_(text), problems_(problems) {}

  std::optional<YamlNode> take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(anchored(anchor, {.kind = YamlNode::Kind::null, .at = position_of(mark)}));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto named = anchors_.find(anchor);
    if (named == anchors_.end()) {
      problems_.add(position_of(mark), "this alias names something that it is itself a part of");
    } else if ((nodes_ += count_nodes(named->second)) > most_nodes) {
      problems_.add(position_of(mark), fmt::format("with its aliases written out the scenario has more than {} values", most_nodes));
    } else {
      add(YamlNode(named->second));
      return;
    }
    add({.kind = YamlNode::Kind::null, .at = position_of(mark)});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_tag(mark, tag);
    if (!quote_is_closed(text_, mark.pos)) problems_.add(position_of(mark), "not valid YAML: this quote is never closed");
    add(anchored(anchor, {.kind = YamlNode::Kind::scalar, .at = position_of(mark), .text = value, .quoted = tag == "!"}));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::sequence, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::mapping, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_tag(mark, tag);
    open_.push_back({.kind = kind, .at = position_of(mark)});
    open_anchors_.push_back(anchor);
  }
  void close() {
    YamlNode done = std::move(open_.back());
    open_.pop_back();
    YAML::anchor_t anchor = open_anchors_.back();
    open_anchors_.pop_back();
    add(anchored(anchor, std::move(done)));
  }
  /// Remembers a complete value under its anchor, if it has one.
  YamlNode anchored(YAML::anchor_t anchor, YamlNode node) {
    if (anchor != 0) anchors_.insert_or_assign(anchor, node);
    return node;
  }
  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (auto& parent = open_.back();
               parent.kind == YamlNode::Kind::mapping && parent.keys.size() == parent.items.size()) {
      parent.keys.push_back(std::move(node));
    } else {
      parent.items.push_back(std::move(node));
    }
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      problems_.add(position_of(mark), fmt::format("the tag '{}' is not allowed in scenarios", tag));
    }
  }

  std::string_view text_;
  Problems& problems_;
  std::vector<YamlNode> open_;
  std::vector<YAML::anchor_t> open_anchors_;  ///< Of open_, one each; 0: none.
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::size_t nodes_ = 0;  ///< That aliases have added.
  std::optional<YamlNode> root_;
};

}  // namespace

std::string YamlNode::describe() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::sequence: return "a list";
    case Kind::mapping: return "a mapping";
    case Kind::scalar: break;
  }
  constexpr std::size_t enough = 40;
  auto shown = text.substr(0, text.find('\n'));
  bool cut = shown.size() < text.size() || shown.size() > enough;
  return fmt::format("{} '{}'{}", quoted ? "the text" : "the value", shown.substr(0, enough), cut ? "..." : "");
}

std::optional<YamlNode> read_yaml(const std::string& text, Problems& problems) {
  // yaml-cpp would take these for the encoding's fault and fall silent.
  if (auto at = text.find('\0'); at != std::string::npos) {
    auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    problems.add({static_cast<int>(line) + 1, 1}, "a NUL byte: this is not a text file");
    return std::nullopt;
  }
  TreeBuilder builder(text, problems);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      problems.add({}, "the file is empty; expected a scenario");
      return std::nullopt;
    }
    auto tree = builder.take();
    TreeBuilder second(text, problems);
    if (parser.HandleNextDocument(second)) {
      auto more = second.take();
      problems.add(more ? more->at : Position{}, "a second YAML document; expected one scenario per file");
    }
    return tree;
  } catch (const YAML::Exception& error) {
    problems.add(position_of(error.mark), fmt::format("not valid YAML: {}", error.msg));
    return std::nullopt;
  }
}

}  // namespace diglab
