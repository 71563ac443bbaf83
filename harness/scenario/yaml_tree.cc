// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/yaml_tree.h"

#include <algorithm>
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

/// Builds the tree from events. Aliases would let a small file grow without bound, and they make a
/// scenario hard to read: everything is said where it applies.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Problems& problems) : text_(text), problems_(problems) {}

  std::optional<YamlNode> take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add({.kind = YamlNode::Kind::null, .at = position_of(mark)});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(position_of(mark), "aliases ('*name') are not allowed in scenarios: write the value here");
    add({.kind = YamlNode::Kind::null, .at = position_of(mark)});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (!quote_is_closed(text_, mark.pos)) problems_.add(position_of(mark), "not valid YAML: this quote is never closed");
    add({.kind = YamlNode::Kind::scalar, .at = position_of(mark), .text = value, .quoted = tag == "!"});
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
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    open_.push_back({.kind = kind, .at = position_of(mark)});
  }
  void close() {
    YamlNode done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done));
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
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) problems_.add(position_of(mark), "anchors ('&name') are not allowed in scenarios");
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      problems_.add(position_of(mark), fmt::format("the tag '{}' is not allowed in scenarios", tag));
    }
  }

  std::string_view text_;
  Problems& problems_;
  std::vector<YamlNode> open_;
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
