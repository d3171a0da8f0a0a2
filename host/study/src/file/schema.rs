//! Holds a document against the JSON schema that its type derives: what keys there are, which are
//! needed, and what their values may be are written once, in the types.
//!
//! Understood is what schemars makes of serde's types: references, alternatives (tagged, untagged,
//! optional), constants, the types and their limits. Anything else is left to serde.

use serde_json::{Map, Value as Json};

use super::problem::Problem;
use super::yaml::{Node, Value, join};

/// All that a document has other than its schema allows.
pub(super) fn check(document: &Node, schema: &Json) -> Vec<Problem> {
    let walk = Walk { root: schema };
    let mut problems = Vec::new();
    walk.node(document, schema, "", &mut problems);
    problems
}

struct Walk<'a> {
    root: &'a Json,
}

impl<'a> Walk<'a> {
    fn node(&self, node: &Node, schema: &'a Json, path: &str, problems: &mut Vec<Problem>) {
        let schema = self.resolve(schema);
        let alternatives = self.alternatives(schema);
        if !alternatives.is_empty() {
            self.one_of(node, &alternatives, path, problems);
            return;
        }
        if let Some(message) = mismatch(node, schema) {
            problems.push(complaint(node, path, message));
            return;
        }
        match &node.value {
            Value::Map(_) => self.map(node, schema, path, problems),
            Value::List(items) => self.list(node, items, schema, path, problems),
            Value::Integer(_) | Value::Float(_) => {
                let message = out_of_limits(node, schema);
                problems.extend(message.map(|message| complaint(node, path, message)));
            }
            _ => {}
        }
    }

    fn map(&self, node: &Node, schema: &'a Json, path: &str, problems: &mut Vec<Problem>) {
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let known = || properties.keys().map(String::as_str);
        for entry in node.entries() {
            let below = join(path, &entry.key);
            match (properties.get(&entry.key), &schema["additionalProperties"]) {
                (Some(schema), _) => self.node(&entry.node, schema, &below, problems),
                (None, Json::Bool(false)) => problems.push(Problem {
                    place: entry.place,
                    path: below,
                    message: unknown(&entry.key, known()),
                }),
                (None, schema @ Json::Object(_)) => {
                    self.node(&entry.node, schema, &below, problems);
                }
                (None, _) => {}
            }
        }
        let is_meant = |key: &str| {
            let strange = (node.entries().iter()).filter(|e| !properties.contains_key(&e.key));
            strange
                .into_iter()
                .any(|entry| nearest(&entry.key, known()) == Some(key))
        };
        let needed = schema["required"].as_array().into_iter().flatten();
        for key in needed.filter_map(Json::as_str) {
            if node.get(key).is_none() && !is_meant(key) {
                let what = describe(self.resolve(&properties[key]));
                let message = format!("missing; {what} is needed here");
                problems.push(complaint(node, &join(path, key), message));
            }
        }
    }

