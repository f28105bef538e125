#pragma once

#include <map>
#include <string>
#include <vector>

#include "hearth/status.h"
#include "text/grammar/grammar.h"
#include "text/grammar/json_text.h"
#include "text/grammar/schema_document.h"
#include "text/grammar/text_language.h"

namespace hearth {

/// Makes a grammar of a JSON Schema document, a rule for each schema; those that say the same share one.
class SchemaCompiler {
 public:
  explicit SchemaCompiler(SchemaDocument& document) : document_(document), json_(grammar_) {}

  /// The grammar of what `schema` allows, at `pointer` of the document; to be called once.
  Result<Grammar> compile(const JsonValue& schema, const std::string& pointer);

 private:
  /// A property of an object, in the order that it comes in.
  struct Property {
    std::string name;
    ExpressionId member;
    bool required;
  };
  struct Object {
    std::vector<Property> properties{};
    ExpressionId other = 0;  ///< Any other member.
    uint32_t least = 0;      ///< Members.
    uint32_t most = kUnlimited;
    bool counted() const { return least > 0 || most != kUnlimited; }
  };
  class MemberRules;

  /// What a schema allows, as a rule or expression of the grammar.
  Result<ExpressionId> schema(const JsonValue& schema, const std::string& pointer);
  Result<ExpressionId> flat_schema(const JsonValue& flat, const std::string& pointer);
  Result<ExpressionId> choices(const JsonValue& flat, const std::string& pointer);
  Status check_disjoint(const std::vector<JsonValue>& branches, const std::string& pointer);
  /// True when it is certain that no value is allowed by both flat schemas.
  Result<bool> disjoint(const JsonValue& a, const JsonValue& b, int depth);
  Result<bool> disjoint_properties(const JsonValue& a, const JsonValue& b, int depth);
  Result<ExpressionId> enumeration(const JsonValue& flat, const std::string& pointer);
  Result<ExpressionId> of_type(const std::string& type, const JsonValue& flat, const std::string& pointer);

  Result<ExpressionId> object(const JsonValue& flat, const std::string& pointer);
  Result<std::vector<Property>> properties(const JsonValue& flat, const std::string& pointer);
  Result<ExpressionId> other_members(const JsonValue& flat, const std::string& pointer);
  Result<ExpressionId> pattern_members(const JsonValue& flat, const TextLanguage& names, const std::string& pointer);
  Result<TextLanguage> property_names(const JsonValue& flat);
  Result<ExpressionId> key(const TextLanguage& names);

  Result<ExpressionId> array(const JsonValue& flat, const std::string& pointer);
  Result<ExpressionId> string(const JsonValue& flat);
  Result<ExpressionId> number(const JsonValue& flat, bool integer);

  SchemaDocument& document_;
  Grammar grammar_;
  JsonText json_;
  std::map<std::string, RuleId> known_;  ///< By the text of the schema.
  std::vector<RuleId> open_;             ///< Rules that are being made.
  int depth_ = 0;
  size_t flat_schemas_ = 0;
};

/// What `pattern`, `format` and lengths of a flat schema ask of a string.
Result<TextLanguage> text_language(const JsonValue& flat);
/// A count that a flat schema may have.
uint32_t count_of(const JsonValue& flat, std::string_view keyword, uint32_t otherwise);
/// Types that a flat schema allows, each by its name; "integer" only beside no "number".
std::vector<std::string> types_of(const JsonValue& flat);
/// True when the flat schema has none of the keywords.
bool has_none(const JsonValue& flat, std::initializer_list<std::string_view> keywords);
/// True when a text matches what is asked of it.
Result<bool> matches(const TextLanguage& language, const std::string& text);

}  // namespace hearth