    fn list(
        &self,
        node: &Node,
        items: &[Node],
        schema: &'a Json,
        path: &str,
        problems: &mut Vec<Problem>,
    ) {
        let limit = |key: &str| schema[key].as_u64().and_then(|n| usize::try_from(n).ok());
        let (least, most) = (limit("minItems"), limit("maxItems"));
        let too_few = least.is_some_and(|least| items.len() < least);
        let too_many = most.is_some_and(|most| items.len() > most);
        if too_few || too_many {
            let message = format!("{} entries, but {}", items.len(), count(least, most));
            problems.push(complaint(node, path, message));
        }
        let first = schema["prefixItems"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        for (index, item) in items.iter().enumerate() {
            let schema = first.get(index).unwrap_or(&schema["items"]);
            if schema.is_object() {
                self.node(item, schema, &format!("{path}[{index}]"), problems);
            }
        }
    }

    /// Judges by the alternative that is meant: the one that a tag names, or the only one of the
    /// node's kind, or else the one with the fewest complaints.
    fn one_of(
        &self,
        node: &Node,
        alternatives: &[&'a Json],
        path: &str,
        problems: &mut Vec<Problem>,
    ) {
        if let Some(tag) = common_tag(alternatives)
            && let Value::Map(_) = node.value
        {
            self.tagged(node, tag, alternatives, path, problems);
            return;
        }
        let fitting: Vec<&'a Json> = (alternatives.iter().copied())
            .filter(|schema| mismatch(node, schema).is_none())
            .collect();
        let of_each = |schemas: &[&'a Json]| {
            let judge = |schema: &&'a Json| {
                let mut problems = Vec::new();
                self.node(node, schema, path, &mut problems);
                problems
            };
            schemas.iter().map(judge).min_by_key(Vec::len)
        };
        match of_each(&fitting) {
            Some(fewest) => problems.extend(fewest),
            None => {
                let message = not_among(node, alternatives);
                problems.push(complaint(node, path, message));
            }
        }
    }

    fn tagged(
        &self,
        node: &Node,
        tag: &str,
        alternatives: &[&'a Json],
        path: &str,
        problems: &mut Vec<Problem>,
    ) {
        let name = |schema: &&'a Json| schema["properties"][tag]["const"].as_str();
        let names: Vec<&str> = alternatives.iter().filter_map(name).collect();
        let path_of_tag = join(path, tag);
        let Some(found) = node.get(tag) else {
            let message = format!("missing; write {}", listed(&names));
            problems.push(complaint(node, &path_of_tag, message));
            return;
        };
        let named = |schema: &&&'a Json| {
            let name = name(schema).map(|name| Value::Text(name.to_owned()));
            name.as_ref() == Some(&found.value)
        };
        match alternatives.iter().find(named) {
            Some(schema) => self.node(node, schema, path, problems),
            None => {
                let tags: Vec<&'a Json> = (alternatives.iter())
                    .map(|schema| &schema["properties"][tag])
                    .collect();
                problems.push(complaint(found, &path_of_tag, not_among(found, &tags)));
            }
        }
    }

    /// The alternatives of a schema, nested ones laid open; none if it is a plain one.
    fn alternatives(&self, schema: &'a Json) -> Vec<&'a Json> {
        let listed = (schema["anyOf"].as_array()).or_else(|| schema["oneOf"].as_array());
        let each = listed.into_iter().flatten().flat_map(|schema| {
            let schema = self.resolve(schema);
            let nested = self.alternatives(schema);
            if nested.is_empty() {
                vec![schema]
            } else {
                nested
            }
        });
        each.collect()
    }

    /// What a reference points to.
    fn resolve(&self, schema: &'a Json) -> &'a Json {
        let pointer = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#'));
        match pointer.and_then(|pointer| self.root.pointer(pointer)) {
            Some(schema) => self.resolve(schema),
            None => schema,
        }
    }
}

fn complaint(node: &Node, path: &str, message: String) -> Problem {
    Problem {
        place: node.place,
        path: path.to_owned(),
        message,
    }
}

/// The property that every alternative has as a constant of its own.
fn common_tag<'a>(alternatives: &[&'a Json]) -> Option<&'a str> {
    let is_tag = |schema: &Json, key: &str| schema["properties"][key]["const"].is_string();
    let maps: Vec<&&'a Json> = (alternatives.iter())
        .filter(|schema| schema["type"] != "null")
        .collect();
    let first = maps.first()?["properties"].as_object()?;
    let mut keys = first.keys().map(String::as_str);
    keys.find(|key| maps.iter().all(|schema| is_tag(schema, key)))
}

/// Why a node is not of the kind, or not the constant, that a plain schema asks for.
fn mismatch(node: &Node, schema: &Json) -> Option<String> {
    let constants = constants(schema);
    if !constants.is_empty() {
        let is_it = |constant: &&Json| match (&node.value, constant) {
            (Value::Text(text), Json::String(constant)) => text == constant,
            (Value::Bool(value), Json::Bool(constant)) => value == constant,
            (Value::Integer(value), constant) => constant.as_i64().map(i128::from) == Some(*value),
            (Value::Null, Json::Null) => true,
            _ => false,
        };
        let is_one = constants.iter().any(is_it);
        return (!is_one).then(|| not_among(node, &[schema]));
    }
    let types = types(schema);
    let kind = match &node.value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Integer(_) => "integer",
        Value::Float(_) => "number",
        Value::Text(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    };
    let fits = |wanted: &&str| *wanted == kind || (*wanted == "number" && kind == "integer");
    let is_fitting = types.is_empty() || types.iter().any(fits);
    (!is_fitting).then(|| not_among(node, &[schema]))
}

/// The values that a schema lists.
fn constants(schema: &Json) -> Vec<&Json> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    schema.get("const").into_iter().chain(listed).collect()
}

fn types(schema: &Json) -> Vec<&str> {
    match &schema["type"] {
        Json::String(one) => vec![one],
        Json::Array(several) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Says that a node is none of what may stand there, and what may.
fn not_among(node: &Node, alternatives: &[&Json]) -> String {
    let constants: Vec<&Json> = (alternatives.iter())
        .flat_map(|schema| constants(schema))
        .collect();
    let names: Vec<&str> = constants.iter().filter_map(|json| json.as_str()).collect();
    let others: Vec<String> = (alternatives.iter())
        .filter(|schema| self::constants(schema).is_empty() && schema["type"] != "null")
        .map(|schema| describe(schema))
        .collect();
    let mut wanted: Vec<String> = Vec::new();
    if !names.is_empty() {
        wanted.push(listed(&names));
    }
    for other in others {
        if !wanted.contains(&other) {
            wanted.push(other);
        }
    }
    let near = match &node.value {
        Value::Text(text) => nearest(text, names.iter().copied()),
        _ => None,
    };
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    // Where a word is wanted, it goes without saying that this is one.
    let found = match &node.value {
        Value::Text(text) if !names.is_empty() => format!("`{text}`"),
        other => other.to_string(),
    };
    format!("{found} is not {}{near}", wanted.join(" or "))
}

/// The allowed words.
fn listed(names: &[&str]) -> String {
    match names {
        [one] => format!("`{one}`"),
        _ => format!("one of {}", names.join(", ")),
    }
}

/// What a schema asks for, in words.
fn describe(schema: &Json) -> String {
    let names: Vec<&str> = constants(schema)
        .iter()
        .filter_map(|c| c.as_str())
        .collect();
    if !names.is_empty() {
        return listed(&names);
    }
    let word = |kind: &&str| match *kind {
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a text",
        "array" => "a list",
        "object" => "a section",
        _ => "a value",
    };
    let types = types(schema);
    let kinds: Vec<&str> = types
        .iter()
        .filter(|&&kind| kind != "null")
        .map(word)
        .collect();
    let example = schema["examples"][0].as_str();
    match (kinds.is_empty(), example) {
        (true, _) => "a value".to_owned(),
        (_, Some(example)) => format!("{} like `{example}`", kinds.join(" or ")),
        (_, None) => kinds.join(" or "),
    }
}

fn out_of_limits(node: &Node, schema: &Json) -> Option<String> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "limits are small or powers of two"
    )]
    let value = match node.value {
        Value::Integer(value) => value as f64,
        Value::Float(value) => value,
        _ => return None,
    };
    let broken = |key: &str, holds: fn(f64, f64) -> bool, words: &str| {
        let limit = schema[key].as_f64()?;
        (!holds(value, limit)).then(|| format!("{} is not {words} {limit}", node.value))
    };
    broken("minimum", |v, limit| v >= limit, "at least")
        .or_else(|| broken("maximum", |v, limit| v <= limit, "at most"))
        .or_else(|| broken("exclusiveMinimum", |v, limit| v > limit, "above"))
        .or_else(|| broken("exclusiveMaximum", |v, limit| v < limit, "below"))
}

fn count(least: Option<usize>, most: Option<usize>) -> String {
    match (least, most) {
        (Some(least), Some(most)) if least == most => format!("{least} are needed"),
        (Some(least), Some(most)) => format!("{least} to {most} are needed"),
        (Some(least), None) => format!("at least {least} must be"),
        (None, most) => format!("at most {} may be", most.unwrap_or_default()),
    }
}

/// Says that a key is unknown, and which one is meant or which there are.
fn unknown<'k>(key: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    match nearest(key, known.clone()) {
        Some(near) => format!("unknown key; did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = known.collect();
            format!("unknown key; known here: {}", known.join(", "))
        }
    }
}

/// The word that a misspelt one most likely stands for, if any is close.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |word: &str| word.to_lowercase().replace(['-', '_', ' '], "");
    let word = plain(word);
    let distance = |known: &&'k str| strsim::damerau_levenshtein(&word, &plain(known));
    let near = known.min_by_key(distance)?;
    // A typo or two, or a word cut short or drawn out.
    let shorter = word.len().min(plain(near).len());
    let is_part = shorter >= 4 && (plain(near).contains(&word) || word.contains(&plain(near)));
    (is_part || distance(&near) <= 1 + word.len() / 5).then_some(near)
}
